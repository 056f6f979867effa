//! The page about changing a picture.
//!
//! Pure.

/// Skift billede: on the telephone.
#[derive(Clone, PartialEq, Eq)]
pub struct ChangePicturePage {
    /// Whose account it goes with.
    pub account: String,
    /// The page to open; empty while it is being asked for.
    pub url: String,
    /// Where it stands.
    pub state: PictureState,
    /// Whole minutes the page is open, rounded up.
    pub minutes_left: i64,
}

/// Where a page for a picture stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PictureState {
    /// The server is asked for it.
    Opening,
    /// Waiting for the telephone.
    Waiting,
    /// The server cannot be asked just now; the page works without the kiosk.
    OutOfSight,
    /// Its time is up.
    Expired,
}

impl std::fmt::Debug for ChangePicturePage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Whoever has the link changes the picture.
        f.debug_struct("ChangePicturePage").field("state", &self.state).finish_non_exhaustive()
    }
}
