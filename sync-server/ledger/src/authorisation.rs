//! A till's authorisation: money is held while a meal is put together, and a sale captures it.
//!
//! Pure. Legs: card −, held sales +; given up or expired: the other way round. Capturing is [`crate::purchase`]'s. What a subsidy
//! will pay is not held; of a free sale nothing is, and no money moves when it is held or given up.
//!
//! **Invariant:** what is held counts as spent from the moment it is held.

use jiff::Timestamp;
use madkort_protocol::{AccountId, Money, OperationId, Refusal, Rule};

use crate::derived::Purpose;
use crate::hold::{Ended, Hold, HoldError, HoldKind};
use crate::purchase::check_amount;
use crate::rules::{Payer, over, refusal};
use crate::transaction::Legs;
use crate::{Book, Kind, Transaction};

/// An authorisation to be made.
#[derive(Clone, Copy, Debug)]
pub struct Authorising {
    /// The key.
    pub id: OperationId,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// Who pays; `None` if the card opens no account.
    pub account: Option<AccountId>,
    /// What is known of them.
    pub payer: Payer,
    /// The most the sale will come to.
    pub amount: Money,
    /// The part of it that the school or the municipality will pay.
    pub subsidised: Money,
}

/// A hold, and what moves with it; nothing does if nothing is held.
pub type Moved = (Hold, Option<Transaction>);

/// Holds the money.
pub fn held(asked: &Authorising) -> Result<Moved, Refusal> {
    check_amount(asked.amount)?;
    asked.payer.check_card()?;
    let account = asked.account.ok_or(refusal(Rule::Account))?;
    let paid = paid_of(asked.amount, asked.subsidised)?;
    asked.payer.check_spending(paid, asked.at)?;
    set_aside_any(asked.id, Kind::AuthorisationHeld, HoldKind::Sale, account, paid, asked.at)
        .map_err(|error| error.refusal(HoldKind::Sale))
}

/// The till gives the sale up.
pub fn released(id: OperationId, hold: &Hold, at: Timestamp) -> Result<Moved, Refusal> {
    let ended = check_kind(hold).and_then(|()| hold.release()).map_err(|error| error.refusal(HoldKind::Sale))?;
    give_back_any(id, Kind::AuthorisationReleased, &ended, at).map_err(|error| error.refusal(HoldKind::Sale))
}

/// The till never came back. The key is the authorisation's own, for this purpose: it expires once.
pub fn expired(hold: &Hold, at: Timestamp) -> Result<Moved, HoldError> {
    check_kind(hold)?;
    give_back_any(Purpose::Expiry.of(hold.id), Kind::AuthorisationExpired, &hold.expire(at)?, at)
}

const fn check_kind(hold: &Hold) -> Result<(), HoldError> {
    if matches!(hold.kind, HoldKind::Sale) { Ok(()) } else { Err(HoldError::NotDue) }
}

/// What is left of a price for its holder to pay.
pub(crate) fn paid_of(price: Money, subsidised: Money) -> Result<Money, Refusal> {
    if subsidised < Money::ZERO || subsidised > price {
        return Err(over(Rule::Field, price, subsidised));
    }
    price.minus(subsidised).map_err(|_| refusal(Rule::Amount))
}

/// From the holder to what is held, if there is anything to hold.
pub(crate) fn set_aside_any(
    id: OperationId,
    kind: Kind,
    what_for: HoldKind,
    account: AccountId,
    amount: Money,
    at: Timestamp,
) -> Result<Moved, HoldError> {
    if amount == Money::ZERO {
        return Ok((Hold::of_nothing(id, account, what_for, at), None));
    }
    set_aside(id, kind, what_for, account, amount, at).map(|(hold, made)| (hold, Some(made)))
}

/// From what is held back to the holder, if anything is.
pub(crate) fn give_back_any(id: OperationId, kind: Kind, ended: &Ended, at: Timestamp) -> Result<Moved, HoldError> {
    if ended.hold.amount == Money::ZERO {
        return Ok((ended.hold, None));
    }
    give_back(id, kind, ended, at).map(|(hold, made)| (hold, Some(made)))
}

/// From the holder to what is held.
pub(crate) fn set_aside(
    id: OperationId,
    kind: Kind,
    what_for: HoldKind,
    account: AccountId,
    amount: Money,
    at: Timestamp,
) -> Result<(Hold, Transaction), HoldError> {
    let hold = Hold::open(id, account, what_for, amount, at)?;
    let legs = Legs::default().take(Book::Card(account), amount)?.give(Book::Held(what_for), amount)?;
    Ok((hold, legs.post(id, kind, at)?))
}

/// From what is held back to the holder.
pub(crate) fn give_back(
    id: OperationId,
    kind: Kind,
    ended: &Ended,
    at: Timestamp,
) -> Result<(Hold, Transaction), HoldError> {
    let hold = ended.hold;
    let legs = Legs::default().take(Book::Held(hold.kind), ended.released)?;
    let legs = legs.give(Book::Card(hold.account), ended.released)?;
    Ok((hold, legs.post(id, kind, at)?.concerning(hold.id)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::caps::Caps;
    use crate::hold::{AUTHORISED_FOR, HoldState};
    use crate::purchase::tests::{NOON, account, id, legs, payer, written};

    fn asked(ore: i64) -> Authorising {
        let (payer, amount) = (payer(5000), Money::from_ore(ore));
        Authorising { id: id(1), at: NOON, account: Some(account(1)), payer, amount, subsidised: Money::ZERO }
    }

    #[test]
    fn money_is_held_and_given_back() {
        let (hold, made) = held(&asked(4000)).unwrap();
        assert_eq!(written(&made.unwrap()), legs(&[("card 1", -4000), ("held-sales", 4000)]));
        assert_eq!(hold.expires_at, Some(NOON.checked_add(AUTHORISED_FOR).unwrap()));
        let (ended, back) = released(id(2), &hold, NOON).unwrap();
        let back = back.unwrap();
        assert_eq!(written(&back), legs(&[("held-sales", -4000), ("card 1", 4000)]));
        assert_eq!((back.about(), ended.state), (Some(id(1)), HoldState::Released));
        assert_eq!(released(id(3), &ended, NOON), Err(refusal(Rule::Authorisation)));
    }

    #[test]
    fn nobodys_money_waits_for_a_till_that_broke_down() {
        let (hold, _) = held(&asked(4000)).unwrap();
        let due = NOON.checked_add(AUTHORISED_FOR).unwrap();
        let early = due.checked_sub(SignedDuration::from_secs(1)).unwrap();
        assert_eq!(expired(&hold, early), Err(HoldError::NotDue));
        let (ended, back) = expired(&hold, due).unwrap();
        let back = back.unwrap();
        assert_eq!(back.id(), Purpose::Expiry.of(id(1)));
        assert_eq!(written(&back), legs(&[("held-sales", -4000), ("card 1", 4000)]));
        assert_eq!(expired(&ended, due), Err(HoldError::Ended(HoldState::Expired)));
        let order = Hold { kind: HoldKind::Order, ..hold };
        assert_eq!(expired(&order, due), Err(HoldError::NotDue));
    }

    #[test]
    fn only_what_the_holder_pays_is_held_and_of_a_free_sale_nothing() {
        let kr = Money::from_kroner;
        let part = |ore, subsidised| held(&Authorising { subsidised: Money::from_ore(subsidised), ..asked(ore) });
        let (hold, made) = part(9000, 4500).unwrap();
        assert_eq!(hold.amount, kr(45));
        assert_eq!(written(&made.unwrap()), legs(&[("card 1", -4500), ("held-sales", 4500)]));
        let (free, made) = part(9000, 9000).unwrap();
        assert_eq!((free.amount, made), (Money::ZERO, None));
        let (ended, back) = released(id(2), &free, NOON).unwrap();
        assert_eq!((ended.state, back), (HoldState::Released, None));
        let (ended, back) = expired(&free, NOON.checked_add(AUTHORISED_FOR).unwrap()).unwrap();
        assert_eq!((ended.state, back), (HoldState::Expired, None));
        for (ore, wrong) in [(9000, -1), (9000, 9001), (1, i64::MIN), (1, i64::MAX)] {
            assert_eq!(part(ore, wrong), Err(over(Rule::Field, Money::from_ore(ore), Money::from_ore(wrong))));
        }
    }

    #[test]
    fn what_is_held_is_money_that_is_there_and_may_be_spent() {
        let kr = Money::from_kroner;
        assert_eq!(held(&asked(5001)), Err(over(Rule::Balance, kr(50), Money::from_ore(5001))));
        let capped = Payer { caps: Caps { week: Some(kr(10)), ..Caps::NONE }, ..payer(5000) };
        assert_eq!(held(&Authorising { payer: capped, ..asked(1100) }), Err(over(Rule::WeekCap, kr(10), kr(11))));
        assert_eq!(held(&Authorising { account: None, ..asked(1) }), Err(refusal(Rule::Account)));
        for ore in [0, -1, i64::MIN, i64::MAX] {
            assert_eq!(held(&asked(ore)).unwrap_err().rule, Rule::Amount);
        }
    }
}
