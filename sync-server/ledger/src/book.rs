//! The books: every place money can stand.
//!
//! Pure. A positive figure is what the issuer owes (to a holder, to the tax office, to its own income); a negative one is what
//! it is owed, such as by a payment gateway. The books of a school sum to zero.

use std::fmt;
use std::str::FromStr;

use madkort_protocol::{AccountId, Money};

use crate::hold::HoldKind;
use crate::rules::FLOOR;

/// Characters of a gateway's name in a book.
const GATEWAY_NAME: usize = 24;

/// A place money stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Book {
    /// What a holder can spend.
    Card(AccountId),
    /// What is held: for orders before their cut-off, for payouts before they are sent, for sales under way at a till.
    Held(HoldKind),
    /// What a payment gateway has taken and not yet paid out.
    GatewayClearing(String),
    /// The bank account.
    Bank,
    /// What the bank was told to pay out and has not yet booked.
    PayoutsInTransit,
    /// Money in the tills, taken for guest cards.
    Cash,
    /// Sales without VAT, by the rate that was in their price.
    Income {
        /// The rate, in percent.
        vat_percent: u8,
    },
    /// VAT inside sales, owed to the tax office.
    Vat,
    /// What the school or the municipality pays of its pupils' meals.
    Subsidy,
    /// What staff have put right.
    Corrections,
    /// Money that came and fits nothing: somebody must look.
    Suspense,
}

/// A text that names no book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such book")]
pub struct UnknownBook;

impl Book {
    /// The account, if it is a holder's book.
    #[must_use]
    pub const fn account(&self) -> Option<AccountId> {
        if let Self::Card(account) = self { Some(*account) } else { None }
    }

    /// The least the book may stand at after any transaction; `None` if it may be on either side of zero.
    #[must_use]
    pub const fn floor(&self) -> Option<Money> {
        match self {
            Self::Card(_) => Some(FLOOR),
            // What is held or on its way out was taken from somebody first.
            Self::Held(_) | Self::PayoutsInTransit => Some(Money::ZERO),
            Self::GatewayClearing(_)
            | Self::Bank
            | Self::Cash
            | Self::Income { .. }
            | Self::Vat
            | Self::Subsidy
            | Self::Corrections
            | Self::Suspense => None,
        }
    }
}

impl fmt::Display for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Card(account) => write!(f, "card:{account}"),
            Self::Held(kind) => write!(f, "held-{}", kind.word()),
            Self::GatewayClearing(name) => write!(f, "gateway:{name}"),
            Self::Bank => f.write_str("bank"),
            Self::PayoutsInTransit => f.write_str("payouts-in-transit"),
            Self::Cash => f.write_str("cash"),
            Self::Income { vat_percent } => write!(f, "income:{vat_percent}"),
            Self::Vat => f.write_str("vat"),
            Self::Subsidy => f.write_str("subsidy"),
            Self::Corrections => f.write_str("corrections"),
            Self::Suspense => f.write_str("suspense"),
        }
    }
}

impl FromStr for Book {
    type Err = UnknownBook;

    fn from_str(text: &str) -> Result<Self, UnknownBook> {
        match text.split_once(':') {
            Some(("card", id)) => AccountId::parse(id).map(Self::Card).map_err(|_| UnknownBook),
            Some(("gateway", name)) if is_gateway_name(name) => Ok(Self::GatewayClearing(name.to_owned())),
            Some(("income", rate)) => {
                rate.parse().map(|vat_percent| Self::Income { vat_percent }).map_err(|_| UnknownBook)
            }
            Some(_) => Err(UnknownBook),
            None => match text {
                "held-orders" => Ok(Self::Held(HoldKind::Order)),
                "held-payouts" => Ok(Self::Held(HoldKind::Payout)),
                "held-sales" => Ok(Self::Held(HoldKind::Sale)),
                "bank" => Ok(Self::Bank),
                "payouts-in-transit" => Ok(Self::PayoutsInTransit),
                "cash" => Ok(Self::Cash),
                "vat" => Ok(Self::Vat),
                "subsidy" => Ok(Self::Subsidy),
                "corrections" => Ok(Self::Corrections),
                "suspense" => Ok(Self::Suspense),
                _ => Err(UnknownBook),
            },
        }
    }
}

fn is_gateway_name(name: &str) -> bool {
    (1..=GATEWAY_NAME).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_book_reads_back_from_its_name() {
        let account = AccountId::parse("0198c0de-0000-7000-8000-000000000001").unwrap();
        let books = [
            Book::Card(account),
            Book::Held(HoldKind::Order),
            Book::Held(HoldKind::Payout),
            Book::Held(HoldKind::Sale),
            Book::GatewayClearing("sandbox".into()),
            Book::Bank,
            Book::PayoutsInTransit,
            Book::Cash,
            Book::Income { vat_percent: 25 },
            Book::Vat,
            Book::Subsidy,
            Book::Corrections,
            Book::Suspense,
        ];
        for book in books {
            assert_eq!(book.to_string().parse(), Ok(book));
        }
        for bad in
            ["", "card:", "card:7", "gateway:", "gateway:Ø", "income:", "income:256", "held-", "held-cash", "bank:1"]
        {
            assert_eq!(bad.parse::<Book>(), Err(UnknownBook), "{bad}");
        }
        // On disk since the first version.
        assert_eq!(Book::Held(HoldKind::Order).to_string(), "held-orders");
    }

    #[test]
    fn holders_and_what_is_held_for_them_never_owe() {
        let never = ["card:0198c0de-0000-7000-8000-000000000001", "held-orders", "held-payouts", "held-sales"];
        for name in never.into_iter().chain(["payouts-in-transit"]) {
            assert_eq!(name.parse::<Book>().unwrap().floor(), Some(Money::ZERO), "{name}");
        }
        for name in ["gateway:sandbox", "bank", "cash", "income:25", "vat", "subsidy", "corrections", "suspense"] {
            assert_eq!(name.parse::<Book>().unwrap().floor(), None, "{name}");
        }
    }
}
