//! The page on which a picture is taken, chosen or removed, and what became of it.
//!
//! Pure. Works without scripts. **Invariant:** a page names nobody and shows no face: whoever scans the code on the screen may see it.

use askama::Template;
use madkort_protocol::{Language, School};

use super::{clock, ended, pick, support};
use crate::pictures::{BadPicture, MOST_BYTES};
use crate::store::PicturePageRow;

/// A picture to be taken, chosen or removed.
#[derive(Template)]
#[template(path = "picture.html")]
struct Picture<'a> {
    language: Language,
    sandbox: bool,
    school: &'a str,
    support: String,
    wrong: Option<&'static str>,
    removable: bool,
    megabytes: usize,
    open_until: String,
}

impl Picture<'_> {
    fn t<'a>(&self, da: &'a str, en: &'a str) -> &'a str {
        pick(self.language, da, en)
    }
}

/// What is wrong with what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// No picture.
    Missing,
    /// One that cannot be used.
    Bad(BadPicture),
    /// It was too long on its way.
    TooSlow,
}

/// The form.
pub fn form(
    row: &PicturePageRow,
    school: &School,
    language: Language,
    wrong: Option<Wrong>,
) -> Result<String, askama::Error> {
    Picture {
        language,
        sandbox: false,
        school: &school.name,
        support: support(school),
        wrong: wrong.map(|wrong| words_of(wrong, language)),
        removable: row.has_picture,
        megabytes: MOST_BYTES / 1024 / 1024,
        open_until: clock(row.expires_at, language),
    }
    .render()
}

const fn words_of(wrong: Wrong, language: Language) -> &'static str {
    match (wrong, language) {
        (Wrong::Missing, Language::Danish) => "Tag eller vælg et billede først.",
        (Wrong::Missing, Language::English) => "Take or choose a picture first.",
        (Wrong::Bad(BadPicture::TooLarge), Language::Danish) => "Filen er for stor. Vælg et mindre billede.",
        (Wrong::Bad(BadPicture::TooLarge), Language::English) => "The file is too large. Choose a smaller picture.",
        (Wrong::Bad(BadPicture::TooManyPixels), Language::Danish) => {
            "Billedet har for mange punkter. Vælg et mindre billede, eller tag et nyt."
        }
        (Wrong::Bad(BadPicture::TooManyPixels), Language::English) => {
            "The picture has too many pixels. Choose a smaller one, or take a new one."
        }
        (Wrong::Bad(BadPicture::Unreadable), Language::Danish) => {
            "Filen kan ikke læses som et billede. Brug et billede i JPEG eller PNG."
        }
        (Wrong::Bad(BadPicture::Unreadable), Language::English) => {
            "The file cannot be read as a picture. Use a picture in JPEG or PNG."
        }
        (Wrong::TooSlow, Language::Danish) => "Billedet var for længe undervejs. Prøv igen, eller vælg et mindre.",
        (Wrong::TooSlow, Language::English) => {
            "The picture took too long on its way. Try again, or choose a smaller one."
        }
    }
}

/// There is another picture, or none any more.
pub fn done(school: &School, language: Language, removed: bool) -> Result<String, askama::Error> {
    let heading = if removed {
        pick(language, "Billedet er fjernet", "The picture is removed")
    } else {
        pick(language, "Billedet er gemt", "The picture is saved")
    };
    let sentence = pick(language, "Gå tilbage til skærmen i kantinen.", "Go back to the screen in the canteen.");
    ended(&school.name, support(school), language, (heading, sentence, true))
}

/// No link, or one that was used or is too old.
pub fn gone(language: Language) -> Result<String, askama::Error> {
    let heading = pick(language, "Linket virker ikke mere", "The link no longer works");
    let sentence = pick(
        language,
        "Et link virker én gang og i 15 minutter. Begynd forfra ved skærmen i kantinen.",
        "A link works once, for 15 minutes. Start again at the screen in the canteen.",
    );
    ended("Madkort", String::new(), language, (heading, sentence, false))
}

/// Not now.
pub fn fault(language: Language) -> Result<String, askama::Error> {
    let heading = pick(language, "Siden kan ikke vises lige nu", "The page cannot be shown right now");
    let sentence = pick(language, "Prøv igen om lidt. Intet er ændret.", "Try again in a moment. Nothing was changed.");
    ended("Madkort", String::new(), language, (heading, sentence, false))
}
