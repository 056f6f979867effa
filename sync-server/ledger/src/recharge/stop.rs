//! Why a charge is turned down, and why auto top-up is stopped.
//!
//! Pure. **Invariant:** every reason to stop has its own word, under which it is stored and told.

/// How a charge of a stored card was turned down, sorted by what may be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeclineClass {
    /// Perhaps another day: no cover, the bank said no without a reason.
    Soft,
    /// The payer must approve in person.
    ApprovalNeeded,
    /// The card is expired, deleted or suspended: another card is needed.
    CardGone,
    /// Never again with this card: lost, stolen, fraud.
    Never,
    /// Our own request was wrong: an alarm, not a decline.
    OurError,
}

impl DeclineClass {
    /// What it stops auto top-up for at once; `None` if it may be tried again.
    #[must_use]
    pub const fn stops(self) -> Option<Stop> {
        match self {
            Self::Soft => None,
            Self::ApprovalNeeded => Some(Stop::ApprovalNeeded),
            Self::CardGone => Some(Stop::CardGone),
            Self::Never => Some(Stop::CardStopped),
            Self::OurError => Some(Stop::OurError),
        }
    }
}

/// Why auto top-up is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    /// Every attempt was declined.
    Declines,
    /// The bank wants the payer's own approval.
    ApprovalNeeded,
    /// The card is expired, deleted or suspended.
    CardGone,
    /// The card must never be charged again.
    CardStopped,
    /// Our own request was wrong.
    OurError,
    /// Its holder paused it.
    Paused,
    /// Its holder took it back, for good.
    Cancelled,
}

impl Stop {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Declines,
        Self::ApprovalNeeded,
        Self::CardGone,
        Self::CardStopped,
        Self::OurError,
        Self::Paused,
        Self::Cancelled,
    ];

    /// As it is stored.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Declines => "declines",
            Self::ApprovalNeeded => "approval-needed",
            Self::CardGone => "card-gone",
            Self::CardStopped => "card-stopped",
            Self::OurError => "our-error",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
        }
    }

    /// The reason with that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stop| stop.word() == word)
    }

    /// Whether the holder's word is enough to go on with the same card.
    #[must_use]
    pub const fn ends_when_resumed(self) -> bool {
        matches!(self, Self::Declines | Self::ApprovalNeeded | Self::OurError | Self::Paused)
    }

    /// Whether another card is enough. A pause is not about the card.
    #[must_use]
    pub const fn ends_with_another_card(self) -> bool {
        matches!(self, Self::Declines | Self::ApprovalNeeded | Self::CardGone | Self::CardStopped)
    }
}
