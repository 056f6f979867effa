//! The card itself: what it answers to which command.
//!
//! Pure.
//!
//! **Invariant:** a card answers as a contactless reader with such a card on it would, the reader's own pseudo-APDUs
//! (class FF) included.

use std::str::FromStr;

use clap::ValueEnum;

/// Longest UID that can be given; longer than any card has, so that refusals can be tested.
const MAX_UID: usize = 16;

/// Longest answer to reset (ISO/IEC 7816-3, 8.2.1).
const MAX_ATR: usize = 33;

/// What lies on the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// An NTAG 213, 215 or 216, or MIFARE Ultralight.
    Ntag,
    /// MIFARE Classic 1K.
    Classic,
    /// A MIFARE Desfire or NTAG 424 DNA, of which only the UID answers.
    Desfire,
    /// A phone: an ISO 14443-4 card without historical bytes. Its UID begins with 08.
    Phone,
    /// Answers to reset, and then never again.
    Mute,
    /// Is taken away while it should answer its first command.
    LeavesMidApdu,
}

/// Bytes written as hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hex<const MAX: usize>(pub Vec<u8>);

/// The UID of a virtual card: any 1 to 16 bytes.
pub type CardUid = Hex<MAX_UID>;

/// The answer to reset of a virtual card: any 1 to 33 bytes.
pub type Atr = Hex<MAX_ATR>;

impl<const MAX: usize> FromStr for Hex<MAX> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match hex::decode(text) {
            Ok(bytes) if (1..=MAX).contains(&bytes.len()) => Ok(Self(bytes)),
            _ => Err(format!("not 1 to {MAX} bytes in hexadecimal digits")),
        }
    }
}

/// A card that can be put on a virtual reader.
#[derive(Clone, Debug)]
pub struct Card {
    uid: Vec<u8>,
    atr: Vec<u8>,
    kind: Kind,
}

/// What a card does with a command.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply {
    /// Answers.
    Answer(Vec<u8>),
    /// Says nothing.
    Silence,
    /// Is gone.
    Leave,
}

impl Card {
    /// Without a kind, what is usual for a UID of this length; without an ATR, what is right for the kind.
    pub fn new(uid: CardUid, kind: Option<Kind>, atr: Option<Atr>) -> Self {
        let kind = kind.unwrap_or(if uid.0.len() == 4 { Kind::Classic } else { Kind::Ntag });
        let atr = atr.map_or_else(|| atr_of(kind), |atr| atr.0);
        Self { uid: uid.0, atr, kind }
    }

    /// The answer to reset.
    pub fn atr(&self) -> &[u8] {
        &self.atr
    }

    /// What happens when this command reaches the card.
    pub fn respond(&self, apdu: &[u8]) -> Reply {
        match self.kind {
            Kind::Mute => Reply::Silence,
            Kind::LeavesMidApdu => Reply::Leave,
            Kind::Ntag | Kind::Classic | Kind::Desfire | Kind::Phone => Reply::Answer(match apdu {
                [0xFF, 0xCA, 0x00, 0x00, ..] => [&self.uid[..], &[0x90, 0x00]].concat(),
                // Historical bytes, which these cards do not have.
                [0xFF, 0xCA, ..] => vec![0x6A, 0x81],
                // Light, buzzer and settings of the reader.
                [0xFF, ..] => vec![0x90, 0x00],
                _ => vec![0x6D, 0x00],
            }),
        }
    }
}

fn atr_of(kind: Kind) -> Vec<u8> {
    match kind {
        Kind::Ntag | Kind::Mute | Kind::LeavesMidApdu => storage_atr(0x0003),
        Kind::Classic => storage_atr(0x0001),
        Kind::Desfire => vec![0x3B, 0x81, 0x80, 0x01, 0x80, 0x80],
        Kind::Phone => vec![0x3B, 0x80, 0x80, 0x01, 0x01],
    }
}

/// PC/SC part 3: a storage card of ISO/IEC 14443 A with this name.
fn storage_atr(name: u16) -> Vec<u8> {
    let [high, low] = name.to_be_bytes();
    let mut atr = vec![0x3B, 0x8F, 0x80, 0x01, 0x80, 0x4F, 0x0C, 0xA0, 0x00, 0x00, 0x03, 0x06, 0x03, high, low];
    atr.extend([0; 4]);
    atr.push(atr[1..].iter().fold(0, |sum, byte| sum ^ byte));
    atr
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use card_reader::CardKind;

    use super::*;

    fn card(uid: &str, kind: Option<Kind>) -> Card {
        Card::new(uid.parse().unwrap(), kind, None)
    }

    #[test]
    fn the_atr_fits_the_kind() {
        for (kind, read_as) in [
            (Kind::Ntag, CardKind::Ultralight),
            (Kind::Classic, CardKind::Classic1k),
            (Kind::Desfire, CardKind::DesfireOrNtag424),
            (Kind::Phone, CardKind::Iso14443Part4),
        ] {
            assert_eq!(CardKind::from_atr(card("04A1B2C3D4E580", Some(kind)).atr()), read_as);
        }
        assert_eq!(CardKind::from_atr(card("04A1B2C3", None).atr()), CardKind::Classic1k);
    }

    #[test]
    fn commands_of_reader_and_card() {
        let card = card("04A1B2C3D4E580", None);
        let answer = |hex: &str| Reply::Answer(hex::decode(hex).unwrap());
        assert_eq!(card.respond(&[0xFF, 0xCA, 0, 0, 0]), answer("04A1B2C3D4E5809000"));
        assert_eq!(card.respond(&[0xFF, 0xCA, 1, 0, 0]), answer("6A81"));
        assert_eq!(card.respond(&[0xFF, 0x00, 0x40, 0x2E, 4, 1, 0, 1, 1]), answer("9000"));
        assert_eq!(card.respond(&[0x00, 0xA4, 0x04, 0x0C]), answer("6D00"));
        assert_eq!(card.respond(&[]), answer("6D00"));
    }

    #[test]
    fn cards_that_misbehave() {
        assert_eq!(card("04A1B2C3D4E580", Some(Kind::Mute)).respond(&[0xFF, 0xCA, 0, 0, 0]), Reply::Silence);
        assert_eq!(card("04A1B2C3D4E580", Some(Kind::LeavesMidApdu)).respond(&[0xFF, 0xCA, 0, 0, 0]), Reply::Leave);
    }

    #[test]
    fn what_is_no_uid_is_refused() {
        for text in ["", "0", "XY", "04 A1", &"04".repeat(17)] {
            assert!(text.parse::<CardUid>().is_err(), "{text}");
        }
    }
}
