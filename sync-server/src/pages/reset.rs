//! The page on which a forgotten password is replaced, and what became of it.
//!
//! Pure. Works without scripts. **Invariant:** a page names nobody: whoever has the link may see it.

use askama::Template;
use madkort_protocol::{LONGEST_PASSWORD, Language, SHORTEST_PASSWORD, School};

use super::{ended, pick, support};

/// A new password to be chosen.
#[derive(Template)]
#[template(path = "reset.html")]
struct Reset<'a> {
    language: Language,
    sandbox: bool,
    school: &'a str,
    support: String,
    wrong: Option<&'a str>,
    shortest: usize,
    longest: usize,
}

impl Reset<'_> {
    fn t<'a>(&self, da: &'a str, en: &'a str) -> &'a str {
        pick(self.language, da, en)
    }
}

/// What is wrong with what was filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Too short or too easy.
    TooEasy,
    /// Too long.
    TooLong,
    /// The two are not the same.
    Different,
}

/// The form.
pub fn form(school: &School, language: Language, wrong: Option<Wrong>) -> Result<String, askama::Error> {
    let wrong = wrong.map(|wrong| match wrong {
        Wrong::TooEasy => pick(
            language,
            "Adgangskoden er for kort eller for let at gætte. Brug mindst 8 tegn.",
            "The password is too short or too easy to guess. Use at least 8 characters.",
        ),
        Wrong::TooLong => pick(language, "Adgangskoden er for lang.", "The password is too long."),
        Wrong::Different => pick(language, "De to adgangskoder er ikke ens.", "The two passwords are not the same."),
    });
    let (sandbox, support) = (false, support(school));
    let (shortest, longest) = (SHORTEST_PASSWORD, LONGEST_PASSWORD);
    Reset { language, sandbox, school: &school.name, support, wrong, shortest, longest }.render()
}

/// It is set.
pub fn done(school: &School, language: Language) -> Result<String, askama::Error> {
    let heading = pick(language, "Adgangskoden er gemt", "The password is saved");
    let sentence = pick(
        language,
        "Du kan logge ind med dit kortnummer og den nye adgangskode. Andre steder er du logget ud.",
        "You can log in with your card number and the new password. You are logged out everywhere else.",
    );
    ended(&school.name, support(school), language, (heading, sentence, true))
}

/// No link, or one that was used or is too old.
pub fn gone(language: Language) -> Result<String, askama::Error> {
    let heading = pick(language, "Linket virker ikke mere", "The link no longer works");
    let sentence = pick(
        language,
        "Et link virker én gang og i 60 minutter. Bed om et nyt ved standeren i kantinen.",
        "A link works once, for 60 minutes. Ask for a new one at the kiosk in the canteen.",
    );
    ended("Madkort", String::new(), language, (heading, sentence, false))
}

/// Not now.
pub fn fault(language: Language) -> Result<String, askama::Error> {
    let heading = pick(language, "Siden kan ikke vises lige nu", "The page cannot be shown right now");
    let sentence = pick(language, "Prøv igen om lidt. Intet er ændret.", "Try again in a moment. Nothing was changed.");
    ended("Madkort", String::new(), language, (heading, sentence, false))
}
