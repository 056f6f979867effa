//! The kiosk's window, used as a person uses it: found by what it says, touched with a finger, read, looked at.
//!
//! **Invariant:** nothing is pressed that is not on the screen and enabled. A wait that fails says what was on the screen and leaves a
//! picture of it in `target/failures/`.

mod hand;
mod tree;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hand::Hand;
pub use hand::Picture;
use tree::Tree;
pub use tree::{Element, Place, Role};
use zbus::names::OwnedUniqueName;

use crate::display::Display;
use crate::folders::target_dir;

/// How long something may take to come on the screen.
pub const SOON: Duration = Duration::from_secs(20);
/// How long to wait for a word of change before looking again all the same: a change of a place alone tells nobody.
const GLANCE: Duration = Duration::from_millis(100);
/// Between two looks at whether the program is busy.
const BLINK: Duration = Duration::from_millis(20);
/// Looks in a row that must find it idle: together longer than the wait for the next frame.
const REST: u32 = 5;
/// A program that is busy for longer than this is so by design.
const RESTLESS: Duration = Duration::from_secs(5);
/// Looks at something that is drawn anew each time before giving up on it.
const LOOKS: u32 = 5;
/// `BackSpace` as an X keysym.
const BACKSPACE: u32 = 0xff08;

/// A key of the pad of five, with which everything can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// To the next thing.
    Next,
    /// To the one before.
    Previous,
    /// Do it.
    Do,
    /// Go back.
    Back,
    /// Read aloud, and again.
    Aloud,
}

impl Key {
    /// `Down`, `Up`, `Return`, `Escape` and `F1` as X keysyms.
    const fn keysym(self) -> u32 {
        match self {
            Self::Next => 0xff54,
            Self::Previous => 0xff52,
            Self::Do => 0xff0d,
            Self::Back => 0xff1b,
            Self::Aloud => 0xffbe,
        }
    }
}

/// What is on the screen at one moment.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    /// Everything, in reading order.
    pub elements: Vec<Element>,
    program: Option<OwnedUniqueName>,
}

impl Sight {
    /// The first element of that role with that name.
    pub fn find(&self, role: Role, name: &str) -> Option<&Element> {
        self.elements.iter().find(|e| e.role == role && e.name == name)
    }

    /// What keys go to.
    pub fn focused(&self) -> Option<&Element> {
        self.elements.iter().find(|e| e.focused)
    }

    /// Everything there is to read: names and descriptions, in reading order.
    pub fn texts(&self) -> Vec<String> {
        let both = self.elements.iter().flat_map(|e| [&e.name, &e.description]);
        both.filter(|text| !text.is_empty()).cloned().collect()
    }

    /// Whether some name or description has `part` in it.
    pub fn says(&self, part: &str) -> bool {
        self.elements.iter().any(|e| e.name.contains(part) || e.description.contains(part))
    }

    /// One element a line, for messages.
    pub fn told(&self) -> String {
        let line = |e: &Element| {
            let off = if e.enabled { "" } else { " (off)" };
            let more = if e.description.is_empty() { String::new() } else { format!(" – {}", e.description) };
            format!("  {:?} {:?}{more}{off}", e.role, e.name)
        };
        let named = self.elements.iter().filter(|e| !e.name.is_empty() || !e.description.is_empty());
        named.map(line).collect::<Vec<_>>().join("\n")
    }
}

/// The window on a [`Display`].
pub struct Window {
    tree: Tree,
    hand: Hand,
}

impl Window {
    /// Connects to the display's eyes and hands. Do so before the program starts: it then finds its keyboard laid.
    pub fn open(display: &Display) -> Result<Self> {
        Ok(Self { tree: Tree::open(display.bus(), None)?, hand: Hand::open(display.name())? })
    }

    /// The same for one of several programs, by its name.
    pub fn of_program(display: &Display, program: &str) -> Result<Self> {
        Ok(Self { tree: Tree::open(display.bus(), Some(program))?, hand: Hand::open(display.name())? })
    }

    /// Lays the windows on the display side by side, in the order they were opened, as a window manager would.
    pub fn lay_side_by_side(&self) -> Result<()> {
        self.hand.lay_side_by_side()
    }

    /// Closes the window that was opened last, as its title bar would.
    pub fn close_last(&self) -> Result<()> {
        self.hand.close_last()
    }

    /// What is on the screen now.
    pub fn sight(&self) -> Sight {
        // A program that is just starting or ending does not answer; that is nothing on the screen, not a failure.
        let (program, elements) = self.tree.read().unwrap_or_default();
        Sight { elements, program }
    }

    /// Waits until the screen is as wanted and returns it.
    pub fn wait_until(&self, what: &str, wanted: impl FnMut(&Sight) -> bool) -> Result<Sight> {
        self.wait_until_within(SOON, what, wanted)
    }

    /// The same, with a deadline of its own.
    pub fn wait_until_within(
        &self,
        patience: Duration,
        what: &str,
        wanted: impl FnMut(&Sight) -> bool,
    ) -> Result<Sight> {
        self.look_until(patience, wanted).or_else(|sight| {
            let picture = self.keep_picture(what);
            bail!("within {patience:?} the screen did not show {what}. It shows ({picture}):\n{}", sight.told())
        })
    }

    /// Looks until the screen is as wanted, and returns it; if it never is, what it shows at last.
    pub fn look_until(
        &self,
        patience: Duration,
        mut wanted: impl FnMut(&Sight) -> bool,
    ) -> std::result::Result<Sight, Sight> {
        let deadline = Instant::now() + patience;
        loop {
            let sight = self.sight();
            if wanted(&sight) {
                return Ok(sight);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(sight);
            }
            self.tree.wait_change(left.min(GLANCE));
        }
    }

    /// Waits until a window is shown and drawn: before that, a touch would go through it.
    pub fn wait_drawn(&self) -> Result<()> {
        self.wait_until("a window", |_| self.hand.sees_a_window().unwrap_or(false)).map(drop)
    }

    /// Waits for an element.
    pub fn wait_for(&self, role: Role, name: &str) -> Result<Element> {
        let sight = self.wait_until(&format!("{role:?} {name:?}"), |sight| sight.find(role, name).is_some())?;
        sight.find(role, name).cloned().context("it was there")
    }

    /// Waits until some name or description has `part` in it.
    pub fn wait_for_text(&self, part: &str) -> Result<Sight> {
        self.wait_until(&format!("the text {part:?}"), |sight| sight.says(part))
    }

    /// Waits until nothing on the screen has `part` in it.
    pub fn wait_gone(&self, part: &str) -> Result<Sight> {
        self.wait_until(&format!("no text {part:?}"), |sight| !sight.says(part))
    }

    /// Everything there is to read.
    pub fn texts(&self) -> Vec<String> {
        self.sight().texts()
    }

    /// Waits for a button, a box or a choice of that name to be enabled and presses it.
    pub fn tap(&self, name: &str) -> Result<()> {
        self.tap_nth(name, 0)
    }

    /// The same for the n-th of that name, from 0, in reading order.
    pub fn tap_nth(&self, name: &str, n: usize) -> Result<()> {
        let pressable =
            |e: &&Element| e.name == name && e.enabled && matches!(e.role, Role::Button | Role::Check | Role::Choice);
        self.touch(&format!("{name:?} to press"), |sight| sight.elements.iter().filter(pressable).nth(n).cloned())
    }

    /// Touches a field.
    pub fn open_field(&self, name: &str) -> Result<()> {
        self.touch(&format!("the field {name:?}"), |sight| sight.find(Role::Field, name).cloned())
    }

    /// Empties the field that has the keyboard and types into it; waits until it shows the text.
    pub fn replace_text(&self, name: &str, text: &str) -> Result<()> {
        self.hand.focus_top_window()?;
        for _ in self.typed(name)?.chars() {
            self.hand.press(BACKSPACE)?;
        }
        self.hand.write(text)?;
        let what = format!("{text:?} in the field {name:?}");
        self.wait_until(&what, |_| self.typed(name).is_ok_and(|typed| typed == text))?;
        Ok(())
    }

    /// What stands in a field.
    pub fn typed(&self, name: &str) -> Result<String> {
        let sight = self.sight();
        let element = sight.find(Role::Field, name).with_context(|| format!("no field {name:?}"))?;
        let program = sight.program.as_ref().context("no window")?;
        self.tree.typed(program, element)
    }

    /// Presses a key of the pad of five.
    pub fn press_key(&self, key: Key) -> Result<()> {
        self.hand.focus_top_window()?;
        self.hand.press(key.keysym())
    }

    /// Types keys into whatever has the focus.
    pub fn write(&self, text: &str) -> Result<()> {
        self.hand.focus_top_window()?;
        self.hand.write(text)
    }

    /// Drags a finger from one point to another.
    pub fn drag(&self, from: (i16, i16), to: (i16, i16)) -> Result<()> {
        self.hand.drag(from, to)
    }

    /// Turns the wheel at one point, down for a positive number of notches.
    pub fn wheel(&self, left: i16, top: i16, notches: i32) -> Result<()> {
        self.hand.wheel(left, top, notches)
    }

    /// Where an element is now.
    pub fn place(&self, role: Role, name: &str) -> Result<Place> {
        let mut gone = None;
        for _ in 0..LOOKS {
            let sight = self.sight();
            let element = sight.find(role, name).with_context(|| format!("no {role:?} {name:?}:\n{}", sight.told()))?;
            match self.tree.place(sight.program.as_ref().context("no window")?, element) {
                Ok(place) => return Ok(place),
                Err(error) => gone = Some(error),
            }
        }
        Err(gone.context("it was not looked for")?)
    }

    /// A picture of the screen.
    pub fn picture(&self) -> Result<Picture> {
        self.hand.look()
    }

    /// A picture of the screen once everything is drawn: what a screen reader is told comes a little before it.
    pub fn still_picture(&self) -> Result<Picture> {
        self.wait_still()?;
        self.picture()
    }

    /// Waits until everything is drawn.
    pub fn wait_still(&self) -> Result<()> {
        self.wait_at_rest(self.sight().program.as_ref().context("no window")?)
    }

    /// Writes a picture of the screen.
    pub fn screenshot(&self, path: &Path) -> Result<()> {
        self.picture()?.save(path)
    }

    /// Waits until the program has laid out and drawn what it was told: until its main thread has nothing to do.
    fn wait_at_rest(&self, program: &OwnedUniqueName) -> Result<()> {
        let stat = format!("/proc/{}/stat", self.tree.process_of(program)?);
        let began = Instant::now();
        let mut at_rest = 0;
        while at_rest < REST && began.elapsed() < RESTLESS {
            // The state is the first word after the name, which stands in brackets: proc(5).
            let told = std::fs::read_to_string(&stat)?;
            let sleeps = told.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'));
            at_rest = if sleeps { at_rest + 1 } else { 0 };
            self.tree.wait_change(BLINK);
        }
        Ok(())
    }

    /// Touches what is found, once it is there and at rest. What is drawn anew meanwhile, as a row of a list is when it changes, is
    /// looked for again.
    fn touch(&self, what: &str, find: impl Fn(&Sight) -> Option<Element>) -> Result<()> {
        let mut gone = None;
        for _ in 0..LOOKS {
            let sight = self.wait_until(what, |sight| find(sight).is_some())?;
            let element = find(&sight).context("it was there")?;
            let program = sight.program.as_ref().context("no window")?;
            // A button that is about to move would be missed, by a person as well.
            self.wait_at_rest(program)?;
            match self.tree.place(program, &element) {
                Ok(place) => return self.touch_at(place, &element.name),
                Err(error) => gone = Some(error),
            }
        }
        Err(gone.context("it was not looked for")?)
    }

    fn touch_at(&self, place: Place, name: &str) -> Result<()> {
        let (left, top) = (place.x + place.width / 2, place.y + place.height / 2);
        let (width, height) = self.hand.size()?;
        if !(0..i32::from(width)).contains(&left) || !(0..i32::from(height)).contains(&top) {
            bail!("{name:?} lies at {place:?}, outside the screen");
        }
        self.hand.tap(i16::try_from(left)?, i16::try_from(top)?)
    }

    fn keep_picture(&self, what: &str) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let words: String = what.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
        let path: PathBuf = target_dir().join("failures").join(format!("{}-{count}-{words}.png", std::process::id()));
        match self.screenshot(&path) {
            Ok(()) => path.display().to_string(),
            Err(error) => format!("no picture: {error:#}"),
        }
    }
}
