//! The kiosk between and during visits: who is here, what works, and when time is up.
//!
//! Pure. **Invariants:** a visit ends, and is dropped whole, when the card leaves, when nobody answers the warning, when the
//! reader can no longer tell whether the card is there, and when the disk cannot remember; a person is never let in past a
//! code that was not right.

use std::sync::Arc;

use jiff::SignedDuration;
use madkort_protocol::{
    AccountId, CardId, CardStatus, Language, OperationBody, OperationId, Rule, TapPolicy, Throttle,
};

use crate::rooms::{Around, AutoRechargeStep, CodeRoom, CodeStep, DepositStep, Eating, Inside, NumberRoom, Room};
use crate::{
    Beep, Catalogue, CodeAnswer, Effect, Event, Fault, FormProblem, Intent, LetterAnswer, Light, Link, Looks, Moment,
    Notice, PayState, PictureState, PrinterHealth, ReaderHealth, StatementBody, Visitor, Weight,
};

/// Milliseconds without a sign of life before the warning (30 s; people-centred default of self-service terminals).
pub const IDLE_AFTER: u64 = 30_000;
/// Milliseconds to answer the warning (WCAG 2.2.1 asks for at least 20 s).
pub const WARNING_FOR: u64 = 20_000;
/// Milliseconds before the warning while a payment waits on a phone: strong authentication takes its time.
const IDLE_AFTER_PAYING: u64 = 120_000;
/// Milliseconds a sentence stays on the idle screen: twice the time to read the longest.
const NOTICE_FOR: u64 = 8_000;

/// The kiosk.
#[derive(Clone, Debug, PartialEq)]
pub struct Kiosk {
    pub(crate) now: Option<Moment>,
    pub(crate) catalogue: Option<Arc<Catalogue>>,
    pub(crate) stage: Stage,
    /// Spoken when nobody is here.
    house: Language,
    /// Chosen by hand in this visit; wins over the person's own.
    pub(crate) spoken: Option<Language>,
    /// Chosen by hand in this visit.
    pub(crate) looks: Looks,
    /// Somebody listens in private.
    pub(crate) headset: bool,
    /// The page where that is chosen lies over the other.
    pub(crate) adjusting: bool,
    pub(crate) link: Link,
    pub(crate) printer: PrinterHealth,
    pub(crate) reader: Option<ReaderHealth>,
    pub(crate) disk_works: bool,
    /// The server answers and does not take what was done here.
    pub(crate) outbox_stuck: bool,
    /// Wrong numbers and codes in a row of those who came without a card.
    pub(crate) strangers: Throttle,
    touched_ms: u64,
    pub(crate) warned: bool,
}

/// Between visits, at the door, or inside.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stage {
    Waiting { notice: Option<(Notice, u64)> },
    LookingUp { uid: madkort_protocol::CardUid },
    Number(NumberRoom),
    Code(CodeRoom),
    Inside(Box<Inside>),
}

impl Default for Kiosk {
    fn default() -> Self {
        Self {
            now: None,
            catalogue: None,
            stage: Stage::Waiting { notice: None },
            house: Language::default(),
            spoken: None,
            looks: Looks::default(),
            headset: false,
            adjusting: false,
            link: Link::Offline { last_heard: None },
            printer: PrinterHealth::None,
            reader: None,
            disk_works: true,
            outbox_stuck: false,
            strangers: Throttle::default(),
            touched_ms: 0,
            warned: false,
        }
    }
}

impl Kiosk {
    /// A kiosk that speaks this language when nobody is here.
    #[must_use]
    pub fn speaking(house: Language) -> Self {
        Self { house, ..Self::default() }
    }

    /// What happened, and what to do about it.
    #[must_use]
    pub fn update(mut self, event: Event) -> (Self, Vec<Effect>) {
        let (light, followed) = (self.light(), self.followed());
        let mut effects = self.step(event);
        if self.stops().is_some() {
            effects.extend(self.end_visit(None));
        }
        if self.followed() != followed {
            effects.push(Effect::Follow(self.followed()));
        }
        if self.light() != light {
            effects.push(Effect::Light(self.light()));
        }
        (self, effects)
    }

    /// The gravest fault that stops the kiosk, if any.
    pub(crate) fn stops(&self) -> Option<Fault> {
        self.faults().into_iter().find(|f| f.weight() == Weight::Stops)
    }

    /// Everything that is wrong now, the gravest first.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let present = |fault: &Fault| match fault {
            Fault::Disk => !self.disk_works,
            Fault::NotEnrolled => self.link == Link::NotEnrolled,
            Fault::WrongVersion => self.link == Link::WrongVersion,
            Fault::OfflineTooLong => self.offline_too_long(),
            Fault::Offline => matches!(self.link, Link::Offline { .. }),
            // Out of reach nothing gets through either: one sentence for one trouble.
            Fault::Unsent => self.outbox_stuck && self.link.is_online(),
            Fault::ReaderService => self.reader == Some(ReaderHealth::ServiceDown),
            Fault::NoReader => self.reader == Some(ReaderHealth::Missing),
            Fault::ReaderFault => self.reader == Some(ReaderHealth::Faulty),
            Fault::PaperOut => self.printer == PrinterHealth::PaperOut,
            Fault::CoverOpen => self.printer == PrinterHealth::CoverOpen,
            Fault::Cutter => self.printer == PrinterHealth::Cutter,
            Fault::PrinterFault => self.printer == PrinterHealth::Faulty,
            Fault::PrinterGone => self.printer == PrinterHealth::Gone,
        };
        Fault::ALL.into_iter().filter(present).collect()
    }

    /// What the screen speaks.
    pub(crate) fn language(&self) -> Language {
        let own = match &self.stage {
            Stage::Inside(inside) => inside.visitor.person.language,
            _ => self.house,
        };
        self.spoken.unwrap_or(own)
    }

    /// The world as a room sees it, once time and school are known.
    pub(crate) fn around(&self) -> Option<Around> {
        Some(Around {
            catalogue: Arc::clone(self.catalogue.as_ref()?),
            now: self.now?,
            language: self.language(),
            link: self.link,
            outbox_stuck: self.outbox_stuck,
            printer: self.printer,
        })
    }

    /// Seconds left to answer the warning.
    pub(crate) fn warning_left(&self) -> Option<u8> {
        let now = self.now?.mono_ms;
        let ends = self.touched_ms + self.idle_after() + WARNING_FOR;
        self.warned.then(|| u8::try_from(ends.saturating_sub(now).div_ceil(1000)).unwrap_or(u8::MAX))
    }

    fn step(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Tick(now) => self.tick(now),
            Event::Tapped(uid) => self.tapped(uid),
            Event::TapRefused(refusal) => {
                let mut effects = self.end_visit(Some(Notice::Refused(refusal)));
                effects.push(Effect::Beep(Beep::Tap));
                effects
            }
            Event::Lifted => self.lifted(),
            Event::Hand(intent, fresh) => self.hand(intent, fresh),
            Event::Known(visitor) => self.known(visitor),
            Event::NotKnown(uid) => {
                if self.stage == (Stage::LookingUp { uid }) {
                    self.end_visit(Some(Notice::UnknownCard))
                } else {
                    vec![]
                }
            }
            Event::NumberNotKnown => self.number_not_known(),
            Event::Changed(visitor) => self.changed(*visitor),
            Event::Catalogue(catalogue) => {
                self.catalogue = Some(catalogue);
                vec![]
            }
            Event::CodeChecked(answer) => self.code_checked(answer),
            Event::ResetAsked(answer) => self.reset_asked(answer),
            Event::Recorded { id, number, visitor } => self.recorded(id, &number, *visitor),
            Event::RecordFailed(_) => {
                self.disk_works = false;
                vec![]
            }
            Event::Headset { plugged } => self.headset_is(plugged),
            Event::Disk { works } => {
                self.disk_works = works;
                vec![]
            }
            Event::OperationRefused { id, body, refusal } => self.refused(id, &body, refusal.rule),
            Event::Reader(health) => {
                self.reader = Some(health);
                vec![]
            }
            Event::Printer(health) => {
                self.printer = health;
                vec![]
            }
            Event::Link(link) => {
                self.link = link;
                vec![]
            }
            Event::Outbox { stuck } => {
                self.outbox_stuck = stuck;
                vec![]
            }
            word @ (Event::DepositIs(_) | Event::MandatePageIs(_) | Event::PicturePageIs(_)) => {
                let waits = self.idle_after();
                let effects = self.answered(word);
                // What was done on a telephone is a sign of life: whoever waited for it has time to read what came of it.
                if self.idle_after() < waits {
                    self.touch();
                }
                effects
            }
            answer => self.answered(answer),
        }
    }

    /// Answers that only a room waits for.
    fn answered(&mut self, event: Event) -> Vec<Effect> {
        let Some(around) = self.around() else { return vec![] };
        let Stage::Inside(inside) = &mut self.stage else { return vec![] };
        match event {
            Event::DepositIs(deposit) => return inside.deposit_is(deposit, &around),
            Event::DepositUnreachable(id) => inside.deposit_failed(id, FormProblem::Unreachable),
            Event::DepositRefused(id) => inside.deposit_failed(id, FormProblem::Refused),
            Event::DepositTooOften { id, back } => inside.deposit_failed(id, FormProblem::TooOften(back)),
            Event::WithdrawalIs(withdrawal) => return inside.withdrawal_is(&withdrawal, &around),
            Event::WithdrawalsAre(all) => inside.withdrawals_are(all.account, Some(*all)),
            Event::WithdrawalsUnreachable(account) => inside.withdrawals_are(account, None),
            Event::TransferIs(transfer) => return inside.transfer_is(transfer, &around),
            Event::AutoRechargeIs(details) => inside.auto_recharge_is(details.account, Some(details)),
            Event::AutoRechargeUnreachable(account) => inside.auto_recharge_is(account, None),
            Event::MandatePageIs(page) => return inside.mandate_page_is(page),
            Event::RequestUnreachable(id) => inside.request_unreachable(id),
            Event::RequestRefused { id, field } => inside.request_refused(id, field.as_deref()),
            Event::RequestTooOften { id, back } => inside.request_too_often(id, back),
            Event::StatementIs(statement) => inside.statement(StatementBody::Here(statement)),
            Event::QuoteIs(quote) => inside.quote_is(*quote, &around),
            Event::QuoteUnreachable { account, lines } => inside.quote_unreachable(account, lines, &around),
            Event::AllergiesAre(known) => inside.allergies_are(*known),
            Event::AllergiesUnreachable(card) => inside.allergies_unreachable(card),
            Event::AllergiesSaved { person, problem } => inside.allergies_saved(person, problem),
            Event::ProfileIs(profile) => return inside.profile_is(&profile),
            Event::ProfileUnreachable => inside.profile_failed(FormProblem::Unreachable),
            Event::ProfileRefused => inside.profile_failed(FormProblem::Refused),
            Event::ProfileTooOften(back) => inside.profile_failed(FormProblem::TooOften(back)),
            Event::CapsRefused => inside.profile_failed(FormProblem::GuardiansCap),
            Event::PictureIs { person, picture } => inside.picture_is(person, picture),
            Event::PicturePageIs(page) => return inside.picture_page_is(page),
            Event::PasswordIs(answer) => inside.password_is(answer),
            Event::PasswordUnreachable => inside.password_failed(FormProblem::NeedsConnection),
            Event::PasswordRefused => inside.password_failed(FormProblem::Refused),
            Event::PasswordTooOften(back) => inside.password_failed(FormProblem::TooOften(back)),
            Event::SignedOut => inside.signed_out(),
            Event::StatementUnreachable => inside.statement(StatementBody::Unreachable),
            Event::StatementMailed { id, answer } => inside.statement_mailed(id, answer),
            Event::Paper { reference, state } => inside.paper(&reference, state),
            _ => {}
        }
        vec![]
    }

    fn tick(&mut self, now: Moment) -> Vec<Effect> {
        self.now = Some(now);
        if matches!(self.stage, Stage::Waiting { notice: Some((_, until)) } if now.mono_ms >= until) {
            self.stage = Stage::Waiting { notice: None };
            // Whoever just touched the screen still reads.
            if now.mono_ms.saturating_sub(self.touched_ms) >= NOTICE_FOR {
                self.as_found();
            }
        }
        let waited = now.mono_ms.saturating_sub(self.touched_ms);
        if matches!(self.stage, Stage::Waiting { .. }) {
            if waited >= IDLE_AFTER {
                self.as_found();
            }
            return vec![];
        }
        if waited >= self.idle_after() + WARNING_FOR {
            return self.end_visit(Some(Notice::Goodbye));
        }
        if waited >= self.idle_after() && !self.warned {
            self.warned = true;
            return vec![Effect::Beep(Beep::Warning)];
        }
        vec![]
    }

    fn tapped(&mut self, uid: madkort_protocol::CardUid) -> Vec<Effect> {
        let mut effects = self.end_visit(None);
        effects.push(Effect::Beep(Beep::Tap));
        if self.stops().is_none() && self.catalogue.is_some() {
            self.touch();
            self.stage = Stage::LookingUp { uid: uid.clone() };
            effects.push(Effect::LookUp(uid));
        }
        effects
    }

    fn lifted(&mut self) -> Vec<Effect> {
        match &self.stage {
            // What the tap came to stays long enough to be read.
            // And a card that somebody forgot on the reader is not theirs who come without one.
            Stage::Waiting { .. } | Stage::Number(_) => vec![],
            Stage::Code(room) if room.without_card => vec![],
            Stage::Inside(inside) if inside.without_card => vec![],
            _ => self.end_visit(Some(Notice::Goodbye)),
        }
    }

    fn known(&mut self, visitor: Box<Visitor>) -> Vec<Effect> {
        let without_card = match &self.stage {
            Stage::LookingUp { .. } => false,
            Stage::Number(room) if room.asked.as_ref().is_some_and(|n| n.masked() == visitor.card_masked) => true,
            _ => return vec![],
        };
        if let Some(notice) = Notice::of(visitor.status) {
            return self.end_visit(Some(notice));
        }
        // Whoever blocked their own card opens it with its code, and comes to nothing else before that.
        let opens = visitor.status == CardStatus::BlockedByHolder;
        let policy = self.catalogue.as_ref().map_or(TapPolicy::AlwaysAskCode, |c| c.school.tap);
        if opens || without_card || visitor.ask_code || policy == TapPolicy::AlwaysAskCode {
            self.stage = Stage::Code(CodeRoom::enter(visitor, without_card));
            vec![]
        } else {
            self.let_in(visitor, false, false)
        }
    }

    fn let_in(&mut self, visitor: Box<Visitor>, signed_in: bool, without_card: bool) -> Vec<Effect> {
        let Some(first) = visitor.accounts.first() else { return self.end_visit(Some(Notice::UnknownCard)) };
        let chosen = first.id;
        let (room, cancelling, refused, eating) = (Room::Home, None, None, Eating::default());
        let inside = Inside { visitor: *visitor, signed_in, without_card, chosen, room, cancelling, refused, eating };
        let mut inside = Box::new(inside);
        let effects = self.around().map_or_else(Vec::new, |around| inside.begin(&around));
        self.stage = Stage::Inside(inside);
        effects
    }

    fn code_checked(&mut self, answer: CodeAnswer) -> Vec<Effect> {
        let (now, around) = (self.now.map(|now| now.wall), self.around());
        match &mut self.stage {
            Stage::Code(room) if room.door.step == CodeStep::Checking => {
                if room.without_card {
                    self.strangers = match (answer, now) {
                        (CodeAnswer::Right, _) => Throttle::default(),
                        (CodeAnswer::Wrong { .. }, Some(now)) => self.strangers.after_wrong(now),
                        _ => self.strangers,
                    };
                }
                if answer == CodeAnswer::Right {
                    let (visitor, without_card) = (room.opened(), room.without_card);
                    return self.let_in(visitor, true, without_card);
                }
                room.door.stay_out(answer);
                vec![]
            }
            Stage::Inside(inside) => match around {
                Some(around) => inside.code_checked(answer, &around),
                None => vec![],
            },
            _ => vec![],
        }
    }

    fn reset_asked(&mut self, answer: LetterAnswer) -> Vec<Effect> {
        match &mut self.stage {
            Stage::Code(room) => room.door.reset_asked(answer),
            Stage::Inside(inside) => {
                if let Room::SignIn(room) = &mut inside.room {
                    room.door.reset_asked(answer);
                }
            }
            Stage::Waiting { .. } | Stage::LookingUp { .. } | Stage::Number(_) => {}
        }
        vec![]
    }

    fn number_not_known(&mut self) -> Vec<Effect> {
        if let (Stage::Number(room), Some(now)) = (&mut self.stage, self.now)
            && room.asked.is_some()
        {
            room.unknown();
            self.strangers = self.strangers.after_wrong(now.wall);
        }
        vec![]
    }

    fn hand(&mut self, intent: Intent, fresh: OperationId) -> Vec<Effect> {
        self.touch();
        match intent {
            Intent::Speak(language) => {
                self.spoken = Some(language);
                return vec![];
            }
            Intent::Adjust(adjust) => {
                self.adjusting = adjust;
                return vec![];
            }
            Intent::Back if self.adjusting => {
                self.adjusting = false;
                return vec![];
            }
            Intent::Look(looks) => {
                self.looks = looks;
                return vec![];
            }
            Intent::StillHere => return vec![],
            Intent::Leave => return self.end_visit(Some(Notice::Goodbye)),
            _ => {}
        }
        let Some(around) = self.around() else { return vec![] };
        let serves = self.stops().is_none();
        match &mut self.stage {
            Stage::Number(_) if intent == Intent::Back => self.end_visit(None),
            Stage::Code(room) if intent == Intent::Back => {
                if room.door.back() {
                    vec![]
                } else {
                    self.end_visit(Some(Notice::Goodbye))
                }
            }
            Stage::Number(room) => room.hand(&intent, self.strangers, around.now.wall),
            Stage::Code(room) => room.hand(intent, &around),
            Stage::Inside(inside) => inside.hand(intent, fresh, &around),
            Stage::Waiting { .. } if serves && intent == Intent::WithoutCard => {
                self.stage = Stage::Number(NumberRoom::default());
                vec![]
            }
            Stage::Waiting { .. } | Stage::LookingUp { .. } => vec![],
        }
    }

    fn changed(&mut self, visitor: Visitor) -> Vec<Effect> {
        let gone = visitor.status != CardStatus::Active || visitor.accounts.is_empty();
        let why = Notice::of(visitor.status).unwrap_or(Notice::BlockedCard);
        match &mut self.stage {
            // Still blocked: whoever is about to open it goes on.
            Stage::Code(room) if room.visitor.card == visitor.card && room.opens() && room.stands_as(&visitor) => {
                *room.visitor = visitor;
            }
            Stage::Inside(inside) if inside.visitor.card == visitor.card => {
                if gone {
                    return self.end_visit(Some(why));
                }
                take(inside, visitor);
            }
            Stage::Code(room) if room.visitor.card == visitor.card => {
                if gone {
                    return self.end_visit(Some(why));
                }
                *room.visitor = visitor;
            }
            _ => {}
        }
        vec![]
    }

    fn recorded(&mut self, id: OperationId, number: &str, visitor: Visitor) -> Vec<Effect> {
        let Some(around) = self.around() else { return vec![] };
        let Stage::Inside(inside) = &mut self.stage else { return vec![] };
        let shut = inside.visitor.card == visitor.card && visitor.status != CardStatus::Active;
        if inside.visitor.card == visitor.card {
            take(inside, visitor);
        }
        inside.recorded(id, number, &around);
        if shut {
            return self.end_visit(Some(Notice::NowBlocked));
        }
        let Stage::Inside(inside) = &mut self.stage else { return vec![] };
        inside.order_done_beep(id).into_iter().collect()
    }

    fn refused(&mut self, id: OperationId, body: &OperationBody, why: Rule) -> Vec<Effect> {
        let Some(around) = self.around() else { return vec![] };
        let Stage::Inside(inside) = &mut self.stage else { return vec![] };
        if let OperationBody::PlaceOrder(order) = body {
            inside.order_refused(id, order, why, &around);
        }
        vec![]
    }

    /// Ends the visit, if there is one, and shows a sentence, if there is one. A payment on a phone goes on without the kiosk.
    pub(crate) fn end_visit(&mut self, notice: Option<Notice>) -> Vec<Effect> {
        let left = match &self.stage {
            Stage::Inside(inside) => inside.open_payment(),
            _ => None,
        };
        // A card that opens nothing ends no visit: whoever chose the language still stands there, and must read why.
        if !matches!(self.stage, Stage::Waiting { .. } | Stage::LookingUp { .. }) {
            self.as_found();
        }
        // A tap is answered where it can be seen.
        if self.stops().is_none() {
            self.adjusting = false;
        }
        let now = self.now.map_or(0, |n| n.mono_ms);
        self.stage = Stage::Waiting { notice: notice.map(|n| (n, now + NOTICE_FOR)) };
        self.warned = false;
        left.map(Effect::ForgetDeposit).into_iter().collect()
    }

    /// The screen as the next one finds it; whoever has a headset in hears it still.
    fn as_found(&mut self) {
        self.spoken = None;
        self.looks = Looks { aloud: self.headset, ..Looks::default() };
        self.adjusting = false;
    }

    pub(crate) fn touch(&mut self) {
        self.touched_ms = self.now.map_or(0, |n| n.mono_ms);
        self.warned = false;
    }

    fn idle_after(&self) -> u64 {
        match &self.stage {
            Stage::Inside(inside) => match &inside.room {
                Room::Deposit(room) => match &room.step {
                    DepositStep::Paying { state: PayState::Waiting | PayState::Examining, .. } => IDLE_AFTER_PAYING,
                    _ => IDLE_AFTER,
                },
                Room::AutoRecharge(room) => match &room.step {
                    AutoRechargeStep::Giving { state: PayState::Waiting, .. } => IDLE_AFTER_PAYING,
                    _ => IDLE_AFTER,
                },
                Room::Picture(room) if room.state == PictureState::Waiting => IDLE_AFTER_PAYING,
                _ => IDLE_AFTER,
            },
            _ => IDLE_AFTER,
        }
    }

    fn offline_too_long(&self) -> bool {
        let (Some(now), Some(catalogue), Link::Offline { last_heard }) = (self.now, &self.catalogue, self.link) else {
            return false;
        };
        let allowed = SignedDuration::from_hours(i64::from(catalogue.school.offline.hours));
        last_heard.is_none_or(|heard| now.wall.duration_since(heard) > allowed)
    }

    fn light(&self) -> Light {
        match self.stage {
            _ if self.stops().is_some() => Light::Attention,
            Stage::Waiting { .. } => Light::Ready,
            _ => Light::Busy,
        }
    }

    fn followed(&self) -> Option<CardId> {
        match &self.stage {
            Stage::Code(room) => Some(room.visitor.card),
            Stage::Inside(inside) => Some(inside.visitor.card),
            Stage::Waiting { .. } | Stage::LookingUp { .. } | Stage::Number(_) => None,
        }
    }
}

/// The person as they are now; the chosen account stays chosen while they may still use it.
fn take(inside: &mut Inside, visitor: Visitor) {
    let first = |v: &Visitor| v.accounts.first().map(|a: &madkort_protocol::Account| a.id);
    let chosen: Option<AccountId> = visitor.account(inside.chosen).map(|a| a.id).or_else(|| first(&visitor));
    if let Some(chosen) = chosen {
        inside.chosen = chosen;
    }
    inside.visitor = visitor;
}
