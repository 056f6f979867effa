//! Questions about passwords, and about letters that somebody asks for.
//!
//! **Invariant:** a password leaves this process in one request, and is in no log; the answer to a forgotten one tells nobody whose
//! address it was.

use std::time::Duration;

use jiff::civil::Date;
use kiosk_core::{Event, LetterAnswer, Secret};
use madkort_protocol::{
    AccountId, CardId, PasswordAnswer, PasswordChange, PasswordResetRequest, PersonId, ProblemCode,
    StatementMailRequest,
};
use reqwest::Method;

use super::client::{Call, CallError, Line};

/// Somebody stands there; hashing a password takes a part of a second.
const PATIENCE: Duration = Duration::from_secs(8);

pub(super) async fn ask_reset(line: &Line, request: &PasswordResetRequest) {
    let asked = Call::new(Method::POST, "/v1/password-resets", PATIENCE).with(request);
    let answer = letter_answer(&line.call::<()>(&asked).await);
    line.events.tell(Event::ResetAsked(answer));
}

pub(super) async fn mail_statement(line: &Line, account: AccountId, month: Date, request: &StatementMailRequest) {
    let path = format!("/v1/accounts/{account}/statements/{}/mails", month.strftime("%Y-%m"));
    let asked = Call::new(Method::POST, path, PATIENCE).with(request).as_visitor(line.session.token());
    let said = line.call::<()>(&asked).await;
    line.events.tell(match &said {
        Err(CallError::Problem(problem)) if problem.code == ProblemCode::SignIn => Event::SignedOut,
        said => Event::StatementMailed { id: request.id, answer: letter_answer(said) },
    });
}

pub(super) async fn change_password(line: &Line, person: PersonId, card: CardId, (current, fresh): (Secret, Secret)) {
    let change = PasswordChange { card, current: current.reveal().to_owned(), password: fresh.reveal().to_owned() };
    let asked = Call::new(Method::PUT, format!("/v1/people/{person}/password"), PATIENCE).with(&change);
    let said = line.call::<PasswordAnswer>(&asked.as_visitor(line.session.token())).await;
    line.events.tell(match said {
        Ok(answer) => Event::PasswordIs(answer),
        Err(CallError::Problem(problem)) if problem.code == ProblemCode::SignIn => Event::SignedOut,
        Err(CallError::Problem(problem)) => {
            tracing::info!(code = ?problem.code, "the server did not take a password");
            Event::PasswordRefused
        }
        Err(CallError::TooOften { back, .. }) => Event::PasswordTooOften(back),
        Err(_) => Event::PasswordUnreachable,
    });
}

fn letter_answer(said: &Result<(), CallError>) -> LetterAnswer {
    match said {
        Ok(()) => LetterAnswer::Asked,
        Err(CallError::TooOften { back, .. }) => LetterAnswer::TooOften(*back),
        Err(CallError::Problem(problem)) => {
            tracing::info!(code = ?problem.code, "the server did not take a letter");
            LetterAnswer::Refused
        }
        Err(_) => LetterAnswer::Unreachable,
    }
}
