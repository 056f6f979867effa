//! What a kiosk is told before it starts: one TOML file.
//!
//! Reads that one file and nothing else. **Invariant:** a [`Config`] holds only keys that are known, of the right type and within
//! their bounds; anything else is a [`ConfigError`] that names file, line and key in Danish and in English. It holds no secret: the
//! device's key lives in the state directory, and the enrolment code in a file of its own.

use std::fmt;
use std::path::{Path, PathBuf};

use madkort_protocol::{Language, check_text};
use receipt_printer::profile::{PROFILE_NAMES, Profile};
use receipt_printer::transport::PrinterAddress;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where the file is unless somebody says otherwise.
pub const DEFAULT_FILE: &str = "/etc/madkort/kiosk.toml";
/// Bytes of a configuration: a hundred times what all keys need, so that a wrong path is noticed before it is read.
const LARGEST_FILE: u64 = 64 * 1024;
/// Characters of the name staff call the kiosk: what the server takes.
const LONGEST_NAME: usize = 40;
/// Least and most of the text scale in percent: beyond these the screens do not hold their words.
const TEXT_SCALE: (i64, i64) = (100, 140);
/// Least and most of a window's side in pixels.
const WINDOW_SIDE: (i64, i64) = (320, 4096);
/// BCM numbers of the pins on the 40-pin header.
const PINS: (i64, i64) = (0, 27);

const KEYS: &[&str] = &[
    "server",
    "name",
    "enrol_code_file",
    "state",
    "reader",
    "printer",
    "printer_profile",
    "language",
    "text_scale",
    "speech",
    "headset",
    "lights",
    "window",
];
const LIGHT_KEYS: &[&str] = &["ready", "busy", "attention", "buzzer"];
const WINDOW_KEYS: &[&str] = &["width", "height"];

/// A kiosk's whole configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Scheme, host and port of the server, without a slash at the end: `https://madkort.example`.
    pub server: String,
    /// What staff call this kiosk; told to the server at enrolment.
    pub name: String,
    /// A file with a one-time enrolment code, taken when the kiosk is not enrolled.
    pub enrol_code_file: Option<PathBuf>,
    /// The directory of database and device key.
    pub state: PathBuf,
    /// How the name of the card reader begins; any reader if none.
    pub reader: Option<String>,
    /// Where the printer is; `None` for a kiosk without one.
    pub printer: Option<PrinterAddress>,
    /// What the printer can do.
    pub printer_profile: Profile,
    /// What the screen speaks when nobody is here.
    pub language: Language,
    /// Size of the words on the screen, in percent.
    pub text_scale: u16,
    /// What the voice comes out of; `None` for a kiosk without one.
    pub speech: Option<Speech>,
    /// The input device that tells whether a headset is in its socket; `None` where nothing does.
    pub headset: Option<PathBuf>,
    /// The pins of status light and buzzer; `None` without them.
    pub lights: Option<Pins>,
    /// Size of the window in pixels; the panel's own size if none.
    pub window: Option<(u32, u32)>,
}

/// What the voice comes out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    /// A headset's socket: one person hears it, and hears everything.
    Headset,
    /// A loudspeaker: everybody hears it, and nothing of anybody's own.
    Loudspeaker,
}

/// BCM pin numbers. Each light is on while its pin is high.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pins {
    /// On while the kiosk waits for a card.
    pub ready: u8,
    /// On during a visit, if there is such a light.
    pub busy: Option<u8>,
    /// On while staff are needed.
    pub attention: u8,
    /// The buzzer.
    pub buzzer: u8,
}

/// Why a configuration was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// The key, such as `lights.ready`, where it is about one.
    pub key: Option<String>,
    /// What is wrong.
    pub wrong: Wrong,
}

/// What is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The file cannot be read; the operating system's words.
    Unreadable(String),
    /// The file is far too large to be a configuration.
    TooLarge,
    /// Not TOML; the parser's words.
    Syntax(String),
    /// A key nobody knows; these are known.
    UnknownKey(&'static [&'static str]),
    /// A key that must be there is not.
    MissingKey,
    /// A value that is not what the key takes: that in Danish and English.
    Value(String, String),
}

impl Config {
    /// Reads and checks a file.
    pub fn open(file: &Path) -> Result<Self, ConfigError> {
        let unreadable = |error: std::io::Error| fault(file, None, None, Wrong::Unreadable(error.to_string()));
        if std::fs::metadata(file).map_err(unreadable)?.len() > LARGEST_FILE {
            return Err(fault(file, None, None, Wrong::TooLarge));
        }
        let text = std::fs::read_to_string(file).map_err(unreadable)?;
        Self::parse(file, &text)
    }

    /// Checks a text; `file` is only named in errors.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let table = DeTable::parse(text).map_err(|error| {
            let line = error.span().map(|span| line_of(text, span.start));
            fault(file, line, None, Wrong::Syntax(error.message().to_owned()))
        })?;
        let top = Section { file, text, prefix: "", table: table.get_ref() };
        top.only(KEYS)?;
        Ok(Self {
            server: top.take("server", server)?.ok_or_else(|| top.missing("server"))?,
            name: top.take("name", name)?.unwrap_or_else(|| "Kiosk".to_owned()),
            enrol_code_file: top.take("enrol_code_file", absolute_path)?,
            state: top.take("state", absolute_path)?.ok_or_else(|| top.missing("state"))?,
            reader: top.take("reader", any_text)?,
            printer: top.take("printer", printer)?.ok_or_else(|| top.missing("printer"))?,
            printer_profile: top.take("printer_profile", profile)?.unwrap_or_else(Profile::tm_t20iii),
            language: top.take("language", language)?.unwrap_or_default(),
            text_scale: top.take("text_scale", |v| whole_number(v, TEXT_SCALE))?.unwrap_or(100),
            speech: top.take("speech", speech)?.unwrap_or_default(),
            headset: top.take("headset", headset)?.flatten(),
            lights: top.lights()?,
            window: top.window()?,
        })
    }
}

impl ConfigError {
    /// One sentence for whoever wrote the file.
    #[must_use]
    pub fn sentence(&self, language: Language) -> String {
        let danish = language == Language::Danish;
        let file = self.file.display();
        let place = match (self.line, danish) {
            (Some(line), true) => format!("{file}, linje {line}: "),
            (Some(line), false) => format!("{file}, line {line}: "),
            (None, _) => format!("{file}: "),
        };
        let key = self.key.as_deref().unwrap_or_default();
        let what = match (&self.wrong, danish) {
            (Wrong::Unreadable(why), true) => format!("filen kan ikke læses ({why})."),
            (Wrong::Unreadable(why), false) => format!("the file cannot be read ({why})."),
            (Wrong::TooLarge, true) => "filen er for stor til at være en opsætning.".to_owned(),
            (Wrong::TooLarge, false) => "the file is too large to be a configuration.".to_owned(),
            (Wrong::Syntax(why), true) => format!("filen er ikke gyldig TOML ({why})."),
            (Wrong::Syntax(why), false) => format!("the file is not valid TOML ({why})."),
            (Wrong::UnknownKey(known), true) => format!("nøglen \"{key}\" findes ikke. Der er: {}.", known.join(", ")),
            (Wrong::UnknownKey(known), false) => format!("there is no key \"{key}\". There are: {}.", known.join(", ")),
            (Wrong::MissingKey, true) => format!("nøglen \"{key}\" mangler."),
            (Wrong::MissingKey, false) => format!("the key \"{key}\" is missing."),
            (Wrong::Value(expected, _), true) => format!("\"{key}\" skal være {expected}."),
            (Wrong::Value(_, expected), false) => format!("\"{key}\" must be {expected}."),
        };
        place + &what
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.sentence(Language::Danish), self.sentence(Language::English))
    }
}

impl std::error::Error for ConfigError {}

/// What a value must be, in Danish and in English.
type Expected = (String, String);

fn expected<T>(danish: &str, english: &str) -> Result<T, Expected> {
    Err((danish.to_owned(), english.to_owned()))
}

/// One table of the file.
struct Section<'a> {
    file: &'a Path,
    text: &'a str,
    prefix: &'static str,
    table: &'a DeTable<'a>,
}

impl Section<'_> {
    fn only(&self, known: &'static [&'static str]) -> Result<(), ConfigError> {
        match self.table.keys().find(|key| !known.contains(&key.get_ref().as_ref())) {
            None => Ok(()),
            Some(key) => {
                let line = line_of(self.text, key.span().start);
                let named = format!("{}{}", self.prefix, key.get_ref());
                Err(fault(self.file, Some(line), Some(named), Wrong::UnknownKey(known)))
            }
        }
    }

    fn find(&self, key: &str) -> Option<&Spanned<DeValue<'_>>> {
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    fn take<T>(&self, key: &str, read: impl Fn(&DeValue<'_>) -> Result<T, Expected>) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.find(key) else { return Ok(None) };
        read(value.get_ref()).map(Some).map_err(|(da, en)| {
            let line = line_of(self.text, value.span().start);
            fault(self.file, Some(line), Some(format!("{}{key}", self.prefix)), Wrong::Value(da, en))
        })
    }

    fn missing(&self, key: &str) -> ConfigError {
        fault(self.file, None, Some(format!("{}{key}", self.prefix)), Wrong::MissingKey)
    }

    /// The table inside this one, by its name with a dot behind.
    fn within(&self, prefix: &'static str) -> Option<Section<'_>> {
        let table = self.find(prefix.trim_end_matches('.'))?.get_ref().as_table()?;
        Some(Section { file: self.file, text: self.text, prefix, table })
    }

    fn lights(&self) -> Result<Option<Pins>, ConfigError> {
        self.take("lights", |value| match value {
            DeValue::Table(_) => Ok(()),
            value if value.as_str() == Some("none") => Ok(()),
            _ => expected("\"none\" eller en tabel med ben", "\"none\" or a table of pins"),
        })?;
        let Some(pins) = self.within("lights.") else { return Ok(None) };
        pins.only(LIGHT_KEYS)?;
        let pin = |key| pins.take(key, |value| whole_number(value, PINS));
        Ok(Some(Pins {
            ready: pin("ready")?.ok_or_else(|| pins.missing("ready"))?,
            busy: pin("busy")?,
            attention: pin("attention")?.ok_or_else(|| pins.missing("attention"))?,
            buzzer: pin("buzzer")?.ok_or_else(|| pins.missing("buzzer"))?,
        }))
    }

    fn window(&self) -> Result<Option<(u32, u32)>, ConfigError> {
        self.take("window", |value| match value {
            DeValue::Table(_) => Ok(()),
            _ => expected("en tabel med width og height", "a table of width and height"),
        })?;
        let Some(window) = self.within("window.") else { return Ok(None) };
        window.only(WINDOW_KEYS)?;
        let side = |key| window.take(key, |value| whole_number(value, WINDOW_SIDE));
        let width = side("width")?.ok_or_else(|| window.missing("width"))?;
        let height = side("height")?.ok_or_else(|| window.missing("height"))?;
        Ok(Some((width, height)))
    }
}

fn any_text(value: &DeValue<'_>) -> Result<String, Expected> {
    match value.as_str() {
        Some(text) if !text.trim().is_empty() => Ok(text.to_owned()),
        _ => expected("en tekst i anførselstegn", "a text in quotation marks"),
    }
}

fn name(value: &DeValue<'_>) -> Result<String, Expected> {
    check_text(&any_text(value)?, LONGEST_NAME)
        .or_else(|_| expected("et navn på højst 40 tegn", "a name of at most 40 characters"))
}

/// A code typed at the kiosk travels to the server: only this machine itself may be reached without TLS.
fn server(value: &DeValue<'_>) -> Result<String, Expected> {
    let wrong = || {
        expected(
            "https:// og et navn, uden sti (http:// kun til 127.0.0.1)",
            "https:// and a host, without a path (http:// only to 127.0.0.1)",
        )
    };
    let Ok(text) = any_text(value) else { return wrong() };
    let Ok(url) = reqwest::Url::parse(&text) else { return wrong() };
    let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    match url.scheme() {
        "https" | "http" if !plain || url.host_str().is_none() => wrong(),
        "https" => Ok(text.trim_end_matches('/').to_owned()),
        "http" if here => Ok(text.trim_end_matches('/').to_owned()),
        _ => wrong(),
    }
}

fn absolute_path(value: &DeValue<'_>) -> Result<PathBuf, Expected> {
    match value.as_str().map(PathBuf::from) {
        Some(path) if path.is_absolute() => Ok(path),
        _ => expected("en sti, der begynder med /", "a path that begins with /"),
    }
}

fn printer(value: &DeValue<'_>) -> Result<Option<PrinterAddress>, Expected> {
    match value.as_str() {
        Some("none") => Ok(None),
        Some(text) => text.parse().map(Some).or_else(|_| {
            expected(
                "\"tcp://adresse:9100\", \"file:/dev/usb/lp0\" eller \"none\"",
                "\"tcp://address:9100\", \"file:/dev/usb/lp0\" or \"none\"",
            )
        }),
        None => expected("en tekst i anførselstegn", "a text in quotation marks"),
    }
}

fn profile(value: &DeValue<'_>) -> Result<Profile, Expected> {
    let names = PROFILE_NAMES.join(", ");
    let known = value.as_str().and_then(|text| Profile::parse(text).ok());
    known.ok_or_else(|| (format!("en af {names}"), format!("one of {names}")))
}

fn language(value: &DeValue<'_>) -> Result<Language, Expected> {
    match value.as_str() {
        Some("da") => Ok(Language::Danish),
        Some("en") => Ok(Language::English),
        _ => expected("\"da\" eller \"en\"", "\"da\" or \"en\""),
    }
}

fn speech(value: &DeValue<'_>) -> Result<Option<Speech>, Expected> {
    match value.as_str() {
        Some("headset") => Ok(Some(Speech::Headset)),
        Some("loudspeaker") => Ok(Some(Speech::Loudspeaker)),
        Some("none") => Ok(None),
        _ => expected("\"headset\", \"loudspeaker\" eller \"none\"", "\"headset\", \"loudspeaker\" or \"none\""),
    }
}

fn headset(value: &DeValue<'_>) -> Result<Option<PathBuf>, Expected> {
    match value.as_str() {
        Some("none") => Ok(None),
        Some(device) if device.starts_with("/dev/input/") => Ok(Some(PathBuf::from(device))),
        _ => expected("en enhed under /dev/input/ eller \"none\"", "a device below /dev/input/ or \"none\""),
    }
}

fn whole_number<T: TryFrom<i64>>(value: &DeValue<'_>, (least, most): (i64, i64)) -> Result<T, Expected> {
    let number = value.as_integer().and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok());
    number.filter(|number| (least..=most).contains(number)).and_then(|number| T::try_from(number).ok()).ok_or_else(
        || (format!("et helt tal fra {least} til {most}"), format!("a whole number from {least} to {most}")),
    )
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

fn fault(file: &Path, line: Option<usize>, key: Option<String>, wrong: Wrong) -> ConfigError {
    ConfigError { file: file.to_owned(), line, key, wrong }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const LEAST: &str = "server = \"https://madkort.example/\"\nstate = \"/var/lib/madkort\"\nprinter = \"none\"\n";

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(Path::new("kiosk.toml"), text)
    }

    #[test]
    fn three_keys_are_enough() {
        let config = parse(LEAST).unwrap();
        assert_eq!(config.server, "https://madkort.example");
        assert_eq!((config.printer, config.lights, config.window), (None, None, None));
        assert_eq!((config.language, config.text_scale), (Language::Danish, 100));
    }

    #[test]
    fn every_key_is_taken() {
        let all = r#"
            server = "http://127.0.0.1:8080"
            name = "Kiosken ved trappen"
            enrol_code_file = "/boot/madkort-code"
            state = "/var/lib/madkort"
            reader = "ACS ACR1252"
            printer = "tcp://127.0.0.1:9100"
            printer_profile = "generic-58"
            language = "en"
            text_scale = 125
            speech = "loudspeaker"
            headset = "/dev/input/by-path/platform-headset-event"
            lights = { ready = 17, attention = 27, buzzer = 22 }
            [window]
            width = 720
            height = 1280
        "#;
        let config = parse(all).unwrap();
        assert_eq!(config.printer.unwrap().to_string(), "tcp://127.0.0.1:9100");
        assert_eq!(config.printer_profile.name, "generic-58");
        assert_eq!(config.lights, Some(Pins { ready: 17, busy: None, attention: 27, buzzer: 22 }));
        assert_eq!(config.window, Some((720, 1280)));
        assert_eq!(config.reader.as_deref(), Some("ACS ACR1252"));
        assert_eq!(config.speech, Some(Speech::Loudspeaker));
        assert_eq!(config.headset.as_deref(), Some(Path::new("/dev/input/by-path/platform-headset-event")));
    }

    #[test]
    fn every_key_is_in_the_readme() {
        let readme = include_str!("../../README.md");
        for key in KEYS {
            assert!(readme.contains(&format!("| `{key}` |")), "{key}");
        }
        for key in LIGHT_KEYS.iter().chain(WINDOW_KEYS) {
            assert!(readme.contains(key), "{key}");
        }
    }

    #[test]
    fn each_mistake_is_named_in_both_languages() {
        let mistakes = [
            "server = \"https://madkort.example\"\nserveur = 1",
            "state = \"/var\"",
            "server = 17",
            "server = \"http://madkort.example\"",
            "server = \"https://madkort.example/skole\"",
            "server = \"https://a.example\"\nstate = \"var\"",
            "server = \"https://a.example\nstate",
            &format!("{LEAST}printer_profile = \"lp\""),
            &format!("{LEAST}text_scale = 500"),
            &format!("{LEAST}text_scale = \"stor\""),
            &format!("{LEAST}lights = true"),
            &format!("{LEAST}[lights]\nready = 17\nred = 3"),
            &format!("{LEAST}[lights]\nready = 17"),
            &format!("{LEAST}[window]\nwidth = 0\nheight = 9"),
            &format!("{LEAST}language = \"de\""),
            &format!("{LEAST}headset = \"event7\""),
        ];
        let said: Vec<String> = mistakes.iter().map(|text| parse(text).unwrap_err().to_string()).collect();
        insta::assert_snapshot!(said.join("\n\n"));
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = Config::open(Path::new("/nowhere/kiosk.toml")).unwrap_err();
        assert!(error.sentence(Language::Danish).starts_with("/nowhere/kiosk.toml: filen kan ikke læses"));
        assert!(error.sentence(Language::English).starts_with("/nowhere/kiosk.toml: the file cannot be read"));
    }
}
