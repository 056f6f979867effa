//! Turning the page, for what does not lie before the eyes.
//!
//! **Invariant:** what is brought lies whole between the strip on top and the bar below, so that a finger meets it and not the bar.

use std::time::Duration;

use anyhow::{Result, bail};

use crate::rig::Rig;
use crate::window::{Role, Sight};

/// Turns of the longest page, there and back: a year's statement on the smallest screen.
const LONGEST_PAGE: u32 = 80;
/// How long a page may take to come before somebody looks further down for what is on it.
const PAGE_COMES: Duration = Duration::from_secs(2);
/// How long after a turn what is there may take to show.
const LEAF_FALLS: Duration = Duration::from_millis(300);
/// Pixels by which keys of the strip may differ in where they end, and keys of the bar in where they begin: less than from there to the
/// page.
const SLACK: i32 = 8;
/// What can be pressed.
pub const PRESSABLE: [Role; 3] = [Role::Button, Role::Check, Role::Choice];

/// Where something lies, seen from what is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lies {
    Here,
    Above,
    Below,
}

/// Which way a page is turned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Down,
    Up,
}

impl Way {
    /// What the key is called in the source.
    const fn key(self) -> &'static str {
        match self {
            Self::Down => "Down",
            Self::Up => "Up",
        }
    }
}

impl Rig {
    /// Turns the page until the screen says what the source calls `english`.
    pub fn scroll_to(&self, english: &str) -> Result<Sight> {
        self.scroll_to_text(&self.words.say(english))
    }

    /// The same for that very text.
    pub fn scroll_to_text(&self, wanted: &str) -> Result<Sight> {
        self.leaf_to(wanted, |sight| sight.says(wanted), || Lies::Here)?;
        self.window().wait_for_text(wanted)
    }

    /// Brings what has one of those roles and that name before the eyes, if the page is longer than the screen. What is nowhere is
    /// left to whoever waits for it.
    pub fn bring(&self, roles: &[Role], name: &str) -> Result<()> {
        let role = |sight: &Sight| roles.iter().copied().find(|role| sight.find(*role, name).is_some());
        self.leaf_to(name, |sight| role(sight).is_some(), || self.lies(role(&self.window().sight()), name))
    }

    /// Turns down to the end and then up again, until it is there and lies before the eyes.
    fn leaf_to(&self, what: &str, there: impl Fn(&Sight) -> bool, lies: impl Fn() -> Lies) -> Result<()> {
        let (mut patience, mut way) = (PAGE_COMES, Way::Down);
        for _ in 0..LONGEST_PAGE {
            let (Ok(sight) | Err(sight)) = self.window().look_until(patience, &there);
            let lying = there(&sight).then(&lies);
            // What was looked for may be told of before the keys that turn its page.
            let sight = if lying.is_some() { self.window().sight() } else { sight };
            way = match (lying, way) {
                (Some(Lies::Here), _) => return Ok(()),
                (Some(Lies::Above), _) => Way::Up,
                (Some(Lies::Below), _) => Way::Down,
                (None, Way::Down) if !self.leads(&sight, Way::Down) => Way::Up,
                (None, way) => way,
            };
            if !self.leads(&sight, way) {
                return Ok(());
            }
            self.window().tap(&self.words.say(way.key()))?;
            self.window().wait_until("the page turned", |now| now.elements != sight.elements)?;
            patience = LEAF_FALLS;
        }
        bail!("{what:?} is nowhere on the page:\n{}", self.window().sight().told())
    }

    fn lies(&self, role: Option<Role>, name: &str) -> Lies {
        let window = self.window();
        let down = self.words.say(Way::Down.key());
        // A page that fits has no such key.
        let (Some(role), true) = (role, window.sight().find(Role::Button, &down).is_some()) else {
            return Lies::Here;
        };
        // A page that is told of before it is drawn still has its places from before.
        if window.wait_still().is_err() {
            return Lies::Here;
        }
        let places = (window.place(Role::Check, "Dansk"), window.place(Role::Button, &down), window.place(role, name));
        // Gone meanwhile with its page: left to whoever waits for it.
        let (Ok(strip), Ok(bar), Ok(place)) = places else { return Lies::Here };
        let (end, strip_end) = (place.y + place.height, strip.y + strip.height);
        // What stands in the strip or in the bar does not turn with the page.
        let fixed = (place.y - bar.y).abs() <= SLACK || end <= strip_end + SLACK;
        if !fixed && end > bar.y {
            Lies::Below
        } else if !fixed && place.y < strip_end {
            Lies::Above
        } else {
            Lies::Here
        }
    }

    /// Whether the page has that key, and it leads anywhere.
    fn leads(&self, sight: &Sight, way: Way) -> bool {
        sight.find(Role::Button, &self.words.say(way.key())).is_some_and(|key| key.enabled)
    }
}
