//! What staff put right: the wrong transaction is reversed, and the right one, if there is one, is posted beside it.
//!
//! Pure. Legs: the reversal has those of the original with the opposite sign; the new transaction has the legs that staff name.
//! Both say which transaction they are about and why (the bookkeeping law: a correction shows the original and the change).
//!
//! **Invariant:** the original stays as it is; a transaction is reversed once; neither of the two takes a holder below the
//! floor, in the order in which they are posted.

use std::collections::BTreeMap;

use jiff::Timestamp;
use madkort_protocol::{AccountId, Money, OperationId, Refusal, Rule, check_text};

use crate::derived::Purpose;
use crate::rules::{FLOOR, LARGEST, over, refusal};
use crate::transaction::REASON;
use crate::{Book, Kind, Leg, Posted, Transaction};

/// A correction to be made.
#[derive(Clone, Copy, Debug)]
pub struct Correcting<'a> {
    /// The key, of the reversal; the new transaction's is derived from it.
    pub id: OperationId,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// What was wrong; `None` if there is no such transaction.
    pub wrong: Option<Posted<'a>>,
    /// The legs that are right, if anything is.
    pub right: Option<&'a [Leg]>,
    /// Who puts it right and why, at most [`REASON`] characters.
    pub reason: &'a str,
    /// What the holders touched by either can spend; one who is not named has nothing.
    pub balances: &'a [(AccountId, Money)],
}

/// A correction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrected {
    /// Posted first.
    pub reversal: Transaction,
    /// Posted second.
    pub right: Option<Transaction>,
}

/// Makes the transactions of a correction.
pub fn corrected(asked: &Correcting<'_>) -> Result<Corrected, Refusal> {
    let reason = check_text(asked.reason, REASON).map_err(|_| refusal(Rule::Field))?;
    let wrong = asked.wrong.filter(|wrong| !wrong.reversed).ok_or(refusal(Rule::Reversal))?;
    if !wrong.transaction.kind().is_reversible() {
        return Err(refusal(Rule::Reversal));
    }
    let legs = wrong.turned_round().ok_or(refusal(Rule::Reversal))?.map_err(|_| refusal(Rule::Amount))?;
    let about = wrong.transaction.id();
    let reversal = legs.post(asked.id, Kind::Reversal, asked.at).map_err(|_| refusal(Rule::Amount))?;
    let reversal = reversal.concerning(about).because(reason.clone());
    let right = asked.right.map(|legs| right(asked, legs, about, reason)).transpose()?;
    check_floors(asked.balances, [Some(&reversal), right.as_ref()])?;
    Ok(Corrected { reversal, right })
}

fn right(asked: &Correcting<'_>, legs: &[Leg], about: OperationId, reason: String) -> Result<Transaction, Refusal> {
    // What is held or on its way belongs to an order, a sale or a withdrawal, and moves with that only.
    if legs.iter().any(|leg| matches!(leg.book, Book::Held(_) | Book::PayoutsInTransit)) {
        return Err(refusal(Rule::Field));
    }
    // A slip of the keyboard must not fill a book.
    let fits = |leg: &&Leg| leg.amount <= LARGEST && leg.amount.negated().is_ok_and(|taken| taken <= LARGEST);
    if let Some(leg) = legs.iter().find(|leg| !fits(leg)) {
        return Err(over(Rule::Amount, LARGEST, leg.amount));
    }
    let made = Transaction::try_new(Purpose::Replacement.of(asked.id), Kind::Correction, legs.to_vec(), asked.at);
    Ok(made.map_err(|_| refusal(Rule::Field))?.concerning(about).because(reason))
}

fn check_floors(balances: &[(AccountId, Money)], made: [Option<&Transaction>; 2]) -> Result<(), Refusal> {
    let mut left: BTreeMap<AccountId, Money> = balances.iter().copied().collect();
    for leg in made.into_iter().flatten().flat_map(Transaction::legs) {
        let Some(account) = leg.book.account() else { continue };
        let balance = left.entry(account).or_default();
        let after = balance.plus(leg.amount).map_err(|_| refusal(Rule::Amount))?;
        if leg.amount < Money::ZERO && after < FLOOR {
            let asked = leg.amount.negated().map_err(|_| refusal(Rule::Amount))?;
            return Err(over(Rule::Balance, *balance, asked));
        }
        *balance = after;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::deposit;
    use crate::purchase::sold;
    use crate::purchase::tests::{NOON, account, id, legs, sale, written};

    const WHY: &str = "PH: tastet to gange";

    fn deposit(ore: i64) -> Transaction {
        deposit::paid(id(1), account(1), Money::from_ore(ore), "sandbox", NOON).unwrap()
    }

    fn posted(transaction: &Transaction) -> Posted<'_> {
        Posted { transaction, holder: Some(account(1)), device: None, reversed: false }
    }

    fn correct(wrong: Option<Posted<'_>>, right: Option<&[Leg]>, balance: i64) -> Result<Corrected, Refusal> {
        let balances = [(account(1), Money::from_ore(balance))];
        corrected(&Correcting { id: id(2), at: NOON, wrong, right, reason: WHY, balances: &balances })
    }

    fn leg(book: Book, ore: i64) -> Leg {
        Leg { book, amount: Money::from_ore(ore) }
    }

    #[test]
    fn both_sides_say_what_they_are_about_and_why() {
        let sold = sold(&sale(2500, 500)).unwrap();
        let right = [leg(Book::Card(account(1)), -1000), leg(Book::Corrections, 1000)];
        let made = correct(Some(posted(&sold)), Some(&right), 0).unwrap();
        assert_eq!(
            written(&made.reversal),
            legs(&[("card 1", 2000), ("subsidy", 500), ("income:25", -2000), ("vat", -500)])
        );
        let right = made.right.unwrap();
        assert_eq!(written(&right), legs(&[("card 1", -1000), ("corrections", 1000)]));
        assert_eq!([made.reversal.kind(), right.kind()], [Kind::Reversal, Kind::Correction]);
        assert_eq!([made.reversal.about(), right.about()], [Some(id(1)); 2]);
        assert_eq!([made.reversal.reason(), right.reason()], [Some(WHY); 2]);
        assert_eq!([made.reversal.id(), right.id()], [id(2), Purpose::Replacement.of(id(2))]);
    }

    #[test]
    fn nobody_is_put_below_the_floor() {
        let deposit = deposit(10_000);
        assert!(correct(Some(posted(&deposit)), None, 10_000).is_ok());
        let refused = over(Rule::Balance, Money::from_ore(9_999), Money::from_ore(10_000));
        assert_eq!(correct(Some(posted(&deposit)), None, 9_999), Err(refused.clone()));
        // What comes after does not help: each is a transaction of its own.
        let right = [leg(Book::Card(account(1)), 5_000), leg(Book::Corrections, -5_000)];
        assert_eq!(correct(Some(posted(&deposit)), Some(&right), 9_999), Err(refused));
        let stranger = [leg(Book::Card(account(2)), -1), leg(Book::Corrections, 1)];
        let refused = over(Rule::Balance, Money::ZERO, Money::from_ore(1));
        assert_eq!(correct(Some(posted(&deposit)), Some(&stranger), 10_000), Err(refused));
    }

    #[test]
    fn once_and_only_what_nothing_else_undoes() {
        let deposit = deposit(10_000);
        let no = Err(refusal(Rule::Reversal));
        assert_eq!(correct(None, None, 0), no);
        assert_eq!(correct(Some(Posted { reversed: true, ..posted(&deposit) }), None, 10_000), no);
        for kind in Kind::ALL {
            let made =
                Transaction::try_new(id(3), kind, vec![leg(Book::Bank, 1), leg(Book::Suspense, -1)], NOON).unwrap();
            assert_eq!(correct(Some(posted(&made)), None, 0).is_ok(), kind.is_reversible(), "{kind:?}");
        }
    }

    #[test]
    fn a_correction_balances_says_why_and_leaves_what_is_held() {
        let deposit = deposit(10_000);
        let field = Err(refusal(Rule::Field));
        let uneven = [leg(Book::Corrections, 2), leg(Book::Bank, -1)];
        let held = [leg(Book::Held(crate::HoldKind::Order), 1), leg(Book::Bank, -1)];
        let sent = [leg(Book::PayoutsInTransit, 1), leg(Book::Bank, -1)];
        for right in [&uneven, &held, &sent] {
            assert_eq!(correct(Some(posted(&deposit)), Some(right), 10_000), field);
        }
        for ore in [LARGEST.ore() + 1, i64::MAX, i64::MIN] {
            let right = [leg(Book::Card(account(1)), ore), leg(Book::Corrections, ore.wrapping_neg())];
            let refused = over(Rule::Amount, LARGEST, Money::from_ore(ore));
            assert_eq!(correct(Some(posted(&deposit)), Some(&right), 10_000), Err(refused));
        }
        for reason in ["", " ", "\u{1b}p", &"x".repeat(REASON + 1)] {
            let wrong = Some(posted(&deposit));
            let asked = Correcting { id: id(2), at: NOON, wrong, right: None, reason, balances: &[] };
            assert_eq!(corrected(&asked), field);
        }
    }
}
