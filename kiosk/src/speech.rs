//! The kiosk's voice: espeak-ng, a program of its own that is given what to say on its standard input.
//!
//! One child for each thing said: whoever presses a key is not kept waiting, and a voice that died is a new one the next time. What
//! is said is never an argument, where every user of the machine could read it. **Invariant:** at most one child lives; saying
//! something else, or [`Voice::hush`], ends it.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use kiosk_core::{Level, Looks};
use madkort_protocol::Language;

/// Bytes given to the voice at once: less than a pipe holds (`pipe(7)`: 64 KiB), so that handing them over never waits. Ten minutes
/// of speech.
const MOST: usize = 16 * 1024;
/// Words a minute, the slowest first: what is learned by ear at first, and what those understand who always listen. In the middle a
/// little slower than the program's own 175, for a room full of plates.
const PACES: [&str; Level::MOST as usize] = ["100", "125", "150", "200", "260"];
/// How loud, in the program's own scale from 0 to 200, on which 100 is its plain voice. Far above that it no longer grows louder: its
/// peaks are cut off.
const VOLUMES: [&str; Level::MOST as usize] = ["25", "45", "65", "85", "105"];

/// How something is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// How loud.
    pub volume: Level,
    /// How fast.
    pub pace: Level,
}

impl From<Looks> for Manner {
    fn from(looks: Looks) -> Self {
        Self { volume: looks.volume, pace: looks.pace }
    }
}

/// Something that speaks.
pub trait Voice {
    /// Says this, instead of whatever it was saying.
    fn say(&mut self, text: &str, language: Language, manner: Manner);
    /// Says nothing more.
    fn hush(&mut self);
}

/// The real one.
#[derive(Debug)]
pub struct Espeak {
    program: PathBuf,
    into: Option<PathBuf>,
    child: Option<Child>,
    /// It could not be started, and that has been logged.
    missing: bool,
}

impl Espeak {
    /// The voice in this program, `espeak-ng` or one that takes the same arguments.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), into: None, child: None, missing: false }
    }

    /// Writes a WAV file, the last thing said, instead of making a sound.
    #[must_use]
    pub fn into_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.into = Some(file.into());
        self
    }

    /// Waits until it has said it all. Only for tests: the screen does not wait.
    pub fn finish(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.wait();
        }
    }

    fn start(&mut self, text: &str, language: Language, manner: Manner) -> std::io::Result<()> {
        let mut command = Command::new(&self.program);
        // English as it is taught in Danish schools.
        let voice = match language {
            Language::Danish => "da",
            Language::English => "en-gb",
        };
        command.args([
            "-v",
            voice,
            "-s",
            at(PACES, manner.pace),
            "-a",
            at(VOLUMES, manner.volume),
            "-b",
            "1",
            "--stdin",
        ]);
        if let Some(file) = &self.into {
            command.arg("-w").arg(file);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        if let Some(mut input) = child.stdin.take() {
            // A child that is gone already hears nothing; the next thing said starts another.
            let _ = input.write_all(within(text, MOST).as_bytes());
        }
        self.child = Some(child);
        Ok(())
    }
}

impl Voice for Espeak {
    fn say(&mut self, text: &str, language: Language, manner: Manner) {
        self.hush();
        if let Err(error) = self.start(text, language, manner)
            && !std::mem::replace(&mut self.missing, true)
        {
            tracing::warn!(%error, "no voice: espeak-ng cannot be started");
        }
    }

    fn hush(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Fails when it has ended by itself; either way it is waited for, so that nothing of it is left.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Espeak {
    fn drop(&mut self) {
        self.hush();
    }
}

fn at(steps: [&'static str; Level::MOST as usize], level: Level) -> &'static str {
    steps[usize::from(level.step() - 1).min(steps.len() - 1)]
}

/// The beginning of a text, whole letters only.
fn within(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Says it into a file, and tells how long that is in bytes of sound.
    fn spoken(text: &str, language: Language) -> usize {
        sound(text, language, Manner::default()).len()
    }

    /// The sound of it: 16-bit samples at 22 050 Hz.
    fn sound(text: &str, language: Language, manner: Manner) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("said.wav");
        let mut voice = Espeak::new("espeak-ng").into_file(&file);
        voice.say(text, language, manner);
        voice.finish();
        let sound = std::fs::read(&file).unwrap();
        assert_eq!((&sound[..4], &sound[8..12]), (&b"RIFF"[..], &b"WAVE"[..]));
        // Behind a header of 44 bytes.
        sound[44..].to_vec()
    }

    fn loudest(sound: &[u8]) -> u16 {
        let samples = sound.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]]).unsigned_abs());
        samples.max().unwrap()
    }

    #[test]
    fn each_step_is_louder_and_each_is_faster_than_the_one_before() {
        let steps: Vec<Level> = (1..=i32::from(Level::MOST)).map(Level::new).collect();
        let say = |volume, pace| sound("Saldo", Language::Danish, Manner { volume, pace });
        let loud: Vec<u16> = steps.iter().map(|step| loudest(&say(*step, Level::default()))).collect();
        assert!(loud.is_sorted_by(|soft, loud| soft < loud), "{loud:?}");
        let long: Vec<usize> = steps.iter().map(|step| say(Level::default(), *step).len()).collect();
        assert!(long.is_sorted_by(|slow, fast| slow > fast), "{long:?}");
    }

    #[test]
    fn both_languages_are_spoken() {
        let half_a_second = 22_050;
        let danish = spoken("Hold dit madkort mod læseren", Language::Danish);
        let english = spoken("Hold your school card to the reader", Language::English);
        assert!(danish > half_a_second && english > half_a_second, "{danish} {english}");
        let longer = spoken("Hold dit madkort mod læseren. Log ind uden kort. Dagens varme ret.", Language::Danish);
        assert!(longer > danish + half_a_second, "all of it is said: {longer} {danish}");
    }

    #[test]
    fn a_voice_that_is_missing_is_silence_and_no_fault() {
        let mut voice = Espeak::new("/nowhere/espeak-ng");
        voice.say("hej", Language::Danish, Manner::default());
        voice.say("hej", Language::Danish, Manner::default());
        voice.hush();
    }

    #[test]
    fn what_is_said_is_never_an_argument_and_another_word_ends_the_first() {
        let mut voice = Espeak::new("espeak-ng").into_file("/dev/null");
        voice.say(&"Saldo 87,50. ".repeat(2000), Language::Danish, Manner::default());
        let first = voice.child.as_ref().unwrap().id();
        let arguments = std::fs::read_to_string(format!("/proc/{first}/cmdline")).unwrap_or_default();
        assert!(!arguments.contains("Saldo"), "{arguments}");
        voice.say("Farvel", Language::Danish, Manner::default());
        assert_ne!(voice.child.as_ref().unwrap().id(), first);
        assert!(!std::path::Path::new(&format!("/proc/{first}")).exists(), "the first is gone");
    }

    #[test]
    fn a_long_text_is_cut_between_letters() {
        assert_eq!(within("æblegrød", 1), "");
        assert_eq!(within("æblegrød", 3), "æb");
        assert_eq!(within("æ", 16), "æ");
    }
}
