//! *Skift adgangskode*: the password or the code that holds now, and a new one twice.
//!
//! Pure. **Invariant:** what was typed leaves this room only to be sent, once all three fields are filled in rightly, and is
//! forgotten as soon as there is an answer.

use jiff::Timestamp;
use madkort_protocol::{PasswordAnswer, PersonKind, WeakPassword, check_password};

use super::{Around, Inside, ProfileRoom, ProfileStep, Room};
use crate::{Effect, Field, FormProblem, Intent, Secret};

/// A password being changed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PasswordRoom {
    /// Where Back leads, as it was left.
    pub from: Box<ProfileRoom>,
    pub current: Secret,
    pub fresh: Secret,
    pub again: Secret,
    pub problem: Option<FormProblem>,
    /// Too many wrong ones: not looked at before then.
    pub until: Option<Timestamp>,
    pub step: PasswordStep,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PasswordStep {
    /// Being typed.
    Writing,
    /// On its way to the server.
    Saving,
    /// It holds.
    Saved,
}

impl PasswordRoom {
    fn enter(from: ProfileRoom) -> Self {
        let empty = Secret::default;
        Self {
            from: Box::new(from),
            current: empty(),
            fresh: empty(),
            again: empty(),
            problem: None,
            until: None,
            step: PasswordStep::Writing,
        }
    }

    /// When the next try is looked at, if that is not now.
    pub fn wait_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.until.filter(|until| *until > now)
    }

    fn problem(&self) -> Option<FormProblem> {
        if self.current.is_empty() {
            return Some(FormProblem::CurrentMissing);
        }
        match check_password(self.fresh.reveal()) {
            Err(WeakPassword::TooEasy | WeakPassword::TooLong) => Some(FormProblem::WeakPassword),
            Ok(()) if self.fresh != self.again => Some(FormProblem::PasswordsDiffer),
            Ok(()) => None,
        }
    }

    fn edit(&mut self, field: Field, typed: Secret) {
        if typed.is_too_long() {
            return;
        }
        match field {
            Field::CurrentPassword => self.current = typed,
            Field::NewPassword => self.fresh = typed,
            Field::PasswordAgain => self.again = typed,
            _ => return,
        }
        self.problem = None;
    }

    fn answered(&mut self, answer: PasswordAnswer) {
        if self.step != PasswordStep::Saving {
            return;
        }
        self.step = PasswordStep::Writing;
        match answer {
            PasswordAnswer::Changed => {
                (self.fresh, self.again) = (Secret::default(), Secret::default());
                self.step = PasswordStep::Saved;
            }
            PasswordAnswer::Wrong { tries_left } => self.problem = Some(FormProblem::WrongCurrent(tries_left)),
            PasswordAnswer::Wait { until } => self.until = Some(until),
        }
        self.current = Secret::default();
    }

    fn failed(&mut self, problem: FormProblem) {
        if self.step == PasswordStep::Saving {
            self.step = PasswordStep::Writing;
            self.problem = Some(problem);
        }
    }
}

impl Inside {
    /// Whether that profile's holder may choose a password here: only for themselves, and a guest card has nobody behind it.
    pub fn may_change_password(&self, room: &ProfileRoom) -> bool {
        let me = &self.visitor.person;
        let open = matches!(room.step, ProfileStep::Open(_));
        open && room.person == me.id && me.kind != PersonKind::Guest
    }

    pub(super) fn enter_password(&self, from: ProfileRoom) -> Room {
        if self.may_change_password(&from) { Room::Password(PasswordRoom::enter(from)) } else { Room::Profile(from) }
    }

    pub(super) fn hand_in_password(
        &mut self,
        mut room: PasswordRoom,
        intent: Intent,
        around: &Around,
    ) -> (Room, Vec<Effect>) {
        let mut effects = vec![];
        match (room.step, intent) {
            (PasswordStep::Saving, _) => {}
            (_, Intent::Back) => return (Room::Profile(*room.from), vec![]),
            (PasswordStep::Writing, Intent::Type(field, typed)) => room.edit(field, typed),
            (PasswordStep::Writing, Intent::Send) if room.wait_until(around.now.wall).is_none() => {
                room.until = None;
                room.problem = room.problem();
                if room.problem.is_none() {
                    room.step = PasswordStep::Saving;
                    effects.push(Effect::ChangePassword {
                        person: self.visitor.person.id,
                        card: self.visitor.card,
                        current: room.current.clone(),
                        fresh: room.fresh.clone(),
                    });
                }
            }
            _ => {}
        }
        (Room::Password(room), effects)
    }

    /// The server's word on a new password.
    pub fn password_is(&mut self, answer: PasswordAnswer) {
        if let Room::Password(room) = &mut self.room {
            room.answered(answer);
        }
    }

    /// No word on it, or no.
    pub fn password_failed(&mut self, problem: FormProblem) {
        if let Room::Password(room) = &mut self.room {
            room.failed(problem);
        }
    }
}
