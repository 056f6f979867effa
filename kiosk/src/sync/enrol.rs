//! How a kiosk becomes known to the server: a one-time code, and a key pair of its own.
//!
//! **Invariants:** the private key is made here, lies in the state directory with mode 0600 and never leaves it; the code is read from
//! a file or from standard input, never from the command line. A kiosk that was somebody else puts its old database aside, whole.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use madkort_protocol::{DeviceKind, Enrol, Enrolled, Language, SigningKey};
use zeroize::Zeroizing;

use super::client::{self, CallError, Line};
use crate::store::{Store, StoreError, set_aside};

/// The key's name in the state directory.
pub const KEY_FILE: &str = "device.key";
/// The key of a new enrolment, until the server has taken it.
const NEW_KEY_FILE: &str = "device.key.new";
/// Somebody waits at a terminal.
const PATIENCE: Duration = Duration::from_secs(20);
/// Characters of a code file: a code is a line.
const LONGEST_CODE: usize = 200;

/// Why a kiosk was not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The key cannot be made, read or kept.
    #[error("the device key {} cannot be used", .path.display())]
    Key {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is no code.
    #[error("there is no enrolment code")]
    NoCode,
    /// The server did not take it.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The client could not be set up.
    #[error("no HTTP client")]
    Http(#[from] reqwest::Error),
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Operations of the old enrolment have not reached the server.
    #[error("{0} operations have not reached the server")]
    Unsettled(u64),
}

impl EnrolError {
    /// A sentence for the technician.
    #[must_use]
    pub fn sentence(&self, language: Language) -> String {
        let danish = language == Language::Danish;
        match self {
            Self::Call(CallError::Problem(problem) | CallError::TooOften { problem, .. }) => {
                problem.sentence(language).to_owned()
            }
            Self::Call(CallError::Unreachable(why)) if danish => format!("Serveren kan ikke nås ({why})."),
            Self::Call(CallError::Unreachable(why)) => format!("The server cannot be reached ({why})."),
            Self::Call(CallError::Unwell(_)) if danish => "Serveren har en fejl. Prøv igen om lidt.".to_owned(),
            Self::Call(CallError::Unwell(_)) => "The server has a fault. Try again in a little while.".to_owned(),
            Self::Call(CallError::WrongVersion) if danish => {
                "Kiosken og serveren taler ikke samme version. Kiosken skal opdateres.".to_owned()
            }
            Self::NoCode if danish => "Der er ingen tilmeldingskode.".to_owned(),
            Self::Unsettled(count) if danish => format!(
                "{count} handlinger er ikke nået frem til serveren. Tilmeld igen med --set-aside for at lægge dem til side i en fil."
            ),
            Self::Unsettled(count) => format!(
                "{count} operations have not reached the server. Enrol again with --set-aside to put them aside in a file."
            ),
            Self::Store(error) => error.sentence(language),
            other if danish => format!("Tilmeldingen lykkedes ikke: {other}."),
            other => format!("The enrolment did not succeed: {other}."),
        }
    }
}

/// Enrols a kiosk that is not running.
///
/// An earlier enrolment's database is put aside; if it holds operations the server has not got, only with `leave_unsettled`.
pub async fn enrol(
    server: &str,
    state: &Path,
    name: &str,
    code: &str,
    leave_unsettled: bool,
) -> Result<Enrolled, EnrolError> {
    let store = Store::open(state)?;
    let before = store.identity()?;
    let unsettled = store.unsettled()?;
    if before.is_some() && unsettled > 0 && !leave_unsettled {
        return Err(EnrolError::Unsettled(unsettled));
    }
    let key_path = state.join(if before.is_some() { NEW_KEY_FILE } else { KEY_FILE });
    let key = key_at(&key_path)?;
    let enrolled = client::enrol(&client::http()?, server, &request(name, code, &key)?, PATIENCE).await?;
    let mut store = match before {
        None => store,
        Some(before) => {
            drop(store);
            set_aside(state, &format!("{}-{}", before.short_name, before.device))?;
            let path = state.join(KEY_FILE);
            fs::rename(&key_path, &path).map_err(|source| EnrolError::Key { path, source })?;
            Store::open(state)?
        }
    };
    store.enrolled(&enrolled)?;
    Ok(enrolled)
}

/// Enrols the running kiosk with the code file of its configuration, if there is one; true when it worked.
pub(super) async fn from_file(line: &Line) -> bool {
    let Some(file) = &line.config.enrol_code_file else { return false };
    let Ok(code) = fs::read_to_string(file) else { return false };
    match enrol_running(line, &code).await {
        Ok(enrolled) => {
            tracing::info!(device = %enrolled.device, kiosk = enrolled.short_name, "enrolled");
            if let Err(error) = fs::remove_file(file) {
                tracing::warn!(%error, "the used enrolment code stays where it is");
            }
            true
        }
        Err(error) => {
            let sentence = error.sentence(Language::English);
            tracing::warn!(sentence, "not enrolled");
            false
        }
    }
}

async fn enrol_running(line: &Line, code: &str) -> Result<Enrolled, EnrolError> {
    let known = line.store.ask(|desk| desk.store.identity()).await.map_err(|_| CallError::Store)??;
    if known.is_some() {
        // Shut out by the server: a person decides what becomes of the old journal.
        return Err(CallError::NotEnrolled.into());
    }
    let key = key_at(&line.config.state.join(KEY_FILE))?;
    let request = request(&line.config.name, code, &key)?;
    let enrolled = client::enrol(&line.http, &line.config.server, &request, PATIENCE).await?;
    let kept = enrolled.clone();
    line.store.ask(move |desk| desk.enrolled(&kept)).await.map_err(|_| CallError::Store)??;
    Ok(enrolled)
}

/// The key this kiosk signs with.
pub(super) fn read_key(state: &Path) -> Result<SigningKey, EnrolError> {
    let path = state.join(KEY_FILE);
    let text = fs::read_to_string(&path)
        .map(Zeroizing::new)
        .map_err(|source| EnrolError::Key { path: path.clone(), source })?;
    parse_key(&text).ok_or_else(|| EnrolError::Key { path, source: io::ErrorKind::InvalidData.into() })
}

fn request(name: &str, code: &str, key: &SigningKey) -> Result<Enrol, EnrolError> {
    let code = code.trim();
    if code.is_empty() || code.len() > LONGEST_CODE {
        return Err(EnrolError::NoCode);
    }
    Ok(Enrol { code: code.to_owned(), kind: DeviceKind::Kiosk, name: name.to_owned(), public_key: key.public() })
}

/// The key in that file, made if there is none: an enrolment whose answer was lost is asked again with the same key.
fn key_at(path: &Path) -> Result<SigningKey, EnrolError> {
    let fault = |source| EnrolError::Key { path: path.to_owned(), source };
    if let Some(key) = fs::read_to_string(path).ok().map(Zeroizing::new).and_then(|text| parse_key(&text)) {
        return Ok(key);
    }
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(|error| fault(io::Error::other(error.to_string())))?;
    let written =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).and_then(|mut file| {
            file.write_all(Zeroizing::new(hex::encode(seed.as_slice())).as_bytes())?;
            file.sync_all()
        });
    written.map_err(fault)?;
    Ok(SigningKey::from_seed(*seed))
}

fn parse_key(text: &str) -> Option<SigningKey> {
    let mut seed = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), seed.as_mut_slice()).ok()?;
    Some(SigningKey::from_seed(*seed))
}
