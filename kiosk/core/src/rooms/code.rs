//! Asking for the verification code: at the door, and inside where a bare tap is not enough.
//!
//! Pure. **Invariant:** the name and the balance are behind the code; nothing of the visitor is shown here.

use jiff::Timestamp;
use madkort_protocol::{CardId, FREE_TRIES, OperationId};

use super::{Around, Inside, Room};
use crate::{CodeAnswer, Effect, Intent, TileKind, Visitor};

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

/// A keypad for one code.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Door {
    pub digits: String,
    pub step: CodeStep,
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
}

impl CodeRoom {
    pub fn enter(visitor: Box<Visitor>, without_card: bool) -> Self {
        Self { visitor, without_card, door: Door::shut() }
    }

    /// What a hand does at the door.
    pub fn hand(&mut self, intent: &Intent, now: Timestamp) -> Vec<Effect> {
        self.door.hand(self.visitor.card, intent, now)
    }
}

impl Door {
    pub const fn shut() -> Self {
        Self { digits: String::new(), step: CodeStep::Typing }
    }

    /// What a hand does to the keypad.
    pub fn hand(&mut self, card: CardId, intent: &Intent, now: Timestamp) -> Vec<Effect> {
        if self.step == CodeStep::Checking || matches!(self.step, CodeStep::Waiting { until } if until > now) {
            return vec![];
        }
        match intent {
            Intent::Digit(digit @ 0..=9) if self.digits.len() < CODE_LENGTH => {
                self.digits.push(char::from(b'0' + digit));
            }
            Intent::Erase => {
                self.digits.pop();
            }
            _ => return vec![],
        }
        if self.digits.len() < CODE_LENGTH {
            self.step = CodeStep::Typing;
            return vec![];
        }
        self.step = CodeStep::Checking;
        vec![Effect::CheckCode { card, code: std::mem::take(&mut self.digits) }]
    }

    /// The code was wrong, or not looked at.
    pub fn stay_out(&mut self, answer: CodeAnswer) {
        self.digits.clear();
        self.step = match answer {
            CodeAnswer::Wrong { tries_left } => CodeStep::Wrong { tries_left: tries_left.min(FREE_TRIES) },
            CodeAnswer::Wait { until } => CodeStep::Waiting { until },
            CodeAnswer::Right => CodeStep::Typing,
        };
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
        intent: &Intent,
        now: Timestamp,
    ) -> (Room, Vec<Effect>) {
        if *intent == Intent::Back {
            return (*room.from, vec![]);
        }
        let effects = room.door.hand(self.visitor.card, intent, now);
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
        self.signed_in = true;
        self.room = from;
        after.map(|(wish, fresh)| self.hand(wish, fresh, around)).unwrap_or_default()
    }

    /// The server no longer knows that the code was given: it is asked for again before anything more is shown.
    pub fn signed_out(&mut self) {
        self.signed_in = false;
        let from = match &mut self.room {
            Room::Profile(_) | Room::Statement(_) => Room::Home,
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
