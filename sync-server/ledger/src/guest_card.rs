//! A guest card: cash goes onto it at a till, and what is left comes back in cash.
//!
//! Pure. Legs: issued: cash −, card +; returned: card − all of it, cash +.
//!
//! **Invariant:** a guest card that is handed out anew is empty, so nobody gets the money of the guest before.

use jiff::Timestamp;
use madkort_protocol::{AccountId, AccountKind, Money, OperationId, Refusal, Rule};

use crate::rules::{over, refusal};
use crate::transaction::{Legs, NotBalanced};
use crate::{Book, Kind, Transaction};

/// The most on a guest card: meals for a day's visit of a small group. The holder is unknown and a lost card is cash lost.
pub const MOST: Money = Money::from_kroner(500);

/// The account of a guest card as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestAccount {
    /// Which.
    pub account: AccountId,
    /// Whether it is one.
    pub kind: AccountKind,
    /// What is on it.
    pub balance: Money,
    /// What is held of it, for orders and sales under way.
    pub held: Money,
}

/// Puts cash on the card and hands it out. `guest` is `None` if there is no such account.
pub fn issued(
    id: OperationId,
    guest: Option<GuestAccount>,
    amount: Money,
    at: Timestamp,
) -> Result<Transaction, Refusal> {
    let guest = check_idle(guest)?;
    if guest.balance != Money::ZERO {
        return Err(over(Rule::GuestCard, Money::ZERO, guest.balance));
    }
    if amount <= Money::ZERO || amount > MOST {
        return Err(over(Rule::Amount, MOST, amount));
    }
    Legs::default()
        .take(Book::Cash, amount)
        .and_then(|legs| legs.give(Book::Card(guest.account), amount))
        .and_then(|legs| legs.post(id, Kind::GuestCardIssued, at))
        .map_err(unbalanced)
}

/// Takes the card in and pays its whole rest out in cash; `None` if nothing is on it, so that nothing is paid.
pub fn returned(id: OperationId, guest: Option<GuestAccount>, at: Timestamp) -> Result<Option<Transaction>, Refusal> {
    let guest = check_idle(guest)?;
    if guest.balance == Money::ZERO {
        return Ok(None);
    }
    Legs::default()
        .take(Book::Card(guest.account), guest.balance)
        .and_then(|legs| legs.give(Book::Cash, guest.balance))
        .and_then(|legs| legs.post(id, Kind::GuestCardReturned, at))
        .map(Some)
        .map_err(unbalanced)
}

/// It is a guest card, and nothing of it is held: an order that is called off later would pay the next guest.
fn check_idle(guest: Option<GuestAccount>) -> Result<GuestAccount, Refusal> {
    let guest = guest.filter(|guest| guest.kind == AccountKind::Guest).ok_or(refusal(Rule::GuestCard))?;
    if guest.held == Money::ZERO { Ok(guest) } else { Err(over(Rule::GuestCard, Money::ZERO, guest.held)) }
}

const fn unbalanced(_: NotBalanced) -> Refusal {
    refusal(Rule::Amount)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::purchase::tests::{NOON, account, id, legs, written};

    fn guest(ore: i64) -> GuestAccount {
        let kind = AccountKind::Guest;
        GuestAccount { account: account(1), kind, balance: Money::from_ore(ore), held: Money::ZERO }
    }

    #[test]
    fn cash_in_and_the_rest_out() {
        let made = issued(id(1), Some(guest(0)), Money::from_kroner(100), NOON).unwrap();
        assert_eq!(written(&made), legs(&[("cash", -10_000), ("card 1", 10_000)]));
        let made = returned(id(2), Some(guest(7301)), NOON).unwrap().unwrap();
        assert_eq!(written(&made), legs(&[("card 1", -7301), ("cash", 7301)]));
        assert_eq!(returned(id(2), Some(guest(0)), NOON), Ok(None));
    }

    #[test]
    fn no_guest_gets_the_money_of_the_guest_before() {
        let ore = Money::from_ore;
        let issue = |guest, amount| issued(id(1), guest, ore(amount), NOON).map(drop);
        assert_eq!(issue(Some(guest(1)), 100), Err(over(Rule::GuestCard, Money::ZERO, ore(1))));
        let held = GuestAccount { held: ore(25), ..guest(0) };
        assert_eq!(issue(Some(held), 100), Err(over(Rule::GuestCard, Money::ZERO, ore(25))));
        assert_eq!(returned(id(2), Some(held), NOON), Err(over(Rule::GuestCard, Money::ZERO, ore(25))));
    }

    #[test]
    fn only_guest_cards_and_only_what_a_visit_costs() {
        let ore = Money::from_ore;
        let pupil = GuestAccount { kind: AccountKind::Card, ..guest(0) };
        for none in [None, Some(pupil)] {
            assert_eq!(issued(id(1), none, ore(100), NOON), Err(refusal(Rule::GuestCard)));
            assert_eq!(returned(id(1), none, NOON), Err(refusal(Rule::GuestCard)));
        }
        for amount in [0, -1, 50_001, i64::MAX, i64::MIN] {
            assert_eq!(issued(id(1), Some(guest(0)), ore(amount), NOON), Err(over(Rule::Amount, MOST, ore(amount))));
        }
        assert!(issued(id(1), Some(guest(0)), MOST, NOON).is_ok());
    }
}
