//! How the screen looks and sounds to whoever stands before it: chosen by hand, for this visit.
//!
//! Pure. **Invariant:** what somebody chose is gone when they are (EN 301 549, 5.1.3.11 to 5.1.3.13).

/// How large the words are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TextSize {
    /// As the kiosk was set up.
    #[default]
    Normal,
    /// An eighth larger.
    Large,
    /// A quarter larger.
    Larger,
    /// As large as the pages hold.
    Largest,
}

/// What a person may choose about the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Looks {
    /// How large the words are.
    pub size: TextSize,
    /// Black on white, and borders around everything.
    pub high_contrast: bool,
    /// What one comes to is shown in letters that are read from 60 cm (EN 301 549, 5.1.4).
    pub glass: bool,
    /// The page is read aloud.
    pub aloud: bool,
    /// How loud.
    pub volume: Level,
    /// How fast.
    pub pace: Level,
}

impl Looks {
    /// As nobody has chosen anything.
    pub const PLAIN: Self = Self {
        size: TextSize::Normal,
        high_contrast: false,
        glass: false,
        aloud: false,
        volume: Level(3),
        pace: Level(3),
    };
}

/// How loud or how fast the voice is: a step from 1 to [`Level::MOST`], by which a key moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(u8);

impl Level {
    /// The highest: few enough to count, and far enough apart to be heard.
    pub const MOST: u8 = 5;

    /// From 1 to [`Level::MOST`]; what lies beyond is the nearest of them.
    #[must_use]
    pub fn new(step: i32) -> Self {
        Self(u8::try_from(step.clamp(1, i32::from(Self::MOST))).unwrap_or(1))
    }

    /// Which.
    #[must_use]
    pub const fn step(self) -> u8 {
        self.0
    }
}

impl Default for Level {
    /// In the middle.
    fn default() -> Self {
        Self(3)
    }
}

impl TextSize {
    /// The smallest first.
    pub const ALL: [Self; 4] = [Self::Normal, Self::Large, Self::Larger, Self::Largest];

    /// In percent of the normal size. Each step is an eighth larger than the one before: a smaller one is hardly seen. At the last
    /// the longest Danish word still fits beside an icon on a panel 720 pixels wide.
    #[must_use]
    pub const fn percent(self) -> u16 {
        match self {
            Self::Normal => 100,
            Self::Large => 112,
            Self::Larger => 125,
            Self::Largest => 140,
        }
    }
}
