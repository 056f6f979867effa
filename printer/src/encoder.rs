//! Text to the bytes of a receipt printer, one byte a column.
//!
//! Pure. Only printable ASCII and the [`COMMON`] characters leave here: those have the same byte in the code pages 850,
//! 858 and 865, so a printer that was set to any of them prints Danish right. What people type is composed (NFC), then
//! transliterated (`–` to `-`, `€` to `EUR`, `š` to `s`); what is left becomes `?` and is counted.
//!
//! **Invariant:** no control character survives, so no text can be a printer command; and the number of bytes is the
//! number of columns, always.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// The characters beyond ASCII that 850, 858 and 865 agree on, with their byte. (The no-break space, FF in all three,
/// is left out: it prints as a space.)
pub const COMMON: [(char, u8); 81] = [
    ('Ç', 0x80),
    ('ü', 0x81),
    ('é', 0x82),
    ('â', 0x83),
    ('ä', 0x84),
    ('à', 0x85),
    ('å', 0x86),
    ('ç', 0x87),
    ('ê', 0x88),
    ('ë', 0x89),
    ('è', 0x8A),
    ('ï', 0x8B),
    ('î', 0x8C),
    ('ì', 0x8D),
    ('Ä', 0x8E),
    ('Å', 0x8F),
    ('É', 0x90),
    ('æ', 0x91),
    ('Æ', 0x92),
    ('ô', 0x93),
    ('ö', 0x94),
    ('ò', 0x95),
    ('û', 0x96),
    ('ù', 0x97),
    ('ÿ', 0x98),
    ('Ö', 0x99),
    ('Ü', 0x9A),
    ('ø', 0x9B),
    ('£', 0x9C),
    ('Ø', 0x9D),
    ('ƒ', 0x9F),
    ('á', 0xA0),
    ('í', 0xA1),
    ('ó', 0xA2),
    ('ú', 0xA3),
    ('ñ', 0xA4),
    ('Ñ', 0xA5),
    ('ª', 0xA6),
    ('º', 0xA7),
    ('¿', 0xA8),
    ('¬', 0xAA),
    ('½', 0xAB),
    ('¼', 0xAC),
    ('¡', 0xAD),
    ('«', 0xAE),
    ('░', 0xB0),
    ('▒', 0xB1),
    ('▓', 0xB2),
    ('│', 0xB3),
    ('┤', 0xB4),
    ('╣', 0xB9),
    ('║', 0xBA),
    ('╗', 0xBB),
    ('╝', 0xBC),
    ('┐', 0xBF),
    ('└', 0xC0),
    ('┴', 0xC1),
    ('┬', 0xC2),
    ('├', 0xC3),
    ('─', 0xC4),
    ('┼', 0xC5),
    ('╚', 0xC8),
    ('╔', 0xC9),
    ('╩', 0xCA),
    ('╦', 0xCB),
    ('╠', 0xCC),
    ('═', 0xCD),
    ('╬', 0xCE),
    ('┘', 0xD9),
    ('┌', 0xDA),
    ('█', 0xDB),
    ('▄', 0xDC),
    ('▀', 0xDF),
    ('ß', 0xE1),
    ('µ', 0xE6),
    ('±', 0xF1),
    ('÷', 0xF6),
    ('°', 0xF8),
    ('·', 0xFA),
    ('²', 0xFD),
    ('■', 0xFE),
];

/// What stands for a character that the printer does not have.
pub const REPLACEMENT: char = '?';

/// Text that a printer can print: only ASCII 20 to 7E and [`COMMON`] characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Printable {
    /// One character a column.
    pub text: String,
    /// How many characters became [`REPLACEMENT`] (or, being combining marks, nothing). Worth a log line.
    pub replaced: usize,
}

impl Printable {
    /// How many columns the text takes at normal width.
    pub fn columns(&self) -> usize {
        self.text.chars().count()
    }
}

/// Makes any text printable and harmless.
#[must_use]
pub fn printable(text: &str) -> Printable {
    let mut out = Printable::default();
    for character in text.nfc() {
        push(character, &mut out);
    }
    out
}

/// The byte of a printable character; [`REPLACEMENT`] for any other, so the length holds whatever comes.
#[must_use]
pub fn byte(character: char) -> u8 {
    match u8::try_from(character) {
        Ok(ascii @ 0x20..=0x7E) => ascii,
        _ => common_byte(character).unwrap_or(b'?'),
    }
}

/// The bytes of a printable text, one a column.
#[must_use]
pub fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(byte).collect()
}

/// [`printable`] and [`bytes`] at once: the bytes and the count of replaced characters.
#[must_use]
pub fn encode(text: &str) -> (Vec<u8>, usize) {
    let printable = printable(text);
    (bytes(&printable.text), printable.replaced)
}

fn push(character: char, out: &mut Printable) {
    if is_printable(character) {
        out.text.push(character);
    } else if is_silent(character) {
        // Dropped without a trace: it has no width of its own.
    } else if let Some(words) = transliterate(character) {
        out.text.push_str(words);
    } else if let Some(plain) = decompose(character) {
        out.text.push_str(&plain);
    } else {
        out.replaced += 1;
        if !is_combining_mark(character) {
            out.text.push(REPLACEMENT);
        }
    }
}

fn is_printable(character: char) -> bool {
    matches!(character, ' '..='~') || common_byte(character).is_some()
}

fn common_byte(character: char) -> Option<u8> {
    COMMON.iter().find(|(common, _)| *common == character).map(|(_, byte)| *byte)
}

/// Control characters (the commands of a printer among them) and characters that only steer how others are shown:
/// joiners, direction marks, variation selectors, tags.
fn is_silent(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}')
}

fn transliterate(character: char) -> Option<&'static str> {
    Some(match character {
        '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => " ",
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '⁃' => "-",
        '“' | '”' | '„' | '‟' | '»' | '″' => "\"",
        '‘' | '’' | '‚' | '‛' | '′' | 'ʼ' | '´' => "'",
        '…' => "...",
        '•' | '‣' | '∙' | '⋅' => "·",
        '×' | '✕' | '✗' => "x",
        '€' => "EUR",
        '¥' => "JPY",
        '¢' => "c",
        '§' => "par.",
        '¶' => "P",
        '©' => "(C)",
        '®' => "(R)",
        '™' => "TM",
        '¾' => "3/4",
        '‰' => "o/oo",
        '¦' => "|",
        '⁄' | '∕' => "/",
        '‹' => "<",
        '›' => ">",
        '→' => "->",
        '←' => "<-",
        '≈' => "~",
        '≤' => "<=",
        '≥' => ">=",
        'Œ' => "OE",
        'œ' => "oe",
        'Ð' | 'Đ' => "D",
        'ð' | 'đ' => "d",
        'Þ' => "Th",
        'þ' => "th",
        'Ł' => "L",
        'ł' => "l",
        'Ħ' => "H",
        'ħ' => "h",
        'Ŧ' => "T",
        'ŧ' => "t",
        'Ŋ' => "Ng",
        'ŋ' => "ng",
        'ı' => "i",
        'ĸ' => "k",
        'ẞ' => "SS",
        'Ə' => "E",
        'ə' => "e",
        _ => return None,
    })
}

/// The compatibility decomposition without its combining marks, when all of it is printable: `š` is `s`, `ﬁ` is `fi`,
/// `①` is `1`.
fn decompose(character: char) -> Option<String> {
    let plain: String = std::iter::once(character).nfkd().filter(|part| !is_combining_mark(*part)).collect();
    let unchanged = plain.chars().eq(std::iter::once(character));
    (!plain.is_empty() && !unchanged && plain.chars().all(is_printable)).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn danish_is_itself() {
        let out = printable("Rødgrød med fløde på æblekage, ÆØÅ é");
        assert_eq!(out, Printable { text: "Rødgrød med fløde på æblekage, ÆØÅ é".to_owned(), replaced: 0 });
        assert_eq!(encode("æøåÆØÅé").0, [0x91, 0x9B, 0x86, 0x92, 0x9D, 0x8F, 0x82]);
    }

    #[test]
    fn a_decomposed_letter_is_composed() {
        assert_eq!(printable("Sma\u{30A}kage").text, "Småkage");
    }

    #[test]
    fn foreign_letters_get_a_neighbour() {
        for (typed, printed) in [
            ("20 – 30 “æg” … 5 €", "20 - 30 \"æg\" ... 5 EUR"),
            ("Šárka Łęcki, Dvořák", "Sárka Lecki, Dvorák"),
            ("2 × ¾ l, § 4", "2 x 3/4 l, par. 4"),
            ("ﬁne Þór œuf 100\u{A0}kr.", "fine Thór oeuf 100 kr."),
        ] {
            assert_eq!(printable(typed), Printable { text: printed.to_owned(), replaced: 0 }, "{typed}");
        }
    }

    #[test]
    fn what_is_left_is_counted() {
        assert_eq!(printable("Anna 🦊 山"), Printable { text: "Anna ? ?".to_owned(), replaced: 2 });
        assert_eq!(printable("ж\u{301}"), Printable { text: "?".to_owned(), replaced: 2 });
    }

    #[test]
    fn commands_are_not_text() {
        assert_eq!(
            printable("A\u{1B}p0\u{0}\u{10}\u{14}\u{9B}1\u{7F}\r\n\tB"),
            Printable { text: "Ap01B".to_owned(), replaced: 0 }
        );
        assert_eq!(printable("\u{202E}Anna\u{200D}\u{FE0F}").text, "Anna");
    }
}
