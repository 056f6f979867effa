//! The demo for a person: the kiosk on their own display, the workbench beside it, and a rig that does what the workbench asks.
//!
//! **Invariant:** a wish that cannot be fulfilled is a sentence on the workbench; the demo goes on.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use madkort_protocol::Money;

use crate::bench_words::{Card, Fault, Show, Wish};
use crate::bins::bin;
use crate::device::{Device, new_id};
use crate::process::Process;
use crate::rig::Rig;

/// How long paper may lie unseen while nothing is pressed.
const GLANCE: Duration = Duration::from_millis(150);
/// What the till sells for, in whole kroner.
const SALE_KR: i32 = 12;
/// What the window calls the telephone in place of a UID.
const TELEPHONE: &str = "phone";

/// Plays until one of the two windows is closed.
pub fn play(rig: &mut Rig) -> Result<()> {
    let window = Process::start("workbench", &mut Command::new(bin("workbench")))?;
    let till = rig.till()?;
    let mut bench = Bench { rig, window, till, lying: None, papers: 0 };
    bench.lay_out()?;
    loop {
        if bench.rig.kiosk.has_ended() {
            return Ok(());
        }
        bench.show_papers()?;
        // The window was closed: that is the end of the demo, not a failure.
        let Ok(line) = bench.window.listen(GLANCE) else { return Ok(()) };
        let Some(wish) = line.and_then(|line| serde_json::from_str::<Wish>(&line).ok()) else { continue };
        let said = bench.fulfil(wish).unwrap_or_else(|error| format!("That did not work: {error:#}"));
        bench.show(&Show::Say(said))?;
    }
}

struct Bench<'a> {
    rig: &'a mut Rig,
    window: Process,
    till: Device,
    /// What lies on the reader: a UID, or the telephone.
    lying: Option<String>,
    /// Papers shown so far.
    papers: usize,
}

impl Bench<'_> {
    fn lay_out(&mut self) -> Result<()> {
        let cards = &self.rig.server.school().cards;
        let card = |card: &crate::school::Card| {
            let about = match (card.ask_code, card.shows.as_str()) {
                (true, shows) => format!("Code {}. {shows}", card.code),
                (false, "") => "No code asked".to_owned(),
                (false, shows) => shows.to_owned(),
            };
            let name = if card.name.is_empty() { &card.label } else { &card.name };
            Card { uid: card.uid.clone(), name: name.clone(), about }
        };
        let (shown, crowd): (Vec<_>, Vec<_>) = cards.iter().partition(|card| !card.shows.is_empty());
        let drawer = shown.into_iter().chain(crowd).map(card).collect();
        self.show(&Show::Cards(drawer))
    }

    fn fulfil(&mut self, wish: Wish) -> Result<String> {
        match wish {
            Wish::Tap(uid) => {
                self.lift()?;
                self.rig.reader.tap(&uid)?;
                self.lies(Some(uid))?;
                Ok("The card lies on the reader.".to_owned())
            }
            Wish::TapPhone => {
                self.lift()?;
                self.rig.reader.tap_phone()?;
                self.lies(Some(TELEPHONE.to_owned()))?;
                Ok("A telephone lies on the reader.".to_owned())
            }
            Wish::Lift => {
                self.lift()?;
                Ok("The reader is empty.".to_owned())
            }
            Wish::Switch(fault, broken) => {
                self.switch(fault, broken)?;
                self.show(&Show::Switch(fault, broken))?;
                Ok(String::new())
            }
            Wish::Pay => self.pay(),
            Wish::Sell => self.sell(),
        }
    }

    fn lift(&mut self) -> Result<()> {
        if self.lying.is_some() {
            // A card falls off when the reader is pulled out; then there is nothing to lift.
            let _ = self.rig.reader.lift();
        }
        self.lies(None)
    }

    fn lies(&mut self, what: Option<String>) -> Result<()> {
        self.lying.clone_from(&what);
        self.show(&Show::Lying(what))
    }

    fn switch(&mut self, fault: Fault, broken: bool) -> Result<()> {
        match (fault, broken) {
            (Fault::Network, true) => self.rig.network.cut(),
            (Fault::Network, false) => self.rig.network.restore(),
            (Fault::Server, true) => self.rig.server.kill9()?,
            (Fault::Server, false) => self.rig.server.switch_on()?,
            (Fault::Reader, true) => {
                self.lift()?;
                self.rig.reader.unplug()?;
            }
            (Fault::Reader, false) => self.rig.reader.plug()?,
            (Fault::Paper, true) => self.rig.printer.paper_out()?,
            (Fault::Paper, false) => self.rig.printer.new_roll()?,
            (Fault::Cover, open) => self.rig.printer.cover(open)?,
        }
        Ok(())
    }

    fn pay(&mut self) -> Result<String> {
        let Some(page) = self.rig.ledger().open_page()? else {
            return Ok("No payment page is open: choose an amount on the kiosk first.".to_owned());
        };
        let number = self.rig.server.school().good_payment_card()?.to_owned();
        let url = format!("http://{}/pay/{page}", self.rig.server.address());
        let phone = self.rig.phone()?;
        phone.open(&url)?;
        phone.fill("#card", &number)?;
        phone.click("#pay")?;
        Ok(format!("The phone paid on {url}"))
    }

    fn sell(&mut self) -> Result<String> {
        let Some(uid) = self.lying.as_deref().filter(|lying| *lying != TELEPHONE) else {
            return Ok("Lay a card on the reader first: the till sells to that card.".to_owned());
        };
        let answer =
            self.till.purchase(new_id(), uid, Money::from_kroner(SALE_KR), "Solgt i kassen").context("the till")?;
        Ok(format!("The till sold for {SALE_KR},00 kr.: {:?}", answer.outcome))
    }

    fn show_papers(&mut self) -> Result<()> {
        let papers = self.rig.printer.papers()?[self.papers..].to_vec();
        self.papers += papers.len();
        papers.into_iter().try_for_each(|paper| self.show(&Show::Paper(paper.png)))
    }

    fn show(&mut self, what: &Show) -> Result<()> {
        self.window.tell(&serde_json::to_string(what)?)
    }
}
