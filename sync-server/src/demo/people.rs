//! Who is at Højager Skole, and which cards they carry. Everybody is invented.
//!
//! Pure data. **Invariant:** the n-th row has the n-th ids; rows are only added at the end, so ids and codes never move.

use madkort_ledger::PriceClass;
use madkort_protocol::{Allergen, CardStatus, Language, PersonKind};

/// One person with account and card.
pub struct Row {
    /// From 1; names the ids.
    pub n: u32,
    /// Full name; empty for the guest.
    pub name: &'static str,
    /// What they are.
    pub kind: PersonKind,
    /// Pupils only.
    pub class: Option<&'static str>,
    /// What the account is called.
    pub label: &'static str,
    /// Where receipts go, if told.
    pub email: Option<&'static str>,
    /// What they read.
    pub language: Language,
    /// The chip's UID.
    pub uid: &'static str,
    /// Verification code: a demo secret.
    pub code: &'static str,
    /// Whether a tap asks for it.
    pub ask_code: bool,
    /// Whether the card may be used.
    pub status: CardStatus,
    /// What they pay of a price.
    pub pays: PriceClass,
    /// What the demo shows with this card; empty for the crowd.
    pub shows: &'static str,
}

/// The main demo pupil.
pub const ALMA: u32 = 1;
/// Auto top-up is armed, the balance just above 50,00 kr.
pub const MALTHE: u32 = 2;
/// Too little for a hot meal.
pub const IDA: u32 = 3;
/// No code, and auto top-up waits for its first 100,00 kr.
pub const NOAH: u32 = 4;
/// A long name.
pub const FREJA: u32 = 5;
/// Lost the card.
pub const OSKAR: u32 = 6;
/// Karen's daughter.
pub const SOFIA: u32 = 7;
/// Karen's son.
pub const VILLADS: u32 = 8;
/// Eats free, with nothing on the card.
pub const LAERKE: u32 = 11;
/// Pays half.
pub const STORM: u32 = 16;
/// Has a new card; the old one is replaced.
pub const TOBIAS: u32 = 21;
/// Auto top-up stopped.
pub const ELIAS: u32 = 24;
/// The parent of two.
pub const KAREN: u32 = 25;
/// The guest card.
pub const GUEST: u32 = 30;

const fn pupil(n: u32, name: &'static str, label: &'static str, class: &'static str) -> Row {
    Row {
        n,
        name,
        kind: PersonKind::Pupil,
        class: Some(class),
        label,
        email: None,
        language: Language::Danish,
        uid: "",
        code: "",
        ask_code: false,
        status: CardStatus::Active,
        pays: PriceClass::Paid,
        shows: "",
    }
}

const fn adult(n: u32, name: &'static str, label: &'static str, kind: PersonKind) -> Row {
    Row { kind, class: None, ..pupil(n, name, label, "") }
}

impl Row {
    const fn card(self, uid: &'static str, code: &'static str) -> Self {
        Self { uid, code, ..self }
    }

    const fn asks_code(self) -> Self {
        Self { ask_code: true, ..self }
    }

    const fn mail(self, email: &'static str) -> Self {
        Self { email: Some(email), ..self }
    }

    const fn pays(self, pays: PriceClass) -> Self {
        Self { pays, ..self }
    }

    /// *Spor*: the letter behind the dot of the class.
    pub fn track(&self) -> Option<&'static str> {
        self.class?.split_once('.').map(|(_, track)| track)
    }

    const fn shows(self, shows: &'static str) -> Self {
        Self { shows, ..self }
    }
}

/// Everybody.
pub const ROWS: &[Row] = &[
    pupil(ALMA, "Alma Østergaard Lindqvist", "Alma", "7.B")
        .card("04A37C1A5E6180", "4711")
        .asks_code()
        .mail("alma@hojager.example")
        .shows("The guided visit: code, an order for today, deposits, orders, statements"),
    pupil(MALTHE, "Malthe Kjær Thomsen", "Malthe", "5.A")
        .card("04B81D2A5E6180", "2580")
        .mail("kjaer.thomsen@familie.example")
        .shows("Auto top-up armed, balance just above 50,00 kr."),
    pupil(IDA, "Ida Bech", "Ida", "3.C").card("93C4D210", "3141").shows("Low balance: hot meals cannot be ordered"),
    pupil(NOAH, "Noah Hassan Abdi", "Noah", "8.A")
        .card("04C92E3A5E6180", "1618")
        .mail("noah@hojager.example")
        .shows("No code asked; auto top-up waits until 100,00 kr. is paid in"),
    pupil(FREJA, "Freja-Marie Christoffersen Højgaard-Vestergaard", "Freja-Marie", "9.B")
        .card("04DA3F4A5E6180", "2718")
        .shows("A long name on screen and paper; warned of fish and crustaceans"),
    Row {
        status: CardStatus::Blocked,
        ..pupil(OSKAR, "Oskar Lund", "Oskar", "2.A").card("A7B3C9D1", "7294").shows("A blocked card")
    },
    pupil(SOFIA, "Sofia Dahl Nørregaard", "Sofia", "4.A")
        .card("04EB504A5E6180", "5038")
        .shows("Child of Karen; warned of gluten and milk"),
    pupil(VILLADS, "Villads Dahl Nørregaard", "Villads", "6.C")
        .card("04FC614A5E6180", "8156")
        .shows("Child of Karen; Karen has blocked milk and nuts for him"),
    pupil(9, "Emil Bruun", "Emil", "1.A").card("04116B2A5E6180", "6402"),
    pupil(10, "Aya El-Sayed", "Aya", "7.A").card("04227C2A5E6180", "9317"),
    pupil(LAERKE, "Lærke Mølgaard", "Lærke", "7.B")
        .card("51D2E3F4", "4065")
        .pays(PriceClass::Free)
        .shows("Eats free, with nothing on the card: orders at the kiosk; the till says what it says to everybody"),
    pupil(12, "Magnus Åkjær", "Magnus", "8.B").card("04338D2A5E6180", "7820").asks_code(),
    pupil(13, "Zofia Kowalska-Jensen", "Zofia", "6.A").card("04449E2A5E6180", "1593"),
    pupil(14, "Viggo Frederik Alexander Rosenkrantz Thorvaldsen", "Viggo", "9.A").card("0455AF2A5E6180", "3406"),
    pupil(15, "Mai Nguyen", "Mai", "5.B").card("0466B02A5E6180", "8243"),
    pupil(STORM, "Storm Ravn", "Storm", "4.B")
        .card("62E3F405", "5917")
        .pays(PriceClass::Reduced)
        .shows("Pays half: the till says what it says to everybody"),
    pupil(17, "Ella Bjørnholt", "Ella", "2.B").card("0477C12A5E6180", "2069"),
    pupil(18, "Ayşe Demir", "Ayşe", "9.C").card("0488D22A5E6180", "6735"),
    Row {
        language: Language::English,
        ..pupil(19, "Oliver Grant-Sørensen", "Oliver", "8.C")
            .card("0499E32A5E6180", "1864")
            .shows("Reads English: screens and slips follow")
    },
    pupil(20, "Signe Ørum", "Signe", "3.A").card("73F40516", "4928"),
    pupil(TOBIAS, "Tobias Bang", "Tobias", "6.B")
        .card("04AAF42A5E6180", "9051")
        .shows("A new card; the old one is replaced"),
    pupil(22, "Nanna Aagaard", "Nanna", "5.C").card("04BB052A5E6180", "3672"),
    pupil(23, "Isak Munk", "Isak", "1.B").card("04CC162A5E6180", "7108"),
    pupil(ELIAS, "Elias Juul", "Elias", "7.C")
        .card("04DD272A5E6180", "5284")
        .mail("juul@familie.example")
        .shows("Auto top-up stopped: the stored card has expired"),
    adult(KAREN, "Karen Dahl Nørregaard", "Karen", PersonKind::Guardian)
        .card("04EE384A5E6180", "6193")
        .asks_code()
        .mail("karen@familie.example")
        .shows("A parent: own account and both children's"),
    adult(26, "Peter Holm", "Peter", PersonKind::Staff)
        .card("04FF494A5E6180", "2947")
        .mail("peter@hojager.example")
        .shows("Staff"),
    adult(27, "Birgitte Ankersen-Lyngby", "Birgitte", PersonKind::Staff).card("84051627", "8530"),
    adult(28, "Jens Ole Vinther", "Jens Ole", PersonKind::Staff).card("04105A4A5E6180", "1376"),
    adult(29, "Fatima Rahimi", "Fatima", PersonKind::Staff).card("04216B4A5E6180", "4609"),
    adult(GUEST, "", "Gæstekort 12", PersonKind::Guest).card("95162738", "7451").shows("An anonymous guest card"),
];

/// The card Tobias had before.
pub const OLD_CARD: (u32, &str, &str) = (TOBIAS + 1000, "A6273849", "9051");

/// Who cannot eat what, and whether it is blocked or only warned of.
pub const ALLERGIES: &[(u32, &[Allergen], bool)] = &[
    (FREJA, &[Allergen::Crustaceans, Allergen::Fish], false),
    (SOFIA, &[Allergen::Gluten, Allergen::Milk], false),
    (VILLADS, &[Allergen::Milk, Allergen::Nuts], true),
];

/// The accounts a person may use besides their own.
pub fn also_uses(n: u32) -> &'static [u32] {
    if n == KAREN { &[SOFIA, VILLADS] } else { &[] }
}

/// The first 13 digits of the number on a card: the school's series, then the card's own count.
pub fn number_series(card: u32) -> String {
    format!("208041{card:07}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use madkort_protocol::{CardNumber, CardUid};

    use super::*;

    #[test]
    fn rows_are_in_order_and_cards_are_legal_and_distinct() {
        let mut uids = BTreeSet::from([OLD_CARD.1]);
        for (i, row) in ROWS.iter().enumerate() {
            assert_eq!(usize::try_from(row.n), Ok(i + 1), "{}", row.name);
            assert!(CardUid::parse(row.uid).is_ok() && uids.insert(row.uid), "{}", row.uid);
            // A first byte of 08 is a phone's random UID (ISO/IEC 14443-3): no card to hand out.
            assert!(!row.uid.starts_with("08"), "{}", row.uid);
            assert!(CardNumber::from_first_13(&number_series(row.n)).is_ok());
            assert!(row.code.len() == 4 && row.code.bytes().all(|digit| digit.is_ascii_digit()), "{}", row.name);
        }
        assert_eq!(ROWS.iter().filter(|row| row.kind == PersonKind::Pupil).count(), 24);
    }
}
