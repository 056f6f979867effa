//! What people, cards and machines do wrong, one story each: a clear sentence, nothing lost, no panic.

mod amounts;
mod cards;
mod codes;
mod cut_off;
mod files;
mod version;
