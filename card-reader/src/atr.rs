//! What kind of card this is, told from the answer to reset that a contactless reader makes up for it.
//!
//! Pure. Sources: PC/SC part 3, section 3.1.3.2.3 (storage cards and ISO/IEC 14443-4 cards) and its supplement of card
//! names.
//!
//! **Invariant:** an ATR that is wrong in its length, header, registered id or check byte is [`CardKind::Unknown`],
//! never a guess. The kind is advice for people; it opens nothing.

use std::fmt;

/// What the ATR says about a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CardKind {
    /// MIFARE Classic 1K.
    Classic1k,
    /// MIFARE Classic 4K.
    Classic4k,
    /// MIFARE Mini.
    ClassicMini,
    /// MIFARE Ultralight or NTAG213/215/216: the ATR cannot tell them apart.
    Ultralight,
    /// MIFARE Ultralight C.
    UltralightC,
    /// MIFARE Ultralight EV1.
    UltralightEv1,
    /// MIFARE Plus in security level 1 or 2.
    Plus,
    /// `FeliCa`.
    FeliCa,
    /// An ISO/IEC 15693 vicinity card.
    Vicinity,
    /// MIFARE `DESFire` EV1, EV2 or EV3, or NTAG 424 DNA: the ATR cannot tell them apart.
    DesfireOrNtag424,
    /// Another ISO/IEC 14443-4 card: a phone, a bank card, a passport.
    Iso14443Part4,
    /// Anything else. Its UID may still be readable.
    Unknown,
}

/// Both families begin like this after the byte that counts the historical bytes: T=0 and T=1 offered, no more.
const INTERFACE: [u8; 2] = [0x80, 0x01];

/// Historical bytes of a storage card: category, tag and length of the application id, and the PC/SC workgroup's RID.
const STORAGE: [u8; 8] = [0x80, 0x4F, 0x0C, 0xA0, 0x00, 0x00, 0x03, 0x06];

impl CardKind {
    /// Reads the whole ATR, from TS to TCK.
    pub fn from_atr(atr: &[u8]) -> Self {
        match historical(atr) {
            Some([head @ .., standard, name_high, name_low, _, _, _, _]) if head == STORAGE => {
                Self::of_storage_card(*standard, u16::from_be_bytes([*name_high, *name_low]))
            }
            // The storage form cut short or grown: not a card with a processor.
            Some(bytes) if bytes.starts_with(&STORAGE) => Self::Unknown,
            Some([0x80]) => Self::DesfireOrNtag424,
            Some(_) => Self::Iso14443Part4,
            None => Self::Unknown,
        }
    }

    fn of_storage_card(standard: u8, name: u16) -> Self {
        match (standard, name) {
            (0x03, 0x0001) => Self::Classic1k,
            (0x03, 0x0002) => Self::Classic4k,
            (0x03, 0x0003) => Self::Ultralight,
            (0x03, 0x0026) => Self::ClassicMini,
            (0x03, 0x0036..=0x0039) => Self::Plus,
            (0x03, 0x003A) => Self::UltralightC,
            (0x03, 0x003D) => Self::UltralightEv1,
            (0x11, 0x003B) => Self::FeliCa,
            (0x0B, _) => Self::Vicinity,
            _ => Self::Unknown,
        }
    }

    /// A short fixed name for logs and machine-readable output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Classic1k => "classic-1k",
            Self::Classic4k => "classic-4k",
            Self::ClassicMini => "classic-mini",
            Self::Ultralight => "ultralight-or-ntag21x",
            Self::UltralightC => "ultralight-c",
            Self::UltralightEv1 => "ultralight-ev1",
            Self::Plus => "plus",
            Self::FeliCa => "felica",
            Self::Vicinity => "iso-15693",
            Self::DesfireOrNtag424 => "desfire-or-ntag424",
            Self::Iso14443Part4 => "iso-14443-4",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for CardKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Classic1k => "MIFARE Classic 1K",
            Self::Classic4k => "MIFARE Classic 4K",
            Self::ClassicMini => "MIFARE Mini",
            Self::Ultralight => "MIFARE Ultralight or NTAG21x",
            Self::UltralightC => "MIFARE Ultralight C",
            Self::UltralightEv1 => "MIFARE Ultralight EV1",
            Self::Plus => "MIFARE Plus",
            Self::FeliCa => "FeliCa",
            Self::Vicinity => "ISO 15693 card",
            Self::DesfireOrNtag424 => "MIFARE DESFire or NTAG 424 DNA",
            Self::Iso14443Part4 => "ISO 14443-4 card (phone, bank card or passport)",
            Self::Unknown => "card of unknown kind",
        })
    }
}

/// The historical bytes of `3B 8n 80 01 <n bytes> TCK`, if length and check byte are right.
fn historical(atr: &[u8]) -> Option<&[u8]> {
    let [0x3B, format, interface_1, interface_2, historical @ .., _check] = atr else { return None };
    let shaped = format >> 4 == 0x8
        && usize::from(format & 0x0F) == historical.len()
        && [*interface_1, *interface_2] == INTERFACE;
    // TCK makes the exclusive or of everything after TS zero (ISO/IEC 7816-3, 8.2.5).
    let checked = atr[1..].iter().fold(0, |sum, byte| sum ^ byte) == 0;
    (shaped && checked).then_some(historical)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn storage(standard: u8, name: u16, check: u8) -> Vec<u8> {
        let [high, low] = name.to_be_bytes();
        let mut atr = hex::decode("3B8F8001804F0CA000000306").unwrap();
        atr.extend([standard, high, low, 0, 0, 0, 0, check]);
        atr
    }

    #[test]
    fn every_row_of_the_storage_card_table() {
        for (standard, name, check, kind) in [
            (0x03, 0x0001, 0x6A, CardKind::Classic1k),
            (0x03, 0x0002, 0x69, CardKind::Classic4k),
            (0x03, 0x0003, 0x68, CardKind::Ultralight),
            (0x03, 0x0026, 0x4D, CardKind::ClassicMini),
            (0x03, 0x0036, 0x5D, CardKind::Plus),
            (0x03, 0x0037, 0x5C, CardKind::Plus),
            (0x03, 0x0038, 0x53, CardKind::Plus),
            (0x03, 0x0039, 0x52, CardKind::Plus),
            (0x03, 0x003A, 0x51, CardKind::UltralightC),
            (0x03, 0x003D, 0x56, CardKind::UltralightEv1),
            (0x11, 0x003B, 0x42, CardKind::FeliCa),
        ] {
            assert_eq!(CardKind::from_atr(&storage(standard, name, check)), kind, "{standard:02X} {name:04X}");
        }
    }

    #[test]
    fn cards_with_a_processor() {
        for (atr, kind) in [
            ("3B8180018080", CardKind::DesfireOrNtag424),
            ("3B80800101", CardKind::Iso14443Part4),
            ("3B8A80010031C173C8400000900090", CardKind::Iso14443Part4),
        ] {
            assert_eq!(CardKind::from_atr(&hex::decode(atr).unwrap()), kind, "{atr}");
        }
    }

    #[test]
    fn one_wrong_byte_is_unknown() {
        let right = storage(0x03, 0x0001, 0x6A);
        for place in 0..right.len() {
            let mut wrong = right.clone();
            wrong[place] ^= 0x01;
            assert_eq!(CardKind::from_atr(&wrong), CardKind::Unknown, "byte {place}");
        }
        for len in 0..right.len() {
            assert_eq!(CardKind::from_atr(&right[..len]), CardKind::Unknown, "{len} bytes");
        }
    }

    #[test]
    fn storage_form_of_another_length_is_unknown() {
        // A right check byte and count, but the card's name is missing.
        let mut short = hex::decode("3B888001804F0CA000000306").unwrap();
        short.push(short[1..].iter().fold(0, |sum, byte| sum ^ byte));
        assert_eq!(CardKind::from_atr(&short), CardKind::Unknown);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(atr in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = CardKind::from_atr(&atr);
        }
    }
}
