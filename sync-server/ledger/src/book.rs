//! The books: every place money can stand.
//!
//! Pure. A positive figure is what the issuer owes (to a holder, to the tax office, to its own income); a negative one is what
//! it is owed, such as by a payment gateway. The books of a school sum to zero.

use std::fmt;
use std::str::FromStr;

use madkort_protocol::AccountId;

/// Characters of a gateway's name in a book.
const GATEWAY_NAME: usize = 24;

/// A place money stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Book {
    /// What a holder can spend.
    Card(AccountId),
    /// What is held for orders before their cut-off.
    HeldOrders,
    /// What a payment gateway has taken and not yet paid out.
    GatewayClearing(String),
    /// The bank account.
    Bank,
    /// Sales without VAT, by the rate that was in their price.
    Income {
        /// The rate, in percent.
        vat_percent: u8,
    },
    /// VAT inside sales, owed to the tax office.
    Vat,
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
}

impl fmt::Display for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Card(account) => write!(f, "card:{account}"),
            Self::HeldOrders => f.write_str("held-orders"),
            Self::GatewayClearing(name) => write!(f, "gateway:{name}"),
            Self::Bank => f.write_str("bank"),
            Self::Income { vat_percent } => write!(f, "income:{vat_percent}"),
            Self::Vat => f.write_str("vat"),
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
                "held-orders" => Ok(Self::HeldOrders),
                "bank" => Ok(Self::Bank),
                "vat" => Ok(Self::Vat),
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
            Book::HeldOrders,
            Book::GatewayClearing("sandbox".into()),
            Book::Bank,
            Book::Income { vat_percent: 25 },
            Book::Vat,
            Book::Corrections,
            Book::Suspense,
        ];
        for book in books {
            assert_eq!(book.to_string().parse(), Ok(book));
        }
        for bad in ["", "card:", "card:7", "gateway:", "gateway:Ø", "income:", "income:256", "petty-cash", "bank:1"] {
            assert_eq!(bad.parse::<Book>(), Err(UnknownBook), "{bad}");
        }
    }
}
