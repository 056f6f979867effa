//! The window as a screen reader gets it: the accessibility tree over AT-SPI.
//!
//! **Invariant:** one reading is one answer of the program, so names and roles in it belong to one moment.

use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_lite::StreamExt;
use zbus::connection::Builder;
use zbus::names::OwnedUniqueName;
use zbus::zvariant::{OwnedObjectPath, Value};
use zbus::{Connection, MatchRule, MessageStream, block_on};

/// How long the program may take to answer one question: its event loop may be busy with a frame.
const ANSWER: Duration = Duration::from_secs(10);
/// Coordinates are asked for relative to the screen (AT-SPI `CoordType`).
const ON_SCREEN: u32 = 0;
/// Where every program keeps its cache of accessible objects.
const CACHE: &str = "/org/a11y/atspi/cache";
/// The root of the registry, and of every program.
const ROOT: &str = "/org/a11y/atspi/accessible/root";
/// `STATE_CHECKED`, `STATE_ENABLED`, `STATE_FOCUSED`, `STATE_PRESSED` as bits of AT-SPI's state set.
const CHECKED: u64 = 1 << 4;
const ENABLED: u64 = 1 << 8;
const FOCUSED: u64 = 1 << 12;
const PRESSED: u64 = 1 << 20;

/// What an element is, as far as a person tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Something to press.
    Button,
    /// Something to read.
    Text,
    /// Something to type into.
    Field,
    /// A box to tick, a switch.
    Check,
    /// A picture with a meaning.
    Image,
    /// One of a row of choices: a tab, a radio button, an entry of a list.
    Choice,
    /// Anything else, by its AT-SPI number.
    Other(u32),
}

impl Role {
    fn of(number: u32) -> Self {
        match number {
            43 => Self::Button,
            29 | 83 | 116 | 2 | 73 | 101 | 54 => Self::Text,
            61 | 79 | 40 | 52 => Self::Field,
            7 | 62 | 130 => Self::Check,
            26 | 27 => Self::Image,
            37 | 44 | 32 => Self::Choice,
            other => Self::Other(other),
        }
    }
}

/// Where an element is on the screen, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Place {
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
}

/// One element of the window.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// What it is.
    pub role: Role,
    /// What a screen reader calls it.
    pub name: String,
    /// What a screen reader adds.
    pub description: String,
    /// Whether it can be used.
    pub enabled: bool,
    /// Whether it is ticked.
    pub checked: bool,
    /// Whether keys go to it.
    pub focused: bool,
    path: OwnedObjectPath,
}

impl Element {
    /// Whether it is the same thing, whatever it is called or can do now.
    pub fn is(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

/// One entry of `org.a11y.atspi.Cache.GetItems`: object, application, parent, index, number of children, interfaces, name, role,
/// description, states.
type Item = (Object, Object, Object, i32, i32, Vec<String>, String, u32, String, Vec<u32>);
type Object = (String, OwnedObjectPath);

/// A connection to the accessibility bus.
pub struct Tree {
    bus: Connection,
    changes: Receiver<()>,
    program: Option<String>,
}

impl Tree {
    /// Connects through the session bus and tells programs that somebody reads along.
    ///
    /// Of several programs the one called `program` is read; without that, the newest.
    pub fn open(session_address: &str, program: Option<&str>) -> Result<Self> {
        let program = program.map(str::to_owned);
        block_on(async {
            let session = Builder::address(session_address)?.method_timeout(ANSWER).build().await?;
            let bus_name = Some("org.a11y.Bus");
            let address: String = session
                .call_method(bus_name, "/org/a11y/bus", bus_name, "GetAddress", &())
                .await
                .context("the accessibility bus did not start")?
                .body()
                .deserialize()?;
            let on = Value::from(true);
            session
                .call_method(
                    bus_name,
                    "/org/a11y/bus",
                    Some("org.freedesktop.DBus.Properties"),
                    "Set",
                    &("org.a11y.Status", "IsEnabled", &on),
                )
                .await?;
            let bus = Builder::address(address.as_str())?.method_timeout(ANSWER).build().await?;
            let changes = follow_changes(&address).await?;
            Ok(Self { bus, changes, program })
        })
    }

    /// Waits until something in some window changed, at most `patience`.
    pub fn wait_change(&self, patience: Duration) {
        if self.changes.recv_timeout(patience).is_ok() {
            while self.changes.try_recv().is_ok() {}
        }
    }

    /// Everything in the program's windows, in reading order. Empty while there is none.
    pub fn read(&self) -> Result<(Option<OwnedUniqueName>, Vec<Element>)> {
        block_on(async {
            let Some(program) = self.find_program().await? else { return Ok((None, Vec::new())) };
            let answer = self
                .bus
                .call_method(Some(program.as_str()), CACHE, Some("org.a11y.atspi.Cache"), "GetItems", &())
                .await?;
            let items: Vec<Item> = answer.body().deserialize()?;
            Ok((Some(OwnedUniqueName::try_from(program)?), in_reading_order(&items)))
        })
    }

    async fn find_program(&self) -> Result<Option<String>> {
        let registry = Some("org.a11y.atspi.Registry");
        let accessible = Some("org.a11y.atspi.Accessible");
        let answer = self.bus.call_method(registry, ROOT, accessible, "GetChildren", &()).await?;
        let programs: Vec<Object> = answer.body().deserialize()?;
        for (program, _) in programs.into_iter().rev() {
            let Some(wanted) = &self.program else { return Ok(Some(program)) };
            let properties = Some("org.freedesktop.DBus.Properties");
            let name = ("org.a11y.atspi.Accessible", "Name");
            // One that is just ending does not answer.
            let Ok(answer) = self.bus.call_method(Some(program.as_str()), ROOT, properties, "Get", &name).await else {
                continue;
            };
            let name: zbus::zvariant::OwnedValue = answer.body().deserialize()?;
            if String::try_from(name).is_ok_and(|name| name == *wanted) {
                return Ok(Some(program));
            }
        }
        Ok(None)
    }

    /// The process number of the program.
    pub fn process_of(&self, program: &OwnedUniqueName) -> Result<u32> {
        block_on(async {
            let bus = Some("org.freedesktop.DBus");
            let name = program.as_str();
            let answer =
                self.bus.call_method(bus, "/org/freedesktop/DBus", bus, "GetConnectionUnixProcessID", &name).await?;
            Ok(answer.body().deserialize()?)
        })
    }

    /// Where an element is now.
    pub fn place(&self, program: &OwnedUniqueName, element: &Element) -> Result<Place> {
        let (x, y, width, height): (i32, i32, i32, i32) = block_on(async {
            let component = Some("org.a11y.atspi.Component");
            let answer = self
                .bus
                .call_method(Some(program.as_str()), &element.path, component, "GetExtents", &ON_SCREEN)
                .await?;
            answer.body().deserialize()
        })
        .with_context(|| format!("where is {:?} {:?}?", element.role, element.name))?;
        ensure!(width > 0 && height > 0, "{:?} {:?} has no size", element.role, element.name);
        Ok(Place { x, y, width, height })
    }

    /// What stands in a field.
    pub fn typed(&self, program: &OwnedUniqueName, element: &Element) -> Result<String> {
        block_on(async {
            let text = Some("org.a11y.atspi.Text");
            let answer =
                self.bus.call_method(Some(program.as_str()), &element.path, text, "GetText", &(0_i32, -1_i32)).await?;
            Ok(answer.body().deserialize()?)
        })
    }
}

async fn follow_changes(address: &str) -> Result<Receiver<()>> {
    // A connection of its own, so that no signal waits behind an answer.
    let bus = Builder::address(address)?.build().await?;
    let rule =
        MatchRule::builder().msg_type(zbus::message::Type::Signal).interface("org.a11y.atspi.Event.Object")?.build();
    let mut signals = MessageStream::for_match_rule(rule, &bus, None).await?;
    let (sender, changes) = channel();
    thread::spawn(move || {
        block_on(async {
            while signals.next().await.is_some_and(|signal| signal.is_ok()) {
                if sender.send(()).is_err() {
                    break;
                }
            }
        });
    });
    Ok(changes)
}

fn in_reading_order(items: &[Item]) -> Vec<Element> {
    let mut order = Vec::new();
    let mut open: Vec<usize> = items.iter().position(|item| item.0.1.as_str() == ROOT).into_iter().collect();
    while let Some(at) = open.pop() {
        order.push(at);
        let mut children: Vec<usize> = (0..items.len()).filter(|&i| i != at && items[i].2.1 == items[at].0.1).collect();
        children.sort_by_key(|&i| std::cmp::Reverse(items[i].3));
        open.extend(children);
    }
    order.into_iter().map(|at| element(&items[at])).collect()
}

fn element(item: &Item) -> Element {
    let (object, _, _, _, _, _, name, role, description, states) = item;
    let states = states.iter().rev().fold(0_u64, |bits, &word| (bits << 32) | u64::from(word));
    Element {
        role: Role::of(*role),
        name: name.clone(),
        description: description.clone(),
        enabled: states & ENABLED != 0,
        // A button that stays down is pressed, a box is checked.
        checked: states & (CHECKED | PRESSED) != 0,
        focused: states & FOCUSED != 0,
        path: object.1.clone(),
    }
}
