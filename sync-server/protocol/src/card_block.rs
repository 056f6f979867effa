//! Stopping a card, and opening it again, by its holder.
//!
//! Pure. Goes through a kiosk's journal like an order: it works without the server, and holds at that kiosk at once.

use serde::{Deserialize, Serialize};

use crate::CardId;

/// Blocks a card, or opens it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetCardBlock {
    /// The card of whoever asks; opening a card wants its code to have been given in that visit.
    pub card: CardId,
    /// The card that is blocked or opened: the same, another of theirs, or one of somebody whose account they may use.
    pub target: CardId,
    /// Whether it is blocked from now on.
    pub blocked: bool,
}
