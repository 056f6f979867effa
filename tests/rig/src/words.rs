//! What the screen calls things, in the language it speaks: the kiosk's own catalogue, read as the kiosk's build reads it.
//!
//! Stories name things by the English words in the source, so that a better Danish word breaks no story.
//!
//! **Invariant:** a word without a translation is itself, as on the screen.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};
use madkort_protocol::{Language, Money};

/// The Danish catalogue, from the folder of this crate.
const DANISH: &str = "../kiosk/lang/da/LC_MESSAGES/kiosk.po";

/// A catalogue.
#[derive(Clone, Debug, Default)]
pub struct Words {
    entries: HashMap<String, Entry>,
    english: bool,
}

/// One entry: the English plural, if it has one, and the translations of singular and plural.
#[derive(Clone, Debug, Default, PartialEq)]
struct Entry {
    plural: String,
    forms: [String; 2],
}

impl Words {
    /// The words of the source.
    pub fn english() -> Result<Self> {
        Ok(Self { english: true, ..Self::danish()? })
    }

    /// The Danish ones.
    pub fn danish() -> Result<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DANISH);
        let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        Ok(Self { entries: parse(&text), english: false })
    }

    /// What the screen says for `english`.
    pub fn say(&self, english: &str) -> String {
        let [one, _] = self.forms(english);
        one
    }

    /// The same with something put in for `{}`, or for `{0}`, `{1}` ….
    pub fn say_with(&self, english: &str, parts: &[&str]) -> String {
        let mut text = self.say(english);
        for (n, part) in parts.iter().enumerate() {
            text = text.replace(&format!("{{{n}}}"), part);
        }
        text.replacen("{}", parts.first().copied().unwrap_or_default(), 1)
    }

    /// What the screen says for `count` of it; named by its singular.
    pub fn count(&self, english: &str, count: u32) -> String {
        let [one, many] = self.forms(english);
        (if count == 1 { one } else { many }).replace("{n}", &count.to_string())
    }

    /// Whether `text` is what the screen says for some count of it.
    pub fn is_count(&self, english: &str, text: &str) -> bool {
        self.forms(english).iter().any(|form| {
            form.split_once("{n}").is_some_and(|(before, after)| {
                let number = text.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
                number.is_some_and(|number| number.parse::<u32>().is_ok())
            })
        })
    }

    /// An amount of so many øre as the screen writes it, without its currency: `1.234,50`.
    pub fn amount(&self, ore: i64) -> String {
        let language = if self.english { Language::English } else { Language::Danish };
        Money::from_ore(ore).in_words(language).trim_start_matches("DKK ").trim_end_matches(" kr.").to_owned()
    }

    fn forms(&self, english: &str) -> [String; 2] {
        let entry = self.entries.get(english).cloned().unwrap_or_default();
        let or = |form: String, otherwise: &str| if form.is_empty() { otherwise.to_owned() } else { form };
        let plural = or(entry.plural, english);
        if self.english {
            return [english.to_owned(), plural];
        }
        let [one, many] = entry.forms;
        [or(one, english), or(many, &plural)]
    }
}

/// Reads a gettext catalogue. Of words that stand there with and without a context, the one without wins.
fn parse(text: &str) -> HashMap<String, Entry> {
    let mut entries = HashMap::new();
    for block in text.split("\n\n") {
        let mut fields: HashMap<&str, String> = HashMap::new();
        let mut field = "";
        for line in block.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            let Some(quote) = line.find('"') else { continue };
            if quote > 0 {
                field = line[..quote].trim();
            }
            fields.entry(field).or_default().push_str(&unquote(&line[quote..]));
        }
        let mut take = |name: &str| fields.remove(name).unwrap_or_default();
        let (id, with_context) = (take("msgid"), !take("msgctxt").is_empty());
        let one = [take("msgstr"), take("msgstr[0]")].concat();
        let entry = Entry { plural: take("msgid_plural"), forms: [one, take("msgstr[1]")] };
        if !(id.is_empty() || with_context && entries.contains_key(&id)) {
            entries.insert(id, entry);
        }
    }
    entries
}

fn unquote(quoted: &str) -> String {
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
    inner.replace("\\n", "\n").replace("\\\"", "\"").replace("\\\\", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CATALOGUE: &str = r#"
msgid ""
msgstr ""
"Language: da\n"

#: deposit.slint
msgid "Top up"
msgstr "Indbetal"

msgctxt "first word"
msgid "Monday"
msgstr "Mandag"

msgid "Monday"
msgstr "mandag"

msgid "Wait {n} second, then try again."
msgid_plural "Wait {n} seconds, then try again."
msgstr[0] "Vent {n} sekund, "
"og prøv så igen."
msgstr[1] "Vent {n} sekunder, og prøv så igen."

msgid "Back"
msgstr ""
"#;

    #[test]
    fn a_catalogue_is_read() {
        let words = Words { entries: parse(CATALOGUE), english: false };
        assert_eq!(words.say("Top up"), "Indbetal");
        assert_eq!(words.say("Monday"), "mandag");
        assert_eq!(words.say("Back"), "Back", "no translation yet");
        let wait = "Wait {n} second, then try again.";
        assert_eq!(words.count(wait, 1), "Vent 1 sekund, og prøv så igen.");
        assert!(words.is_count(wait, "Vent 30 sekunder, og prøv så igen."));
        assert!(!words.is_count(wait, "Vent lidt, og prøv så igen."));
        let english = Words { english: true, ..words };
        assert_eq!(english.count(wait, 2), "Wait 2 seconds, then try again.");
        assert_eq!(english.amount(123_450), "1,234.50");
    }
}
