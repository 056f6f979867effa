//! What a register keeps: its key, its id, its request count, and the sales it made offline.
//!
//! **Invariant:** the file is its owner's alone (mode 600) and is replaced whole: a register that is killed has the old state or
//! the new one.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use madkort_protocol::{DeviceId, OfflinePurchase, SigningKey};
use serde::{Deserialize, Serialize};

/// The state.
#[derive(Serialize, Deserialize)]
pub struct State {
    /// Where the server is.
    pub server: String,
    /// The key's seed, hexadecimal.
    seed: String,
    /// The id, once enrolled.
    pub device: Option<DeviceId>,
    /// The last request count that was used.
    pub count: u64,
    /// How far the changes of cards have been heard.
    #[serde(default)]
    pub cursor: u64,
    /// Sold offline and not yet sent, oldest first.
    pub offline: Vec<OfflinePurchase>,
    /// Sent and refused: staff take the money another way.
    pub unpaid: Vec<OfflinePurchase>,
    #[serde(skip)]
    path: PathBuf,
}

impl State {
    /// A new register with a key of its own.
    pub fn create(path: &Path, server: &str) -> Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).context("the system gives no random bytes")?;
        let state = Self {
            server: server.trim_end_matches('/').to_owned(),
            seed: hex::encode(seed),
            device: None,
            count: 0,
            cursor: 0,
            offline: Vec::new(),
            unpaid: Vec::new(),
            path: path.to_owned(),
        };
        state.save()?;
        Ok(state)
    }

    /// The state as it was kept.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).with_context(|| format!("{}: enrol first", path.display()))?;
        let state: Self = serde_json::from_slice(&text).with_context(|| format!("{} is no state", path.display()))?;
        Ok(Self { path: path.to_owned(), ..state })
    }

    /// Keeps it, durably.
    pub fn save(&self) -> Result<()> {
        let beside = self.path.with_extension("new");
        self.write(&beside).with_context(|| format!("{} could not be written", beside.display()))?;
        fs::rename(&beside, &self.path).with_context(|| format!("{} could not be replaced", self.path.display()))
    }

    fn write(&self, path: &Path) -> Result<()> {
        if path.exists() {
            fs::remove_file(path)?;
        }
        let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        Ok(())
    }

    /// The key.
    pub fn key(&self) -> Result<SigningKey> {
        let mut seed = [0; 32];
        hex::decode_to_slice(&self.seed, &mut seed).context("the state holds no key")?;
        Ok(SigningKey::from_seed(seed))
    }
}
