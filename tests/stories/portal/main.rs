//! The portal's features on the real programs, one story each with its main refusals: asked of the screen, the books, the paper and the
//! letters.

mod accounts;
mod auto_top_up;
mod login;
mod orders;
mod passwords;
mod profile;
mod refusals_auto;
mod refusals_deposit;
mod refusals_out;
mod refusals_people;
mod refusals_tap;
mod statements;
mod steps;
mod transfer;
mod withdrawal;
