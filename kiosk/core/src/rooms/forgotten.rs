//! *Glemt adgangskode*: an address is typed, and a letter may be on its way to it.
//!
//! Pure. **Invariant:** what is shown after an address was sent is the same whoever has it, or nobody.

use madkort_protocol::PasswordResetRequest;

use super::Around;
use crate::form::read_email;
use crate::{Effect, Field, FormProblem, Intent, LetterAnswer};

/// The address being typed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ForgottenRoom {
    pub email: String,
    pub problem: Option<FormProblem>,
    pub step: ForgottenStep,
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ForgottenStep {
    /// Being typed.
    #[default]
    Writing,
    /// On its way to the server.
    Asking,
    /// The server has it.
    Asked,
}

impl ForgottenRoom {
    /// What a hand does here; the way back is the door's.
    pub fn hand(&mut self, intent: &Intent, around: &Around) -> Vec<Effect> {
        if self.step != ForgottenStep::Writing {
            return vec![];
        }
        match intent {
            Intent::Edit(Field::Email, text) => {
                text.clone_into(&mut self.email);
                self.problem = None;
            }
            Intent::Send => match read_email(&self.email) {
                Ok(email) => {
                    self.step = ForgottenStep::Asking;
                    self.problem = None;
                    return vec![Effect::AskReset(PasswordResetRequest { email, language: around.language })];
                }
                Err(problem) => self.problem = Some(problem),
            },
            _ => {}
        }
        vec![]
    }

    /// The server was asked, or could not be.
    pub fn asked(&mut self, answer: LetterAnswer) {
        if self.step == ForgottenStep::Asking {
            self.problem = answer.problem();
            self.step = if self.problem.is_none() { ForgottenStep::Asked } else { ForgottenStep::Writing };
        }
    }
}
