//! The loop: what happened goes into the core, what it wants goes to the drivers, what it shows goes on the screen.
//!
//! On the screen's thread, and the only one that holds the [`Kiosk`]. **Invariants:** events are taken one at a time, in the order in
//! which they came; before each hand and each card the core is told the time, so that a cut-off holds to the second; nothing here
//! blocks, and a log line names pages, never people.

use std::sync::mpsc::{Receiver, Sender};
use std::time::Instant;

use kiosk_core::{Effect, Event, Intent, Kiosk, Link, Moment, Page, Screen};
use madkort_protocol::{Language, OperationId};

use crate::card::TapSeen;
use crate::events::{Clock, Dice, danish_day};
use crate::lights::Lights;
use crate::store::StoreHandle;
use crate::sync::{Question, SyncHandle, Typed};

/// A screen.
pub trait Face {
    /// Shows this and nothing else.
    fn show(&self, screen: &Screen);
}

/// What carries out effects.
pub struct Drivers {
    /// The database.
    pub store: StoreHandle,
    /// The server.
    pub sync: SyncHandle,
    /// Status light and buzzer.
    pub lights: Box<dyn Lights>,
}

/// What came in: an event, or a hand that has no operation id yet.
#[derive(Clone, Debug)]
pub enum Incoming {
    /// From a driver.
    Event(Event),
    /// From the screen.
    Hand(Intent),
    /// Time goes on.
    Second,
}

/// The loop's own.
pub struct Shell {
    kiosk: Kiosk,
    face: Box<dyn Face>,
    drivers: Drivers,
    clock: Clock,
    dice: Dice,
    started: Instant,
    incoming: Receiver<Incoming>,
    tap_seen: TapSeen,
    online: bool,
    outbox_stuck: bool,
    shown: Option<Screen>,
    /// Called after a page that a tap led to has been handed to the screen, with the time the card was seen.
    on_tap_shown: fn(&'static str, Instant),
}

impl Shell {
    /// A loop that has not begun. `incoming` is where everybody's [`Incoming`] arrives.
    #[must_use]
    pub fn new(
        face: Box<dyn Face>,
        drivers: Drivers,
        (clock, dice): (Clock, Dice),
        house: Language,
        incoming: Receiver<Incoming>,
        tap_seen: TapSeen,
        on_tap_shown: fn(&'static str, Instant),
    ) -> Self {
        let (kiosk, started) = (Kiosk::speaking(house), Instant::now());
        Self {
            kiosk,
            face,
            drivers,
            clock,
            dice,
            started,
            incoming,
            tap_seen,
            online: false,
            outbox_stuck: false,
            shown: None,
            on_tap_shown,
        }
    }

    /// Takes everything that has come in, and shows what it led to.
    pub fn drain(&mut self) {
        while let Ok(incoming) = self.incoming.try_recv() {
            match incoming {
                Incoming::Second => self.tick(),
                Incoming::Hand(intent) => {
                    self.tick();
                    let fresh = self.fresh_id();
                    self.take(Event::Hand(intent, fresh));
                }
                Incoming::Event(event) => {
                    if matches!(event, Event::Tapped(_) | Event::TapRefused(_) | Event::Lifted) {
                        self.tick();
                    }
                    self.take(event);
                }
            }
        }
        self.show();
    }

    fn tick(&mut self) {
        let wall = self.clock.now();
        let mono_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.take(Event::Tick(Moment { mono_ms, wall, today: danish_day(wall) }));
    }

    fn take(&mut self, event: Event) {
        match &event {
            Event::Link(link) => self.online = *link == Link::Online,
            Event::Outbox { stuck } => self.outbox_stuck = *stuck,
            _ => {}
        }
        let (kiosk, effects) = std::mem::take(&mut self.kiosk).update(event);
        self.kiosk = kiosk;
        for effect in effects {
            self.carry_out(effect);
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        let Drivers { store, sync, lights } = &mut self.drivers;
        match effect {
            Effect::LookUp(uid) => {
                store.tell(|desk| desk.look_up(uid));
                sync.ask(Question::Hurry);
            }
            Effect::LookUpNumber(number) => {
                store.tell(move |desk| desk.look_up_number(&number));
                sync.ask(Question::Hurry);
            }
            Effect::Follow(card) => {
                store.tell(move |desk| desk.follow(card));
                sync.ask(Question::NextVisit);
            }
            Effect::CheckCode { card, code } => sync.ask(Question::CheckCode { card, code: Typed::Code(code) }),
            Effect::CheckPassword { card, password } => {
                sync.ask(Question::CheckCode { card, code: Typed::Password(password) });
            }
            Effect::OpenCard { card, code } => sync.ask(Question::CheckCode { card, code: Typed::Opening(code) }),
            Effect::AskReset(request) => sync.ask(Question::AskReset(request)),
            Effect::ChangePassword { person, card, current, fresh } => {
                sync.ask(Question::ChangePassword { person, card, current, fresh });
            }
            Effect::Record { id, draft, slip } => {
                let language = self.kiosk.view().language;
                // The server judges it by the time it was made, whatever keeps it from arriving.
                let offline = !self.online || self.outbox_stuck;
                let slip = slip.map(|slip| (slip, language));
                store.tell(move |desk| desk.record(id, draft, slip, offline));
            }
            Effect::OpenDeposit(request) => sync.ask(Question::OpenDeposit(request)),
            Effect::CancelDeposit(id) => sync.ask(Question::CancelDeposit(id)),
            Effect::FollowDeposit(id) => sync.ask(Question::FollowDeposit(id)),
            Effect::DepositTold(id) => store.tell(move |desk| desk.deposit_told(id)),
            Effect::ForgetDeposit(id) => {
                store.tell(move |desk| desk.leave_deposit(id));
                sync.ask(Question::ForgetDeposit(id));
            }
            Effect::AskQuote { account, request } => sync.ask(Question::AskQuote { account, request }),
            Effect::LoadAllergies(card) => sync.ask(Question::LoadAllergies(card)),
            Effect::SaveAllergies { person, change } => sync.ask(Question::SaveAllergies { person, change }),
            Effect::LoadProfile(person) => sync.ask(Question::LoadProfile(person)),
            Effect::SaveProfile { person, change } => sync.ask(Question::SaveProfile { person, change }),
            Effect::LoadPicture(person) => sync.ask(Question::LoadPicture(person)),
            Effect::OpenPicturePage(request) => sync.ask(Question::OpenPicturePage(request)),
            Effect::CancelPicturePage(id) => sync.ask(Question::CancelPicturePage(id)),
            Effect::Withdraw(request) => sync.ask(Question::Withdraw(request)),
            Effect::CancelWithdrawal(id) => sync.ask(Question::CancelWithdrawal(id)),
            Effect::LoadWithdrawals(account) => sync.ask(Question::LoadWithdrawals(account)),
            Effect::Transfer(request) => sync.ask(Question::Transfer(request)),
            Effect::LoadAutoRecharge(account) => sync.ask(Question::LoadAutoRecharge(account)),
            Effect::ChangeAutoRecharge { account, card, wish } => {
                sync.ask(Question::ChangeAutoRecharge { account, card, wish });
            }
            Effect::OpenMandatePage(request) => sync.ask(Question::OpenMandatePage(request)),
            Effect::CancelMandatePage(id) => sync.ask(Question::CancelMandatePage(id)),
            Effect::LoadStatement { account, month } => sync.ask(Question::LoadStatement { account, month }),
            Effect::MailStatement { account, month, request } => {
                sync.ask(Question::MailStatement { account, month, request });
            }
            Effect::Print { reference, language, paper } => {
                store.tell(move |desk| desk.print(reference, &paper, language));
            }
            Effect::Light(light) => lights.light(light),
            Effect::Beep(beep) => lights.beep(beep),
        }
    }

    fn show(&mut self) {
        let screen = self.kiosk.view();
        if self.shown.as_ref() == Some(&screen) {
            return;
        }
        let (before, now) = (self.shown.as_ref().map(|shown| page_name(&shown.page)), page_name(&screen.page));
        if before != Some(now) {
            tracing::info!(screen = now);
        }
        self.face.show(&screen);
        if matches!(screen.page, Page::Home(_) | Page::Code(_))
            && before != Some(now)
            && let Some(seen) = self.tap_seen.take()
        {
            (self.on_tap_shown)(now, seen);
        }
        self.shown = Some(screen);
    }

    /// A version 7 id (RFC 9562): keys arrive at the ledger in time order.
    fn fresh_id(&self) -> OperationId {
        let millis = u64::try_from(self.clock.now().as_millisecond()).unwrap_or_default();
        let mut random = [0; 10];
        random[..8].copy_from_slice(&self.dice.roll().to_be_bytes());
        random[8..].copy_from_slice(&self.dice.roll().to_be_bytes()[..2]);
        OperationId::new(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }
}

/// A way for drivers and screen to reach the loop: into the channel, then `wake`.
pub fn way_in(out: Sender<Incoming>, wake: fn()) -> impl Fn(Incoming) + Send + Sync + Clone {
    move |incoming| {
        // Fails only when the loop is gone.
        let _ = out.send(incoming);
        wake();
    }
}

/// The page's name for logs: the variant and nothing of what is on it.
#[must_use]
pub const fn page_name(page: &Page) -> &'static str {
    match page {
        Page::Starting => "Starting",
        Page::OutOfService(_) => "OutOfService",
        Page::Idle(_) => "Idle",
        Page::Code(_) => "Code",
        Page::Password(_) => "Password",
        Page::Forgotten(_) => "Forgotten",
        Page::Number(_) => "Number",
        Page::Home(_) => "Home",
        Page::Accounts(_) => "Accounts",
        Page::BlockCard(_) => "BlockCard",
        Page::DepositAmount(_) => "DepositAmount",
        Page::DepositPay(_) => "DepositPay",
        Page::DepositDone(_) => "DepositDone",
        Page::AutoRecharge(_) => "AutoRecharge",
        Page::StopAutoRecharge(_) => "StopAutoRecharge",
        // A warning as any menu: that somebody was warned is in no log.
        Page::Menu(_) | Page::Allergy(_) => "Menu",
        Page::Days(_) => "Days",
        Page::Checkout(_) => "Checkout",
        Page::OrderDone(_) => "OrderDone",
        Page::Orders(_) => "Orders",
        // What somebody looks at there is in no log.
        Page::Profile(_) | Page::Allergies(_) => "Profile",
        Page::ChangePassword(_) => "ChangePassword",
        Page::ChangePicture(_) => "ChangePicture",
        Page::Statement(_) => "Statement",
        Page::Months(_) => "Months",
        Page::MailStatement(_) => "MailStatement",
        Page::Support(_) => "Support",
        Page::SupportDone(_) => "SupportDone",
        Page::Transfer(_) => "Transfer",
        Page::TransferDone(_) => "TransferDone",
        Page::Withdraw(_) => "Withdraw",
        Page::WithdrawCheck(_) => "WithdrawCheck",
        Page::WithdrawDone(_) => "WithdrawDone",
    }
}
