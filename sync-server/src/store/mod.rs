//! What the server remembers, behind one trait per noun; [`Store`] is all of them.
//!
//! Every method that writes is one atomic step: it decides on what stands at that moment, and either all of it is durable when
//! the answer comes or none of it happened. Times come from the caller.
//!
//! **Invariant:** whatever moves money carries the id under which it moves once; balances and the change feed are written in the
//! step that moves the money.

mod audit;
mod catalogue;
mod codes;
mod devices;
mod feed;
mod operations;
mod payments;
pub mod sqlite;

use std::pin::Pin;

pub use audit::{Audit, Audited, Broken, Verdict};
pub use catalogue::{Catalogue, NewAccount, Thing};
pub use codes::{CodeTry, Codes};
pub use devices::{Device, Devices, NewCode, NewDevice};
pub use feed::{Feed, Statements};
pub use operations::{Operations, Purchasing, Pushing};
pub use payments::{
    Charge, ChargeOpening, ChargeState, Charges, Decline, DepositOpening, DepositRow, Deposits, Mandate, Moved,
    NewCharge, NewDeposit,
};

/// An answer that is durable, where something was written, once it is there.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Everything the server remembers.
pub trait Store:
    Audit + Catalogue + Charges + Codes + Deposits + Devices + Feed + Operations + Statements + Send + Sync + 'static
{
}

/// Why the store could not do it. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be opened.
    #[error("cannot open the database {path}")]
    Open {
        /// Where it should be.
        path: String,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A setting that durability rests on did not take.
    #[error("the database says {name} is {found}, and it must be {wanted}")]
    Setting {
        /// The pragma.
        name: &'static str,
        /// What it reads back.
        found: String,
        /// What it must be.
        wanted: &'static str,
    },
    /// The schema is not the one this program knows.
    #[error("the database has schema {found}, this program knows {known}: {advice}")]
    Schema {
        /// What the file has.
        found: u32,
        /// What this program has.
        known: u32,
        /// What to do about it.
        advice: &'static str,
    },
    /// The engine failed.
    #[error("the database failed while {doing}")]
    Engine {
        /// What was going on.
        doing: &'static str,
        /// Its own words.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What is stored cannot be read as what it should be.
    #[error("the database holds a broken {what}")]
    Corrupt {
        /// Which column or row.
        what: &'static str,
    },
    /// More work waits than the queue takes.
    #[error("too much work is waiting")]
    Busy,
    /// The writer has stopped.
    #[error("the store is closed")]
    Closed,
}
