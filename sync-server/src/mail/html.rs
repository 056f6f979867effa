//! A letter as HTML: the same words as in its plain text, in the kiosk's colours.
//!
//! Pure. **Invariant:** it fetches nothing and runs nothing: no picture, no script, no style from elsewhere.

use askama::Template;
use madkort_protocol::Language;

use super::words::{Block, SENDER, Text};

#[derive(Template)]
#[template(path = "letter.html")]
struct Page<'a> {
    language: Language,
    sender: &'static str,
    text: &'a Text,
}

/// The whole page.
pub fn page(text: &Text, language: Language) -> Result<String, askama::Error> {
    Page { language, sender: SENDER, text }.render()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_wrote_stays_words() {
        let blocks = vec![
            Block::Words("Hej <Æ>".to_owned()),
            Block::Figures(vec![("Navn", "<b>Bo</b>".to_owned())]),
            Block::Link("Vælg", "https://x.example/reset/a?b&c".to_owned()),
            Block::Quote("en\n<script>to".to_owned()),
        ];
        let page = page(&Text { subject: "Henvendelse".to_owned(), blocks }, Language::Danish).unwrap();
        assert!(page.contains("<html lang=\"da\">") && page.contains("href=\"https://x.example/reset/a?b"), "{page}");
        assert!(!page.contains("<b>") && !page.contains("<script") && !page.contains("<Æ>"), "{page}");
        assert!(page.contains("en<br>"), "{page}");
        assert!(!page.contains("src=") && !page.contains("url("), "nothing is fetched");
    }
}
