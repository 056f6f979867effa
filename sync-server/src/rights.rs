//! Who may do what with whose account: one table, and nothing decided beside it.
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
    /// Open a blocked card again.
    UnblockCard,
    /// Read what an account was used for.
    ReadStatement,
    /// Read and change name, addresses and what hangs on them.
    EditProfile,
    /// See what they look like.
    SeePicture,
    /// Change or remove their picture.
    SetPicture,
    /// Say how much may be spent.
    SetCaps,
    /// Choose a password.
    ChangePassword,
    /// Make, pause, resume or cancel auto top-up.
    ManageAutoRecharge,
    /// Move money to another account.
    Transfer,
    /// Have money paid out.
    Withdraw,
    /// Sell at a till, and take the sale back.
    Sell,
    /// Hand out what was ordered.
    HandOut,
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
/// A block that a guardian has set is not for the pupil to lift.
const GROWN: &[PersonKind] = &[PersonKind::Guardian, PersonKind::Staff];
const THEIRS: &[Whose] = &[Whose::Own, Whose::Entrusted];
const OWN: &[Whose] = &[Whose::Own];

/// The table. Staff at a kiosk are there as themselves: what they do for others they do in the administration.
#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    Rule { what: What::PayIn,              at: DeviceKind::Kiosk,    proof: Proof::Card,    who: ALL,   whose: THEIRS },
    Rule { what: What::Order,              at: DeviceKind::Kiosk,    proof: Proof::Card,    who: ALL,   whose: THEIRS },
    // Whoever may order may know what it takes; the class that decides it they are not told.
    Rule { what: What::SeePrice,           at: DeviceKind::Kiosk,    proof: Proof::Card,    who: ALL,   whose: THEIRS },
    Rule { what: What::SeeAllergies,       at: DeviceKind::Kiosk,    proof: Proof::Card,    who: KNOWN, whose: THEIRS },
    Rule { what: What::SetAllergies,       at: DeviceKind::Kiosk,    proof: Proof::Session, who: GROWN, whose: THEIRS },
    Rule { what: What::AskSupport,         at: DeviceKind::Kiosk,    proof: Proof::Card,    who: ALL,   whose: THEIRS },
    // The safe way is the easy way: whoever holds the card may stop it.
    Rule { what: What::BlockCard,          at: DeviceKind::Kiosk,    proof: Proof::Card,    who: KNOWN, whose: THEIRS },
    Rule { what: What::UnblockCard,        at: DeviceKind::Kiosk,    proof: Proof::Session, who: KNOWN, whose: THEIRS },
    Rule { what: What::ReadStatement,      at: DeviceKind::Kiosk,    proof: Proof::Session, who: ALL,   whose: THEIRS },
    Rule { what: What::EditProfile,        at: DeviceKind::Kiosk,    proof: Proof::Session, who: KNOWN, whose: THEIRS },
    Rule { what: What::SeePicture,         at: DeviceKind::Kiosk,    proof: Proof::Session, who: KNOWN, whose: THEIRS },
    Rule { what: What::SetPicture,         at: DeviceKind::Kiosk,    proof: Proof::Session, who: KNOWN, whose: THEIRS },
    Rule { what: What::SetCaps,            at: DeviceKind::Kiosk,    proof: Proof::Session, who: KNOWN, whose: THEIRS },
    Rule { what: What::ChangePassword,     at: DeviceKind::Kiosk,    proof: Proof::Session, who: KNOWN, whose: OWN },
    Rule { what: What::ManageAutoRecharge, at: DeviceKind::Kiosk,    proof: Proof::Session, who: KNOWN, whose: THEIRS },
    Rule { what: What::Transfer,           at: DeviceKind::Kiosk,    proof: Proof::Session, who: KNOWN, whose: THEIRS },
    Rule { what: What::Withdraw,           at: DeviceKind::Kiosk,    proof: Proof::Session, who: KNOWN, whose: THEIRS },
    Rule { what: What::Sell,               at: DeviceKind::Register, proof: Proof::Card,    who: ALL,   whose: OWN },
    Rule { what: What::HandOut,            at: DeviceKind::Register, proof: Proof::Card,    who: ALL,   whose: THEIRS },
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
    use super::*;

    const DEVICES: [DeviceKind; 2] = [DeviceKind::Kiosk, DeviceKind::Register];
    const PROOFS: [Proof; 2] = [Proof::Card, Proof::Session];
    const EVERYBODYS: [Whose; 3] = [Whose::Own, Whose::Entrusted, Whose::Foreign];

    fn everything() -> impl Iterator<Item = (Asker, What, Whose)> {
        let askers = ALL.iter().flat_map(|kind| {
            DEVICES.iter().flat_map(move |at| PROOFS.map(|proof| Asker { kind: *kind, at: *at, proof }))
        });
        askers.flat_map(|asker| RULES.iter().flat_map(move |rule| EVERYBODYS.map(|whose| (asker, rule.what, whose))))
    }

    #[test]
    fn each_row_allows_what_it_says_and_a_step_beside_it_is_forbidden() {
        for rule in RULES {
            let elsewhere = if rule.at == DeviceKind::Kiosk { DeviceKind::Register } else { DeviceKind::Kiosk };
            for kind in ALL {
                for whose in EVERYBODYS {
                    let asker = Asker { kind: *kind, at: rule.at, proof: rule.proof };
                    let allowed = rule.who.contains(kind) && rule.whose.contains(&whose);
                    assert_eq!(may(asker, rule.what, whose), allowed, "{rule:?} {kind:?} {whose:?}");
                    let better = Asker { proof: Proof::Session, ..asker };
                    assert_eq!(may(better, rule.what, whose), allowed, "a better proof changes nothing: {rule:?}");
                    let without = Asker { proof: Proof::Card, ..asker };
                    assert_eq!(may(without, rule.what, whose), allowed && rule.proof == Proof::Card, "{rule:?}");
                    assert!(!may(Asker { at: elsewhere, ..better }, rule.what, whose), "{rule:?} at the other device");
                }
            }
        }
    }

    #[test]
    fn someone_elses_is_nobodys_business() {
        for (asker, what, whose) in everything().filter(|(_, _, whose)| *whose == Whose::Foreign) {
            assert!(!may(asker, what, whose), "{asker:?} {what:?}");
        }
    }

    #[test]
    fn nobody_takes_money_out_or_reads_with_a_bare_tap() {
        use What::{
            ChangePassword, EditProfile, ManageAutoRecharge, ReadStatement, SeePicture, SetAllergies, SetCaps,
            SetPicture, Transfer, UnblockCard, Withdraw,
        };
        let kept = [
            ChangePassword,
            EditProfile,
            ManageAutoRecharge,
            ReadStatement,
            SeePicture,
            SetAllergies,
            SetCaps,
            SetPicture,
            Transfer,
            UnblockCard,
            Withdraw,
        ];
        for (asker, what, whose) in
            everything().filter(|(asker, what, _)| asker.proof == Proof::Card && kept.contains(what))
        {
            assert!(!may(asker, what, whose), "{asker:?} {what:?} {whose:?}");
        }
    }

    #[test]
    fn a_guest_card_has_nobody_to_pay_out_to() {
        for (asker, what, whose) in everything().filter(|(asker, ..)| asker.kind == PersonKind::Guest) {
            let plain = matches!(
                what,
                What::PayIn
                    | What::Order
                    | What::SeePrice
                    | What::AskSupport
                    | What::ReadStatement
                    | What::Sell
                    | What::HandOut
            );
            assert!(plain || !may(asker, what, whose), "{what:?} {whose:?}");
        }
    }

    #[test]
    fn each_thing_has_one_row() {
        for rule in RULES {
            assert_eq!(RULES.iter().filter(|other| other.what == rule.what).count(), 1, "{:?}", rule.what);
        }
    }
}
