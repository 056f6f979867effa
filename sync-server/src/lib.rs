//! The central server: schools' books, devices, payments.
//!
//! **Invariant:** nothing is answered as done before it is durable; every transaction sums to zero.

pub mod danish;
pub mod store;
