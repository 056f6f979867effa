//! The rules of the money: balanced transactions between the books, and one module per movement.
//!
//! Pure: what is known comes in, a [`Transaction`] or a refusal goes out; time and ids come from the caller.
//!
//! **Invariant:** every transaction sums to zero, and no movement takes a holder's balance below zero.

mod book;
pub mod deposit;
pub mod order;
pub mod purchase;
pub mod recharge;
pub mod recharge_paid;
pub mod rules;
pub mod ticket;
mod transaction;

pub use book::{Book, UnknownBook};
pub use transaction::{Kind, Leg, MOST_LEGS, NotBalanced, Transaction};
