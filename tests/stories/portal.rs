//! The portal's features on the real programs, one story each with its main refusals: asked of the screen, the books, the paper and the
//! letters.

mod accounts;
mod allergies;
mod auto_top_up;
mod by_ear;
mod by_keys;
mod by_keys_money;
mod cards;
mod english;
mod login;
mod orders;
mod passwords;
mod picture;
mod profile;
mod refusals_auto;
mod refusals_deposit;
mod refusals_out;
mod refusals_people;
mod refusals_tap;
mod statements;
pub(crate) mod steps;
mod subsidised;
mod tap_policy;
mod too_often;
mod transfer;
mod withdrawal;
