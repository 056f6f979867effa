//! What the screen calls things, in the language it speaks: the kiosk's own catalogue, read as the kiosk's build reads it.
//!
//! Stories name things by the English words in the source, so that a better Danish word breaks no story.
//!
//! **Invariant:** a word without a translation is itself, as on the screen.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};

/// The Danish catalogue, from the root of the source.
const DANISH: &str = "../kiosk/lang/da/LC_MESSAGES/kiosk.po";

/// A catalogue.
#[derive(Clone, Debug, Default)]
pub struct Words {
    translations: HashMap<String, String>,
}

impl Words {
    /// The words of the source.
    pub fn english() -> Self {
        Self::default()
    }

    /// The Danish ones.
    pub fn danish() -> Result<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DANISH);
        let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        Ok(Self::parse(&text))
    }

    /// What the screen says for `english`.
    pub fn say(&self, english: &str) -> String {
        self.translations.get(english).cloned().unwrap_or_else(|| english.to_owned())
    }

    /// The same with something put in for `{}` or `{0}`, `{1}` …; `{n}` is the first.
    pub fn say_with(&self, english: &str, parts: &[&str]) -> String {
        let mut text = self.say(english);
        for (n, part) in parts.iter().enumerate() {
            text = text.replace(&format!("{{{n}}}"), part);
        }
        let first = parts.first().copied().unwrap_or_default();
        text.replacen("{}", first, 1).replace("{n}", first)
    }

    /// Reads a gettext catalogue. Of words with a context the first meaning without one wins; of plurals, the singular.
    fn parse(text: &str) -> Self {
        let mut translations = HashMap::new();
        let (mut id, mut translation, mut context) = (String::new(), String::new(), String::new());
        let mut into = Into::Nothing;
        for line in text.lines().chain([""]) {
            let line = line.trim();
            let quoted = if let Some(rest) = line.strip_prefix("msgctxt ") {
                into = Into::Context;
                rest
            } else if let Some(rest) = line.strip_prefix("msgid ") {
                into = Into::Id;
                rest
            } else if let Some(rest) = line.strip_prefix("msgstr ").or_else(|| line.strip_prefix("msgstr[0] ")) {
                into = Into::Translation;
                rest
            } else if line.starts_with('"') {
                line
            } else {
                if line.is_empty() {
                    if !id.is_empty()
                        && !translation.is_empty()
                        && (context.is_empty() || !translations.contains_key(&id))
                    {
                        translations.insert(std::mem::take(&mut id), std::mem::take(&mut translation));
                    }
                    (id, translation, context) = Default::default();
                }
                into = Into::Nothing;
                continue;
            };
            let words = unquote(quoted);
            match into {
                Into::Context => context.push_str(&words),
                Into::Id => id.push_str(&words),
                Into::Translation => translation.push_str(&words),
                Into::Nothing => {}
            }
        }
        Self { translations }
    }
}

enum Into {
    Context,
    Id,
    Translation,
    Nothing,
}

fn unquote(quoted: &str) -> String {
    let inner = quoted.trim().trim_start_matches('"').strip_suffix('"').unwrap_or_default();
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

msgid "{n} try left."
msgid_plural "{n} tries left."
msgstr[0] "{n} forsøg "
"tilbage."
msgstr[1] "{n} forsøg tilbage."

msgid "Back"
msgstr ""
"#;

    #[test]
    fn a_catalogue_is_read() {
        let words = Words::parse(CATALOGUE);
        assert_eq!(words.say("Top up"), "Indbetal");
        assert_eq!(words.say("Monday"), "mandag");
        assert_eq!(words.say("Back"), "Back", "no translation yet");
        assert_eq!(words.say_with("{n} try left.", &["4"]), "4 forsøg tilbage.");
    }
}
