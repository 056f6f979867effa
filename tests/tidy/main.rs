//! The rules of the house, as tests: layering, sizes, contracts, no traces of one machine.
#![allow(clippy::unwrap_used, missing_docs)]

mod layering;
mod sources;
