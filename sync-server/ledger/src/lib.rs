//! The rules of the money: balanced transactions between the books, and one module per movement.
//!
//! Pure: what is known comes in, a [`Transaction`] or a refusal goes out; time and ids come from the caller.
//!
//! **Invariant:** every transaction sums to zero, and no movement takes a book below its [`Book::floor`].

pub mod asking;
pub mod authorisation;
mod book;
pub mod caps;
pub mod correction;
pub mod danish;
pub mod deposit;
mod derived;
pub mod guest_card;
pub mod hold;
pub mod order;
pub mod price_class;
pub mod purchase;
pub mod recharge;
pub mod recharge_paid;
mod reversal;
pub mod rules;
pub mod ticket;
mod transaction;
pub mod transfer;
pub mod undo;
pub mod withdrawal;

pub use book::{Book, UnknownBook};
pub use derived::Purpose;
pub use hold::HoldKind;
pub use price_class::PriceClass;
pub use reversal::Posted;
pub use transaction::{Kind, Leg, MOST_LEGS, NotBalanced, REASON, Transaction};
