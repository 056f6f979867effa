//! Asking for the verification code, or the holder's own password: at the door, and inside where a bare tap is not enough.
//!
//! Pure. **Invariant:** the name and the balance are behind the code; nothing of the visitor is shown here.

use jiff::Timestamp;
use madkort_protocol::{CardId, CardStatus, FREE_TRIES, OperationId};

use super::profile::Then;
use super::{Around, ForgottenRoom, ForgottenStep, Inside, Room};
use crate::{CodeAnswer, ComeBack, Effect, Field, Intent, LetterAnswer, Secret, TileKind, Visitor};

/// Digits of a verification code, as printed on the card.
pub(crate) const CODE_LENGTH: usize = 4;

/// Whoever stands before the door, and the door.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CodeRoom {
    pub visitor: Box<Visitor>,
    /// Came by card number: there is no card whose leaving ends the visit.
    pub without_card: bool,
    pub door: Door,
}

/// A door inside: what lies behind it wants the code, and the visit goes on there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SignInRoom {
    pub door: Door,
    /// Where the hand came from, and where Back leads.
    pub from: Box<Room>,
    /// What it wanted, and the id that came with it; nothing when a session ran out.
    pub after: Option<(Intent, OperationId)>,
}

/// A door, and what opens it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Door {
    pub way: Way,
    pub step: CodeStep,
}

/// How somebody proves who they are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Way {
    /// The digits on the card.
    Code(Secret),
    /// A password of their own.
    Password(Secret),
    /// It is forgotten.
    Forgotten(ForgottenRoom),
}

/// Where the door stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeStep {
    /// Waiting for digits.
    Typing,
    /// The code is being looked at.
    Checking,
    /// It was not that one.
    Wrong { tries_left: u32 },
    /// Not looked at before then.
    Waiting { until: Timestamp },
    /// Only the server can look at it, and it is out of reach.
    OutOfReach,
    /// The server was asked too often, and did not look at it.
    TooOften { back: ComeBack },
}

impl CodeRoom {
    pub fn enter(visitor: Box<Visitor>, without_card: bool) -> Self {
        Self { visitor, without_card, door: Door::shut() }
    }

    /// What a hand does at the door.
    pub fn hand(&mut self, intent: Intent, around: &Around) -> Vec<Effect> {
        if !self.opens() {
            return self.door.hand(self.visitor.card, intent, around);
        }
        // Only the server opens a card: what is typed while it is out of reach would be in vain.
        if !around.link.is_online() {
            return vec![];
        }
        let to_open = |effect| match effect {
            Effect::CheckCode { card, code } | Effect::CheckPassword { card, password: code } => {
                Effect::OpenCard { card, code }
            }
            other => other,
        };
        self.door.hand(self.visitor.card, intent, around).into_iter().map(to_open).collect()
    }

    /// The card is blocked, and its code opens it again: the door leads nowhere else.
    pub fn opens(&self) -> bool {
        self.visitor.status == CardStatus::BlockedByHolder
    }

    /// Whether somebody's card stands as it did when the door was shut before it.
    pub fn stands_as(&self, visitor: &Visitor) -> bool {
        visitor.status == self.visitor.status && !visitor.accounts.is_empty()
    }

    /// Whoever gave the right code, with a card that is open now, whatever it was.
    pub fn opened(&self) -> Box<Visitor> {
        let mut visitor = self.visitor.clone();
        visitor.status = CardStatus::Active;
        let here = visitor.card;
        for card in visitor.cards.iter_mut().filter(|card| card.id == here) {
            card.status = CardStatus::Active;
        }
        visitor
    }
}

impl Door {
    pub fn shut() -> Self {
        Self { way: Way::Code(Secret::default()), step: CodeStep::Typing }
    }

    /// What a hand does at the door, but for going back.
    pub fn hand(&mut self, card: CardId, intent: Intent, around: &Around) -> Vec<Effect> {
        if let Way::Forgotten(room) = &mut self.way {
            return room.hand(&intent, around);
        }
        let shut = matches!(self.step, CodeStep::Waiting { until } if until > around.now.wall);
        if self.step == CodeStep::Checking || (shut && intent != Intent::ForgotPassword) {
            return vec![];
        }
        match (&mut self.way, intent) {
            (Way::Code(_), Intent::WithPassword) => self.turn_to(Way::Password(Secret::default())),
            (Way::Code(typed), Intent::Digit(digit @ 0..=9)) => {
                *typed = Secret::new(format!("{}{digit}", typed.reveal()));
                self.step = CodeStep::Typing;
                if typed.chars() == CODE_LENGTH {
                    self.step = CodeStep::Checking;
                    return vec![Effect::CheckCode { card, code: std::mem::take(typed) }];
                }
            }
            (Way::Code(typed), Intent::Erase) => {
                let fewer = typed.chars().saturating_sub(1);
                *typed = Secret::new(typed.reveal().chars().take(fewer).collect());
                self.step = CodeStep::Typing;
            }
            (Way::Password(_), Intent::ForgotPassword) => self.way = Way::Forgotten(ForgottenRoom::default()),
            (Way::Password(password), Intent::Type(Field::Password, typed)) if !typed.is_too_long() => {
                *password = typed;
                self.step = CodeStep::Typing;
            }
            (Way::Password(password), Intent::Send) if !password.is_empty() => {
                self.step = CodeStep::Checking;
                return vec![Effect::CheckPassword { card, password: password.clone() }];
            }
            _ => {}
        }
        vec![]
    }

    /// One step back before the door; `false` if there is none but the way out.
    pub fn back(&mut self) -> bool {
        match &self.way {
            Way::Code(_) => return false,
            Way::Password(_) => self.turn_to(Way::Code(Secret::default())),
            Way::Forgotten(room) if room.step == ForgottenStep::Asking => {}
            Way::Forgotten(_) => self.way = Way::Password(Secret::default()),
        }
        true
    }

    /// It was wrong, or not looked at.
    pub fn stay_out(&mut self, answer: CodeAnswer) {
        // A password that was not looked at need not be typed again; a code of four digits is sent with its last one.
        let kept = matches!((&self.way, answer), (Way::Password(_), CodeAnswer::TooOften(_)));
        if let Way::Code(typed) | Way::Password(typed) = &mut self.way
            && !kept
        {
            *typed = Secret::default();
        }
        self.step = match answer {
            CodeAnswer::Wrong { tries_left } => CodeStep::Wrong { tries_left: tries_left.min(FREE_TRIES) },
            CodeAnswer::Wait { until } => CodeStep::Waiting { until },
            CodeAnswer::OutOfReach => CodeStep::OutOfReach,
            CodeAnswer::TooOften(back) => CodeStep::TooOften { back },
            CodeAnswer::Right => CodeStep::Typing,
        };
    }

    /// A letter was asked for, or could not be.
    pub fn reset_asked(&mut self, answer: LetterAnswer) {
        if let Way::Forgotten(room) = &mut self.way {
            room.asked(answer);
        }
    }

    /// Another way to the same door: a wait goes on there.
    fn turn_to(&mut self, way: Way) {
        self.way = way;
        if !matches!(self.step, CodeStep::Waiting { .. }) {
            self.step = CodeStep::Typing;
        }
    }
}

/// Whether a wish wants more than a tap: what shows what somebody did, changes who they are, opens a card or moves money out.
pub(crate) const fn wants_code(intent: &Intent) -> bool {
    matches!(
        intent,
        Intent::Open(
            TileKind::AutoRecharge | TileKind::Profile | TileKind::Statement | TileKind::Transfer | TileKind::Withdraw
        ) | Intent::UnblockCard(_)
    )
}

impl Inside {
    /// Before a door: what lies behind it comes when the code is right.
    pub fn stop_at_door(&mut self, from: Room, wish: Intent, fresh: OperationId) {
        self.room = Room::SignIn(SignInRoom { door: Door::shut(), from: Box::new(from), after: Some((wish, fresh)) });
    }

    pub(super) fn hand_at_door(
        &mut self,
        mut room: SignInRoom,
        intent: Intent,
        around: &Around,
    ) -> (Room, Vec<Effect>) {
        if intent == Intent::Back {
            return if room.door.back() { (Room::SignIn(room), vec![]) } else { (*room.from, vec![]) };
        }
        let effects = room.door.hand(self.visitor.card, intent, around);
        (Room::SignIn(room), effects)
    }

    /// A code was looked at: behind the door goes on what a hand wanted before it.
    pub fn code_checked(&mut self, answer: CodeAnswer, around: &Around) -> Vec<Effect> {
        let Room::SignIn(room) = &mut self.room else { return vec![] };
        if room.door.step != CodeStep::Checking {
            return vec![];
        }
        if answer != CodeAnswer::Right {
            room.door.stay_out(answer);
            return vec![];
        }
        let after = room.after.take();
        let from = std::mem::replace(&mut *room.from, Room::Home);
        // A session that ran out is no first log-in: what was being done goes on.
        let first = after.is_some() && !self.signed_in && self.is_new_here() && around.link.is_online();
        self.signed_in = true;
        if first {
            // Whoever wanted to come here is here.
            let on = after.filter(|(wish, _)| *wish != Intent::Open(TileKind::Profile));
            let then = on.map(|(wish, fresh)| Box::new(Then { from, wish, fresh }));
            let (room, effects) = self.introduce(then);
            self.room = room;
            return effects;
        }
        self.room = from;
        after.map(|(wish, fresh)| self.hand(wish, fresh, around)).unwrap_or_default()
    }

    /// The server no longer knows that the code was given: it is asked for again before anything more is shown.
    pub fn signed_out(&mut self) {
        self.signed_in = false;
        let from = match &mut self.room {
            Room::Allergies(_) | Room::Password(_) | Room::Picture(_) | Room::Profile(_) | Room::Statement(_) => {
                Room::Home
            }
            Room::AutoRecharge(room) => {
                room.interrupted();
                Room::AutoRecharge(room.clone())
            }
            Room::Transfer(room) => {
                room.interrupted();
                Room::Transfer(room.clone())
            }
            Room::Withdraw(room) => {
                room.interrupted();
                Room::Withdraw(room.clone())
            }
            _ => return,
        };
        self.room = Room::SignIn(SignInRoom { door: Door::shut(), from: Box::new(from), after: None });
    }
}
