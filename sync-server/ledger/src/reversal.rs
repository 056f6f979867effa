//! What undo, refund and correction have in common: a posted transaction, turned round.
//!
//! Pure. **Invariant:** a reversal has the legs of the original with the opposite sign; only what came out of a hold, which has
//! ended, goes to the holder.

use madkort_protocol::{AccountId, DeviceId};

use crate::transaction::{Legs, NotBalanced};
use crate::{Book, Transaction};

/// A transaction in the books, and what has become of it.
#[derive(Clone, Copy, Debug)]
pub struct Posted<'a> {
    /// As it was posted.
    pub transaction: &'a Transaction,
    /// Whose money it was, if it was one holder's.
    pub holder: Option<AccountId>,
    /// The device that asked for it, if one did.
    pub device: Option<DeviceId>,
    /// Whether it was undone, refunded or reversed.
    pub reversed: bool,
}

impl Posted<'_> {
    /// Its legs the other way round; `None` if they come out of a hold of nobody known.
    pub(crate) fn turned_round(&self) -> Option<Result<Legs, NotBalanced>> {
        let mut legs = Legs::default();
        for leg in self.transaction.legs() {
            let book = match leg.book {
                Book::Held(_) => Book::Card(self.holder?),
                ref book => book.clone(),
            };
            match legs.take(book, leg.amount) {
                Ok(more) => legs = more,
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok(legs))
    }
}
