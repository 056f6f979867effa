//! A sale at a till: from the holder, and whoever subsidises the meal, to income and VAT.
//!
//! Pure. Legs: card −, subsidy −, income +, VAT +; those that move nothing are left out, so a free meal has no card leg. A sale
//! that captures an authorisation takes what was held instead: held sales −, card + what is left of it.
//!
//! **Invariant:** what is paid and what is subsidised are together the price.

use jiff::Timestamp;
use madkort_protocol::{AccountId, Money, OperationId, Refusal, Rule};

use crate::authorisation::paid_of;
use crate::hold::{Hold, HoldKind};
use crate::rules::{Payer, Recorded, over, refusal};
use crate::transaction::{Legs, NotBalanced};
use crate::{Book, Kind, Transaction};

/// The most one sale at a till may come to: a school lunch for a class, not a slip of the keyboard.
pub const MOST: Money = Money::from_kroner(2000);
/// The highest VAT rate there is in Denmark, in percent.
pub const HIGHEST_VAT: u8 = 25;
/// Characters of what was bought: one line of a statement on paper.
pub const TEXT: usize = 60;

/// A sale to be posted.
#[derive(Clone, Copy, Debug)]
pub struct Sale {
    /// The key.
    pub id: OperationId,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// Who pays; `None` if the card opens no account.
    pub account: Option<AccountId>,
    /// What is known of them.
    pub payer: Payer,
    /// Price with VAT.
    pub amount: Money,
    /// The part of it that the school or the municipality pays.
    pub subsidised: Money,
    /// VAT inside it, in percent.
    pub vat_percent: u8,
    /// The authorisation it captures, if the till made one. Its money is held and counted, so caps and balance are not asked.
    pub authorisation: Option<Hold>,
}

/// Whether the amount is one a till may book.
pub fn check_amount(amount: Money) -> Result<(), Refusal> {
    if amount > Money::ZERO && amount <= MOST { Ok(()) } else { Err(over(Rule::Amount, MOST, amount)) }
}

/// Takes the price.
pub fn sold(sale: &Sale) -> Result<Transaction, Refusal> {
    check_amount(sale.amount)?;
    sale.payer.check_card()?;
    let account = sale.account.ok_or(refusal(Rule::Account))?;
    if sale.vat_percent > HIGHEST_VAT {
        return Err(refusal(Rule::Field));
    }
    let paid = paid_of(sale.amount, sale.subsidised)?;
    let legs = if let Some(hold) = sale.authorisation {
        out_of(&hold, account, paid, sale.at)?
    } else {
        sale.payer.check_spending(paid, sale.at)?;
        Legs::default().take(Book::Card(account), paid).map_err(unbalanced)?
    };
    let legs = legs.take(Book::Subsidy, sale.subsidised).map_err(unbalanced)?;
    let legs = income(legs, sale.amount, sale.vat_percent).map_err(unbalanced)?;
    let sold = legs.post(sale.id, Kind::Purchase, sale.at).map_err(unbalanced)?;
    Ok(if let Some(hold) = sale.authorisation { sold.concerning(hold.id) } else { sold })
}

/// Takes the price of a sale however it was recorded: one made while the server was out of reach must also be within the
/// school's allowance and not too old. The balance has to cover it all the same: no account owes.
pub fn sold_as_recorded(sale: &Sale, recorded: &Recorded) -> Result<Transaction, Refusal> {
    if matches!(recorded, Recorded::Offline(_)) {
        check_amount(sale.amount)?;
        sale.payer.check_card()?;
        recorded.check_age(sale.at)?;
        recorded.check_allowance(sale.amount)?;
    }
    sold(sale)
}

/// What is paid comes out of the hold, and the rest of it goes back.
fn out_of(hold: &Hold, account: AccountId, paid: Money, at: Timestamp) -> Result<Legs, Refusal> {
    if hold.account != account || hold.kind != HoldKind::Sale {
        return Err(refusal(Rule::Authorisation));
    }
    // The meal may turn out to be free.
    let ended = if paid == Money::ZERO { hold.release() } else { hold.capture(paid, at) };
    let ended = ended.map_err(|error| error.refusal(hold.kind))?;
    let legs = Legs::default().take(Book::Held(hold.kind), hold.amount).map_err(unbalanced)?;
    legs.give(Book::Card(account), ended.released).map_err(unbalanced)
}

/// The seller's side: income without VAT, and the VAT.
pub(crate) fn income(legs: Legs, amount: Money, vat_percent: u8) -> Result<Legs, NotBalanced> {
    let vat = amount.vat_within(vat_percent);
    let net = amount.minus(vat).map_err(|_| NotBalanced::Overflow)?;
    legs.give(Book::Income { vat_percent }, net)?.give(Book::Vat, vat)
}

const fn unbalanced(_: NotBalanced) -> Refusal {
    refusal(Rule::Amount)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use madkort_protocol::CardStatus;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::authorisation::{Authorising, held};
    use crate::caps::{Caps, Spent};
    use crate::rules::Offline;

    pub(crate) const NOON: Timestamp = Timestamp::constant(1_795_345_200, 0);

    pub(crate) fn payer(ore: i64) -> Payer {
        let balance = Money::from_ore(ore);
        Payer { card: Some(CardStatus::Active), may_use: true, balance, caps: Caps::NONE, spent: Spent::default() }
    }

    pub(crate) fn id(n: u128) -> OperationId {
        OperationId::new(uuid::Builder::from_u128(n).with_version(uuid::Version::SortRand).into_uuid())
    }

    pub(crate) fn account(n: u128) -> AccountId {
        AccountId::new(Uuid::from_u128(n))
    }

    /// The legs as somebody would write them down.
    pub(crate) fn written(transaction: &Transaction) -> Vec<(String, i64)> {
        let name = |book: &Book| match book {
            Book::Card(id) => format!("card {}", id.uuid().as_u128()),
            book => book.to_string(),
        };
        transaction.legs().iter().map(|leg| (name(&leg.book), leg.amount.ore())).collect()
    }

    pub(crate) fn legs(legs: &[(&str, i64)]) -> Vec<(String, i64)> {
        legs.iter().map(|(name, ore)| ((*name).to_owned(), *ore)).collect()
    }

    pub(crate) fn sale(ore: i64, subsidised: i64) -> Sale {
        Sale {
            id: id(1),
            at: NOON,
            account: Some(account(1)),
            payer: payer(5000),
            amount: Money::from_ore(ore),
            subsidised: Money::from_ore(subsidised),
            vat_percent: 25,
            authorisation: None,
        }
    }

    fn hold(ore: i64) -> Hold {
        let amount = Money::from_ore(ore);
        let (payer, subsidised) = (payer(9000), Money::ZERO);
        held(&Authorising { id: id(9), at: NOON, account: Some(account(1)), payer, amount, subsidised }).unwrap().0
    }

    #[test]
    fn a_subsidy_pays_its_part_and_a_free_meal_costs_nothing() {
        let full = sold(&sale(2500, 0)).unwrap();
        assert_eq!(written(&full), legs(&[("card 1", -2500), ("income:25", 2000), ("vat", 500)]));
        let part = sold(&sale(2500, 1000)).unwrap();
        assert_eq!(written(&part), legs(&[("card 1", -1500), ("subsidy", -1000), ("income:25", 2000), ("vat", 500)]));
        let broke = Payer { caps: Caps { day: Some(Money::ZERO), ..Caps::NONE }, ..payer(0) };
        let free = sold(&Sale { payer: broke, ..sale(2500, 2500) }).unwrap();
        assert_eq!(written(&free), legs(&[("subsidy", -2500), ("income:25", 2000), ("vat", 500)]));
    }

    #[test]
    fn the_first_rule_broken_is_the_answer() {
        let kr = Money::from_kroner;
        let rule = |sale: &Sale| sold(sale).unwrap_err();
        let caps = Caps { day: Some(kr(20)), ..Caps::NONE };
        let nobody = Payer { card: None, balance: Money::ZERO, caps, ..payer(0) };
        let stranger = Payer { may_use: false, caps, ..payer(0) };
        for ore in [0, -1, 200_001, i64::MAX, i64::MIN] {
            let refused = over(Rule::Amount, MOST, Money::from_ore(ore));
            assert_eq!(rule(&Sale { payer: nobody, ..sale(ore, 0) }), refused);
        }
        assert_eq!(rule(&Sale { payer: nobody, ..sale(2500, 0) }), refusal(Rule::Card));
        assert_eq!(rule(&Sale { payer: stranger, ..sale(2500, 0) }), refusal(Rule::Account));
        assert_eq!(rule(&Sale { account: None, ..sale(2500, 0) }), refusal(Rule::Account));
        for subsidised in [-1, 2501, i64::MAX, i64::MIN] {
            let refused = over(Rule::Field, kr(25), Money::from_ore(subsidised));
            assert_eq!(rule(&sale(2500, subsidised)), refused);
        }
        let capped = Payer { caps, ..payer(0) };
        assert_eq!(rule(&Sale { payer: capped, ..sale(2500, 0) }), over(Rule::DayCap, kr(20), kr(25)));
        assert_eq!(rule(&Sale { payer: capped, ..sale(2500, 500) }), over(Rule::Balance, kr(0), kr(20)));
    }

    #[test]
    fn a_sale_takes_what_was_held_and_gives_the_rest_back() {
        let broke = payer(0);
        let captured =
            |ore, subsidised, hold| sold(&Sale { payer: broke, authorisation: Some(hold), ..sale(ore, subsidised) });
        let part = captured(2500, 0, hold(4000)).unwrap();
        assert_eq!(part.about(), Some(id(9)));
        assert_eq!(written(&part), legs(&[("held-sales", -4000), ("card 1", 1500), ("income:25", 2000), ("vat", 500)]));
        let free = captured(2500, 2500, hold(4000)).unwrap();
        assert_eq!(
            written(&free),
            legs(&[("held-sales", -4000), ("card 1", 4000), ("subsidy", -2500), ("income:25", 2000), ("vat", 500)])
        );
        let whole = captured(2500, 0, hold(2500)).unwrap();
        assert_eq!(written(&whole), legs(&[("held-sales", -2500), ("income:25", 2000), ("vat", 500)]));
        let rule = |ore, hold| captured(ore, 0, hold).unwrap_err();
        assert_eq!(rule(2501, hold(2500)), over(Rule::Amount, Money::from_ore(2500), Money::from_ore(2501)));
        let ended = hold(2500).release().unwrap().hold;
        assert_eq!(rule(2500, ended), refusal(Rule::Authorisation));
        assert_eq!(rule(2500, Hold { account: account(2), ..hold(2500) }), refusal(Rule::Authorisation));
        assert_eq!(rule(2500, Hold { kind: HoldKind::Order, ..hold(2500) }), refusal(Rule::Authorisation));
    }

    #[test]
    fn offline_the_allowance_is_asked_before_the_balance_and_the_balance_all_the_same() {
        let kr = Money::from_kroner;
        let limits =
            madkort_protocol::OfflineLimits { per_sale: kr(40), per_card: kr(60), per_kiosk: kr(90), hours: 24 };
        let before = Offline { claimed_at: NOON, limits, card_before: kr(0), kiosk_before: kr(0) };
        let rule = |ore, offline| sold_as_recorded(&sale(ore, 0), &Recorded::Offline(offline)).map_err(|no| no.rule);
        assert!(rule(4000, before).is_ok());
        assert_eq!(rule(4001, before), Err(Rule::OfflineAllowance));
        assert_eq!(rule(4000, Offline { card_before: kr(21), ..before }), Err(Rule::OfflineAllowance));
        assert_eq!(rule(4000, Offline { kiosk_before: kr(51), ..before }), Err(Rule::OfflineAllowance));
        assert_eq!(rule(4000, Offline { claimed_at: Timestamp::MIN, ..before }), Err(Rule::OfflineAllowance));
        let wide = madkort_protocol::OfflineLimits { per_sale: kr(60), ..limits };
        assert_eq!(rule(5001, Offline { limits: wide, ..before }), Err(Rule::Balance));
        assert_eq!(sold_as_recorded(&sale(5000, 0), &Recorded::Online), sold(&sale(5000, 0)));
    }

    proptest! {
        #[test]
        fn vat_and_income_are_the_price(ore in 1_i64..=200_000, part in 0_i64..=200_000, vat_percent in 0_u8..=25) {
            let sale = Sale { payer: payer(200_000), vat_percent, ..sale(ore, part.min(ore)) };
            let sold = sold(&sale).unwrap();
            let seller: i64 = sold.legs().iter().map(|leg| leg.amount.ore()).filter(|ore| *ore > 0).sum();
            prop_assert_eq!(seller, ore);
            prop_assert_eq!(sold.change_of(&Book::Subsidy).ore(), -sale.subsidised.ore());
        }
    }
}
