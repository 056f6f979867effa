//! A sale at a till: from the holder to income and VAT.
//!
//! Pure.

use jiff::Timestamp;
use madkort_protocol::{AccountId, Money, OperationId, Refusal, Rule};

use crate::rules::{Payer, over, refusal};
use crate::{Book, Kind, Leg, Transaction};

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
    /// VAT inside it, in percent.
    pub vat_percent: u8,
}

/// Whether the amount is one a till may book.
pub fn check_amount(amount: Money) -> Result<(), Refusal> {
    if amount > Money::ZERO && amount <= MOST { Ok(()) } else { Err(over(Rule::Amount, MOST, amount)) }
}

/// Takes the price from the holder.
pub fn sold(sale: &Sale) -> Result<Transaction, Refusal> {
    check_amount(sale.amount)?;
    sale.payer.check_card()?;
    let account = sale.account.ok_or(refusal(Rule::Account))?;
    sale.payer.check_balance(sale.amount)?;
    let overflow = |_| refusal(Rule::Amount);
    let mut legs = vec![Leg { book: Book::Card(account), amount: sale.amount.negated().map_err(overflow)? }];
    legs.extend(income(sale.amount, sale.vat_percent)?);
    Transaction::try_new(sale.id, Kind::Purchase, legs, sale.at).map_err(|_| refusal(Rule::Amount))
}

/// The legs of a sale on the seller's side: income without VAT, and the VAT if there is any.
pub(crate) fn income(amount: Money, vat_percent: u8) -> Result<Vec<Leg>, Refusal> {
    let vat = amount.vat_within(vat_percent);
    let net = amount.minus(vat).map_err(|_| refusal(Rule::Amount))?;
    let legs = [Leg { book: Book::Income { vat_percent }, amount: net }, Leg { book: Book::Vat, amount: vat }];
    Ok(legs.into_iter().filter(|leg| leg.amount != Money::ZERO).collect())
}
