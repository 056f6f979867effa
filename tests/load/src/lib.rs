//! What the measurements and the tests of both engines share: the form of a figure, and a PostgreSQL of one's own.
//!
//! **Invariant:** nothing here knows the server or the rig, so either may use it.

pub mod figure;

pub use madkort_postgres as postgres;
