//! Who may do what with whose account at a kiosk: one table, and nothing decided beside it.
//!
//! At a till nobody asks for anything but to buy and to be handed what was ordered, with a card of their own, whatever they are to the
//! school: what an active card opens there is said by `madkort_ledger::rules::Payer` and `store::sql::pick_ups`.
//!
//! Pure. **Invariant:** what no row allows is forbidden; nothing of somebody else's is allowed to anybody.

use madkort_protocol::{DeviceKind, PersonKind};

/// What somebody wants to do with a person's things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// Put money on an account.
    PayIn,
    /// Order food and take it back.
    Order,
    /// Hear what an order would take from an account, before it is placed.
    SeePrice,
    /// Hear what the eater cannot eat, while ordering.
    SeeAllergies,
    /// Say what the eater cannot eat, and whether that is only a warning.
    SetAllergies,
    /// Ask support about an account.
    AskSupport,
    /// Block a card of one's own, or of the account.
    BlockCard,
    /// Open a card again that its holder has blocked.
    UnblockCard,
    /// Open a card again that somebody has blocked who answers for its holder.
    LiftGuardiansBlock,
    /// Open a card again that the office has blocked. No row: that is done on the server.
    LiftOfficesBlock,
    /// Read what an account was used for.
    ReadStatement,
    /// Read and change name, addresses and what hangs on them.
    EditProfile,
    /// See what they look like.
    SeePicture,
    /// Change or remove their picture.
    SetPicture,
    /// Say that no more than so much may be spent, or less than before.
    LowerCaps,
    /// Say that more may be spent than before, or anything, from an account that nobody answers for.
    RaiseCaps,
    /// The same, from an account that a guardian answers for.
    RaiseCapsUnderGuardian,
    /// Choose a password.
    ChangePassword,
    /// Make, pause, resume or cancel auto top-up.
    ManageAutoRecharge,
    /// Move money to another account.
    Transfer,
    /// Have money paid out.
    Withdraw,
}

/// Whose it is, seen from whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Whose {
    /// Their own.
    Own,
    /// Somebody's whose account they may use: a parent's child.
    Entrusted,
    /// Anybody else's.
    Foreign,
}

/// What proves who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proof {
    /// The card lay on the device's reader.
    Card,
    /// Its code or its holder's password was given in this visit.
    Session,
}

/// One row: at such a device, with such a proof, these people may do it with these things.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// What.
    pub what: What,
    /// Where.
    pub at: DeviceKind,
    /// What it takes at least.
    pub proof: Proof,
    /// Who.
    pub who: &'static [PersonKind],
    /// Whose things.
    pub whose: &'static [Whose],
}

const ALL: &[PersonKind] = &[PersonKind::Pupil, PersonKind::Guardian, PersonKind::Staff, PersonKind::Guest];
/// A guest card has no person behind it: what is on it is paid back in cash by staff.
const KNOWN: &[PersonKind] = &[PersonKind::Pupil, PersonKind::Guardian, PersonKind::Staff];
/// What a guardian has forbidden is not for the pupil to allow.
const GROWN: &[PersonKind] = &[PersonKind::Guardian, PersonKind::Staff];
const THEIRS: &[Whose] = &[Whose::Own, Whose::Entrusted];
const OWN: &[Whose] = &[Whose::Own];
const ENTRUSTED: &[Whose] = &[Whose::Entrusted];

/// The table. Staff at a kiosk are there as themselves: what they do for others they do in the administration.
#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    Rule { what: What::PayIn,                  at: DeviceKind::Kiosk, proof: Proof::Card,    who: ALL,   whose: THEIRS },
    Rule { what: What::Order,                  at: DeviceKind::Kiosk, proof: Proof::Card,    who: ALL,   whose: THEIRS },
    // Whoever may order may know what it takes; the class that decides it they are not told.
    Rule { what: What::SeePrice,               at: DeviceKind::Kiosk, proof: Proof::Card,    who: ALL,   whose: THEIRS },
    Rule { what: What::SeeAllergies,           at: DeviceKind::Kiosk, proof: Proof::Card,    who: KNOWN, whose: THEIRS },
    Rule { what: What::SetAllergies,           at: DeviceKind::Kiosk, proof: Proof::Session, who: GROWN, whose: THEIRS },
    Rule { what: What::AskSupport,             at: DeviceKind::Kiosk, proof: Proof::Card,    who: ALL,   whose: THEIRS },
    // The safe way is the easy way: whoever holds the card may stop it.
    Rule { what: What::BlockCard,              at: DeviceKind::Kiosk, proof: Proof::Card,    who: KNOWN, whose: THEIRS },
    Rule { what: What::UnblockCard,            at: DeviceKind::Kiosk, proof: Proof::Session, who: KNOWN, whose: THEIRS },
    // Only another's: whoever was blocked for their own good does not open it by another card of theirs.
    Rule { what: What::LiftGuardiansBlock,     at: DeviceKind::Kiosk, proof: Proof::Session, who: GROWN, whose: ENTRUSTED },
    Rule { what: What::ReadStatement,          at: DeviceKind::Kiosk, proof: Proof::Session, who: ALL,   whose: THEIRS },
    Rule { what: What::EditProfile,            at: DeviceKind::Kiosk, proof: Proof::Session, who: KNOWN, whose: THEIRS },
    Rule { what: What::SeePicture,             at: DeviceKind::Kiosk, proof: Proof::Session, who: KNOWN, whose: THEIRS },
    Rule { what: What::SetPicture,             at: DeviceKind::Kiosk, proof: Proof::Session, who: KNOWN, whose: THEIRS },
    Rule { what: What::LowerCaps,              at: DeviceKind::Kiosk, proof: Proof::Session, who: KNOWN, whose: THEIRS },
    Rule { what: What::RaiseCaps,              at: DeviceKind::Kiosk, proof: Proof::Session, who: KNOWN, whose: THEIRS },
    Rule { what: What::RaiseCapsUnderGuardian, at: DeviceKind::Kiosk, proof: Proof::Session, who: GROWN, whose: THEIRS },
    Rule { what: What::ChangePassword,         at: DeviceKind::Kiosk, proof: Proof::Session, who: KNOWN, whose: OWN },
    Rule { what: What::ManageAutoRecharge,     at: DeviceKind::Kiosk, proof: Proof::Session, who: KNOWN, whose: THEIRS },
    Rule { what: What::Transfer,               at: DeviceKind::Kiosk, proof: Proof::Session, who: KNOWN, whose: THEIRS },
    Rule { what: What::Withdraw,               at: DeviceKind::Kiosk, proof: Proof::Session, who: KNOWN, whose: THEIRS },
];

/// Somebody at a device, as far as the table asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asker {
    /// What they are.
    pub kind: PersonKind,
    /// Where they stand.
    pub at: DeviceKind,
    /// What they have shown.
    pub proof: Proof,
}

/// Whether a row allows it.
#[must_use]
pub fn may(asker: Asker, what: What, whose: Whose) -> bool {
    RULES.iter().any(|rule| {
        rule.what == what
            && rule.at == asker.at
            && rule.proof <= asker.proof
            && rule.who.contains(&asker.kind)
            && rule.whose.contains(&whose)
    })
}

#[cfg(test)]
mod tests {
    use madkort_protocol::PersonKind::{Guardian, Guest, Pupil, Staff};

    use super::What::{
        AskSupport, BlockCard, ChangePassword, EditProfile, LiftGuardiansBlock, LiftOfficesBlock, LowerCaps,
        ManageAutoRecharge, Order, PayIn, RaiseCaps, RaiseCapsUnderGuardian, ReadStatement, SeeAllergies, SeePicture,
        SeePrice, SetAllergies, SetPicture, Transfer, UnblockCard, Withdraw,
    };
    use super::*;

    const EVERYBODYS: [Whose; 3] = [Whose::Own, Whose::Entrusted, Whose::Foreign];
    const KINDS: [(char, PersonKind); 4] = [('p', Pupil), ('g', Guardian), ('s', Staff), ('v', Guest)];

    /// What must be so, written down apart from the table: who may do it at a kiosk, a pupil, a guardian, one of the staff, a visitor
    /// with a guest card; with a tap on their own and on what is entrusted to them, then with the code on these two.
    #[rustfmt::skip]
    const EXPECTED: [(What, [&str; 4]); 21] = [
        (PayIn,                  ["pgsv", "pgsv", "pgsv", "pgsv"]),
        (Order,                  ["pgsv", "pgsv", "pgsv", "pgsv"]),
        (SeePrice,               ["pgsv", "pgsv", "pgsv", "pgsv"]),
        (AskSupport,             ["pgsv", "pgsv", "pgsv", "pgsv"]),
        (SeeAllergies,           ["pgs",  "pgs",  "pgs",  "pgs"]),
        (BlockCard,              ["pgs",  "pgs",  "pgs",  "pgs"]),
        (UnblockCard,            ["",     "",     "pgs",  "pgs"]),
        (LiftGuardiansBlock,     ["",     "",     "",     "gs"]),
        (LiftOfficesBlock,       ["",     "",     "",     ""]),
        (ReadStatement,          ["",     "",     "pgsv", "pgsv"]),
        (EditProfile,            ["",     "",     "pgs",  "pgs"]),
        (SeePicture,             ["",     "",     "pgs",  "pgs"]),
        (SetPicture,             ["",     "",     "pgs",  "pgs"]),
        (SetAllergies,           ["",     "",     "gs",   "gs"]),
        (LowerCaps,              ["",     "",     "pgs",  "pgs"]),
        (RaiseCaps,              ["",     "",     "pgs",  "pgs"]),
        (RaiseCapsUnderGuardian, ["",     "",     "gs",   "gs"]),
        (ChangePassword,         ["",     "",     "pgs",  ""]),
        (ManageAutoRecharge,     ["",     "",     "pgs",  "pgs"]),
        (Transfer,               ["",     "",     "pgs",  "pgs"]),
        (Withdraw,               ["",     "",     "pgs",  "pgs"]),
    ];

    #[test]
    fn the_table_allows_what_is_expected_and_nothing_else() {
        let ways = [
            (Proof::Card, Whose::Own),
            (Proof::Card, Whose::Entrusted),
            (Proof::Session, Whose::Own),
            (Proof::Session, Whose::Entrusted),
        ];
        for (what, expected) in EXPECTED {
            for ((proof, whose), expected) in ways.into_iter().zip(expected) {
                let asker = |kind| Asker { kind, at: DeviceKind::Kiosk, proof };
                let allowed = KINDS.iter().filter(|(_, kind)| may(asker(*kind), what, whose));
                let allowed: String = allowed.map(|(letter, _)| *letter).collect();
                assert_eq!(allowed, expected, "{what:?} {proof:?} {whose:?}");
            }
        }
    }

    #[test]
    fn someone_elses_is_nobodys_business_and_a_till_asks_for_nothing_here() {
        for (what, _) in EXPECTED {
            for ((_, kind), proof) in KINDS.into_iter().flat_map(|kind| [(kind, Proof::Card), (kind, Proof::Session)]) {
                assert!(!may(Asker { kind, at: DeviceKind::Kiosk, proof }, what, Whose::Foreign), "{kind:?} {what:?}");
                for whose in EVERYBODYS {
                    assert!(!may(Asker { kind, at: DeviceKind::Register, proof }, what, whose), "{kind:?} {what:?}");
                }
            }
        }
    }

    #[test]
    fn each_thing_has_one_row_and_is_expected() {
        for rule in RULES {
            assert_eq!(RULES.iter().filter(|other| other.what == rule.what).count(), 1, "{:?}", rule.what);
            assert_eq!(EXPECTED.iter().filter(|(what, _)| *what == rule.what).count(), 1, "{:?}", rule.what);
        }
    }
}
