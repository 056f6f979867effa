//! Everything at once: server, cable, reader, printer, kiosk, and the screen it is shown on.
//!
//! **Invariant:** two rigs share nothing: each has its own folder, ports, buses, card service and screen.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use madkort_protocol::DeviceKind;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use tempfile::TempDir;

use crate::browser::Browser;
use crate::device::Device;
use crate::display::{Display, Size};
use crate::kiosk::{Kiosk, Told};
use crate::ledger::{Ledger, OrderRow};
use crate::patience::until;
use crate::printer::{Paper, Printer};
use crate::process::PATIENCE;
use crate::qr;
use crate::reader::Reader;
use crate::school::Card;
use crate::server::Server;
use crate::window::Window;
use crate::wire::Wire;
use crate::words::Words;

/// How soon an order must be in the ledger once there is a way to it: one step of the kiosk's back-off, with room.
const CAUGHT_UP: Duration = Duration::from_mins(1);

/// Where the kiosk is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// On a screen in memory.
    Hidden,
    /// On the display of the person who started the rig.
    Theirs,
}

/// What to start.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Where the kiosk is shown.
    pub stage: Stage,
    /// The panel.
    pub size: Size,
}

impl Default for Options {
    fn default() -> Self {
        Self { stage: Stage::Hidden, size: Size::PORTRAIT }
    }
}

/// The rig. Fields are dropped in their order: the kiosk first, the folder last.
pub struct Rig {
    /// The kiosk's program.
    pub kiosk: Kiosk,
    /// Its window; none when it is on the person's own display.
    window: Option<Window>,
    /// The card reader.
    pub reader: Reader,
    /// The cable between kiosk and server.
    pub network: Wire,
    /// The cable between kiosk and printer.
    pub printer_cable: Wire,
    /// The printer.
    pub printer: Printer,
    /// The server.
    pub server: Server,
    /// What the screen calls things.
    pub words: Words,
    browser: Option<Browser>,
    _display: Option<Display>,
    dir: TempDir,
}

impl Rig {
    /// Starts everything and waits until the kiosk is ready for a card.
    pub fn start(options: Options) -> Result<Self> {
        Self::start_with(options, |_, _| Ok(()))
    }

    /// The same, with a change to what the kiosk is given, or to what stands at the server, before it is switched on.
    pub fn start_with(options: Options, change: impl FnOnce(&mut Kiosk, &mut Server) -> Result<()>) -> Result<Self> {
        let rig = Self::prepare(options, change)?;
        rig.kiosk.wait_for_screen("Idle")?;
        if let Some(window) = &rig.window {
            window.wait_drawn()?;
            // It tells which page it turns to a little before that is there, and a key pressed between meets the one before.
            window.wait_still()?;
        }
        Ok(rig)
    }

    /// The same without waiting for the kiosk.
    pub fn prepare(options: Options, change: impl FnOnce(&mut Kiosk, &mut Server) -> Result<()>) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("madkort-rig-").tempdir()?;
        let display = match options.stage {
            Stage::Hidden => Some(Display::start(dir.path(), options.size)?),
            Stage::Theirs => None,
        };
        let window = display.as_ref().map(Window::open).transpose()?;
        let reader = Reader::start(&dir.path().join("pcscd"))?;
        let printer = Printer::start(&dir.path().join("papers"))?;
        let mut server = Server::start(&dir.path().join("server"))?;
        let network = Wire::to(server.address())?;
        let printer_cable = Wire::to(printer.address())?;
        let mut env: BTreeMap<_, _> = display.iter().flat_map(Display::env).collect();
        env.extend([reader.env(), ("SLINT_BACKEND".to_owned(), "winit-software".to_owned())]);
        let told = Told {
            server: network.near(),
            printer: printer_cable.near(),
            size: options.size,
            code: server.enrol_code(DeviceKind::Kiosk, "Kiosken ved trappen")?,
            env,
        };
        let mut kiosk = Kiosk::unpack(&dir.path().join("kiosk"), &told)?;
        change(&mut kiosk, &mut server)?;
        kiosk.switch_on()?;
        Ok(Self {
            kiosk,
            window,
            reader,
            network,
            printer_cable,
            printer,
            server,
            words: Words::danish()?,
            browser: None,
            _display: display,
            dir,
        })
    }

    /// The kiosk's window.
    ///
    /// # Panics
    ///
    /// On a person's own display, where the rig has no eyes.
    pub fn window(&self) -> &Window {
        #[allow(clippy::expect_used)]
        self.window.as_ref().expect("a rig on a hidden stage")
    }

    /// The card whose account has this label.
    pub fn card(&self, label: &str) -> Result<Card> {
        self.server.school().card(label).cloned()
    }

    /// The server's books.
    pub fn ledger(&self) -> Ledger {
        self.server.ledger()
    }

    /// Waits until the server has the preorder of that number.
    pub fn order_in_ledger(&self, label: &str, number: &str) -> Result<OrderRow> {
        let ledger = self.ledger();
        until(&format!("order {number} in the ledger"), CAUGHT_UP, || {
            Ok(ledger.orders(label)?.into_iter().find(|order| order.number == number))
        })
    }

    /// A till, enrolled.
    pub fn till(&self) -> Result<Device> {
        self.server.enrol(DeviceKind::Register, "Kassen")
    }

    /// The payer's phone; taken out of the pocket the first time.
    pub fn phone(&mut self) -> Result<&Browser> {
        if self.browser.is_none() {
            self.browser = Some(Browser::start(self.dir.path())?);
        }
        self.browser.as_ref().context("a phone")
    }

    /// Points the phone's camera at the screen: the address in the QR code there.
    pub fn scan(&self) -> Result<String> {
        qr::read(&self.window().picture()?, self.dir.path())
    }

    /// Lays a card on the reader, and types its code where that is asked for; waits for the person's own page.
    pub fn come_in(&mut self, label: &str) -> Result<()> {
        let card = self.card(label)?;
        self.reader.tap(&card.uid)?;
        if card.ask_code {
            self.kiosk.wait_for_screen("Code")?;
            self.type_code(&card.code)?;
        }
        self.kiosk.wait_for_screen("Home")
    }

    /// Takes the card away and waits until the kiosk is ready for the next.
    pub fn go(&mut self) -> Result<()> {
        self.reader.lift()?;
        self.kiosk.wait_for_screen("Idle")
    }

    /// Waits for the next paper.
    pub fn paper(&mut self) -> Result<Paper> {
        self.printer.take()
    }

    /// A folder of the rig's own, gone when it ends.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// How the kiosk's spool says that the slip of that order ended, once it has: `printed`, `uncertain`, ….
    pub fn slip_ended(&self, number: &str) -> Result<String> {
        let sql = "SELECT state FROM spool WHERE kind = 'order' AND instr(paper, ?1) > 0 ORDER BY job DESC LIMIT 1";
        let names_it = format!("\"number\":\"{number}\"");
        until(&format!("the end of the slip of {number}"), PATIENCE, || {
            let spool = Connection::open_with_flags(self.kiosk_database(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            let state: Option<String> = spool.query_row(sql, [&names_it], |row| row.get(0)).optional()?;
            Ok(state.filter(|state| !["queued", "sending", "waiting_paper"].contains(&state.as_str())))
        })
    }

    /// What a bare tap opens, as far as the kiosk has heard.
    pub fn kiosk_knows_tap_policy(&self) -> Result<String> {
        let known = Connection::open_with_flags(self.kiosk_database(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        Ok(known.query_row("SELECT json_extract(body, '$.tap') FROM school", [], |row| row.get(0))?)
    }

    /// The kiosk's database.
    pub fn kiosk_database(&self) -> PathBuf {
        self.kiosk.state().join("kiosk.db")
    }
}
