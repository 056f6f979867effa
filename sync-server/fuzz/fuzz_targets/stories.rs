//! Any bytes as a story of movements, told to the ledger and to its model.
//!
//! **Invariant:** whatever the story, both say the same after every step, and no øre is made or lost.

use crate::books::Ledger;
use crate::model::{Story, check_story};

/// Reads the bytes as a story, and tells it.
pub fn check(bytes: &[u8]) {
    let story = Story::read(bytes);
    if let Err(error) = check_story(&mut Ledger::default(), &story) {
        panic!("{error}: {story:?}");
    }
}
