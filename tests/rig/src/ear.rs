//! The ear in the kiosk's headset: what the voice was given to say, in which language, kept by a program that stands in for it.
//!
//! **Invariant:** a saying is kept whole or, where somebody cut it short, not at all.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::kiosk::Kiosk;
use crate::patience::until;

/// Between two sayings.
const END: char = '\u{1e}';
/// How long a saying may take to be heard.
const SOON: Duration = Duration::from_secs(20);

/// One thing said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saying {
    /// The voice's name for it: `da`, `en-gb`.
    pub language: String,
    /// What, one thing a line.
    pub lines: Vec<String>,
}

impl Saying {
    /// Whether one of its lines is that.
    pub fn is_of(&self, line: &str) -> bool {
        self.lines.iter().any(|said| said == line)
    }
}

/// An ear.
pub struct Ear {
    kept: PathBuf,
}

impl Ear {
    /// Put on before the kiosk is switched on; `dir` holds what is heard.
    pub fn put_on(kiosk: &mut Kiosk, dir: &Path) -> Result<Self> {
        let (programs, kept) = (dir.join("voice"), dir.join("heard"));
        std::fs::create_dir_all(&programs)?;
        let voice = programs.join("espeak-ng");
        // Its second argument is the language. One write at the end: whoever is killed before it has said nothing.
        let keep = format!("said=$(cat)\nprintf '%s\\n%s\\036' \"$2\" \"$said\" >> '{}'\n", kept.display());
        std::fs::write(&voice, format!("#!/bin/sh\n{keep}"))?;
        std::fs::set_permissions(&voice, std::fs::Permissions::from_mode(0o755))?;
        kiosk.look_first_in(&programs);
        Ok(Self { kept })
    }

    /// Everything heard so far, in order.
    pub fn heard(&self) -> Vec<Saying> {
        let kept = std::fs::read_to_string(&self.kept).unwrap_or_default();
        let whole = kept.rsplit_once(END).map(|(whole, _)| whole).unwrap_or_default();
        whole.split(END).filter_map(saying).collect()
    }

    /// Waits for something that was not among the first `known`.
    pub fn wait_for(&self, what: &str, known: usize, wanted: impl Fn(&Saying) -> bool) -> Result<Saying> {
        let new = || Ok(self.heard().into_iter().skip(known).find(&wanted));
        until(&format!("hearing {what}"), SOON, new).with_context(|| {
            let heard = self.heard();
            format!("heard was {:#?}", &heard[heard.len().saturating_sub(5)..])
        })
    }
}

fn saying(kept: &str) -> Option<Saying> {
    let (language, said) = kept.split_once('\n')?;
    // A full stop at the end of a line is a pause.
    let lines = said.split(".\n").map(str::to_owned).collect();
    Some(Saying { language: language.to_owned(), lines })
}
