//! Questions a visit has: verification codes and passwords, payments, statements, and who is signed in while it lasts.
//!
//! **Invariant:** a wrong code is counted on the disk *before* it is looked at, so that pulling the plug buys no try; the kiosk's own
//! count holds whether the server is there or not.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;
use jiff::civil::Date;
use kiosk_core::{CodeAnswer, Event};
use madkort_protocol::{
    AccountId, CardId, CodeVerifier, LoginAnswer, LoginRequest, OperationId, PersonId, ProblemCode, Profile,
    ProfileChange, SessionToken, Statement, Throttle,
};
use reqwest::Method;
use tokio::task::JoinHandle;

use super::client::{Call, CallError, Line};
use super::{Question, Typed, deposits, food, letters, money, pictures};

/// Somebody stands there: longer than this and the kiosk looks at the code itself.
const LOGIN_PATIENCE: Duration = Duration::from_secs(3);
/// A session that ends: nobody waits for it, and it ends by itself if the server does not hear.
const GOODBYE_PATIENCE: Duration = Duration::from_secs(5);
/// Somebody stands there with a form.
const PROFILE_PATIENCE: Duration = Duration::from_secs(6);
/// A month of lines.
const STATEMENT_PATIENCE: Duration = Duration::from_secs(6);

/// Answers questions, each in a task of its own.
pub(super) struct Questions {
    line: Arc<Line>,
    pages: HashMap<OperationId, JoinHandle<()>>,
}

impl Questions {
    pub(super) fn new(line: Arc<Line>) -> Self {
        Self { line, pages: HashMap::new() }
    }

    pub(super) fn ask(&mut self, question: Question) {
        let line = self.line.clone();
        match question {
            Question::Hurry => line.link.hurry.notify_waiters(),
            Question::NextVisit => {
                let before = line.session.next_visit();
                drop(tokio::spawn(async move { say_goodbye(&line, before).await }));
            }
            Question::CheckCode { card, code } => {
                let visit = line.session.visit();
                drop(tokio::spawn(async move { check_code(&line, visit, card, code).await }));
            }
            Question::AskReset(request) => drop(tokio::spawn(async move { letters::ask_reset(&line, &request).await })),
            Question::ChangePassword { person, card, current, fresh } => {
                drop(tokio::spawn(
                    async move { letters::change_password(&line, person, card, (current, fresh)).await },
                ));
            }
            Question::MailStatement { account, month, request } => {
                drop(tokio::spawn(async move { letters::mail_statement(&line, account, month, &request).await }));
            }
            Question::OpenDeposit(request) => {
                let id = request.id;
                self.follow(id, tokio::spawn(async move { deposits::open(&line, *request).await }));
            }
            Question::CancelDeposit(id) => drop(tokio::spawn(async move { deposits::cancel(&line, id).await })),
            Question::FollowDeposit(id) => {
                self.follow(id, tokio::spawn(async move { deposits::take_up(&line, id).await }));
            }
            Question::ForgetDeposit(id) => {
                self.follow(id, tokio::spawn(async move { deposits::follow_to_its_end(&line, id).await }));
            }
            Question::AskQuote { account, request } => {
                drop(tokio::spawn(async move { food::ask_quote(&line, account, request).await }));
            }
            Question::LoadAllergies(card) => drop(tokio::spawn(async move { food::load_allergies(&line, card).await })),
            Question::SaveAllergies { person, change } => {
                drop(tokio::spawn(async move { food::save_allergies(&line, person, change).await }));
            }
            Question::LoadProfile(person) => drop(tokio::spawn(async move { load_profile(&line, person).await })),
            Question::SaveProfile { person, change } => {
                drop(tokio::spawn(async move { save_profile(&line, person, &change).await }));
            }
            Question::LoadPicture(person) => drop(tokio::spawn(async move { pictures::load(&line, person).await })),
            Question::OpenPicturePage(request) => {
                let id = request.id;
                self.follow(id, tokio::spawn(async move { pictures::open_page(&line, *request).await }));
            }
            Question::CancelPicturePage(id) => {
                drop(tokio::spawn(async move { pictures::cancel_page(&line, id).await }));
            }
            Question::OpenMandatePage(request) => {
                let id = request.id;
                self.follow(id, tokio::spawn(async move { money::open_mandate_page(&line, *request).await }));
            }
            Question::CancelMandatePage(id) => {
                drop(tokio::spawn(async move { money::cancel_mandate_page(&line, id).await }));
            }
            Question::Withdraw(request) => drop(tokio::spawn(async move { money::withdraw(&line, *request).await })),
            Question::CancelWithdrawal(id) => {
                drop(tokio::spawn(async move { money::cancel_withdrawal(&line, id).await }));
            }
            Question::LoadWithdrawals(account) => {
                drop(tokio::spawn(async move { money::load_withdrawals(&line, account).await }));
            }
            Question::Transfer(request) => drop(tokio::spawn(async move { money::transfer(&line, request).await })),
            Question::LoadAutoRecharge(account) => {
                drop(tokio::spawn(async move { money::load_auto_recharge(&line, account).await }));
            }
            Question::ChangeAutoRecharge { account, card, wish } => {
                drop(tokio::spawn(async move { money::change_auto_recharge(&line, account, card, wish).await }));
            }
            Question::LoadStatement { account, month } => {
                drop(tokio::spawn(async move { load_statement(&line, account, month).await }));
            }
        }
    }

    /// One task a page: what asked about it before is dropped.
    fn follow(&mut self, id: OperationId, task: JoinHandle<()>) {
        self.pages.retain(|_, task| !task.is_finished());
        if let Some(before) = self.pages.insert(id, task) {
            before.abort();
        }
    }
}

async fn check_code(line: &Line, visit: u64, card: CardId, code: Typed) {
    let answer = look_at_code(line, visit, card, code).await.unwrap_or_else(|| {
        // The disk cannot count the try, so the code is not looked at.
        let until =
            line.clock.now().saturating_add(jiff::SignedDuration::from_secs(30)).unwrap_or(jiff::Timestamp::MAX);
        CodeAnswer::Wait { until }
    });
    line.events.tell(Event::CodeChecked(answer));
}

/// `None` when the store cannot count the try.
async fn look_at_code(line: &Line, visit: u64, card: CardId, typed: Typed) -> Option<CodeAnswer> {
    let (Typed::Code(secret) | Typed::Password(secret) | Typed::Opening(secret)) = &typed;
    let path = if matches!(typed, Typed::Opening(_)) { "/v1/card-openings" } else { "/v1/logins" };
    let now = line.clock.now();
    let before = line.store.ask(move |desk| desk.store.throttle(card)).await.ok()?.ok()?;
    if let Some(until) = before.wait_until(now) {
        return Some(CodeAnswer::Wait { until });
    }
    let charged = before.after_wrong(now);
    keep(line, card, charged).await?;
    let asked =
        Call::new(Method::POST, path, LOGIN_PATIENCE).with(&LoginRequest { card, code: secret.reveal().to_owned() });
    let answer = match line.call::<LoginAnswer>(&asked).await {
        Ok(LoginAnswer::Right { session }) => {
            if matches!(typed, Typed::Opening(_)) {
                // Until the change comes round with the feed, the card must not look blocked again.
                line.store.ask(move |desk| desk.opened(card)).await.ok()?.ok()?;
            }
            // Whoever typed it may have left meanwhile; then the session belongs to nobody.
            let spare = line.session.keep(visit, session);
            say_goodbye(line, spare).await;
            CodeAnswer::Right
        }
        Ok(LoginAnswer::Wrong { tries_left }) => CodeAnswer::Wrong { tries_left },
        Ok(LoginAnswer::Wait { until }) => CodeAnswer::Wait { until },
        // The server is there: what is behind the door wants a session, and only the server gives one.
        Err(CallError::TooOften { back, .. }) => CodeAnswer::TooOften(back),
        Err(error) if matches!(typed, Typed::Password(_) | Typed::Opening(_)) => {
            tracing::info!(%error, "only the server can look at it");
            CodeAnswer::OutOfReach
        }
        Err(error) => {
            tracing::info!(%error, "a verification code is looked at here");
            let code = secret.clone();
            let verifier = line.store.ask(move |desk| desk.store.code_verifier(card)).await.ok()?.ok()?;
            let right = match verifier {
                Some(verifier) => {
                    tokio::task::spawn_blocking(move || fits(&verifier, code.reveal())).await.unwrap_or(false)
                }
                None => false,
            };
            if right { CodeAnswer::Right } else { CodeAnswer::Wrong { tries_left: charged.tries_left() } }
        }
    };
    match answer {
        CodeAnswer::Right => keep(line, card, Throttle::default()).await?,
        // The server did not look at it either.
        CodeAnswer::Wait { .. } | CodeAnswer::OutOfReach | CodeAnswer::TooOften(_) => keep(line, card, before).await?,
        CodeAnswer::Wrong { tries_left } => {
            return Some(match charged.wait_until(now) {
                Some(until) => CodeAnswer::Wait { until },
                None => CodeAnswer::Wrong { tries_left: tries_left.min(charged.tries_left()) },
            });
        }
    }
    Some(answer)
}

/// Tells the server that a session is over.
async fn say_goodbye(line: &Line, session: Option<SessionToken>) {
    if session.is_some() {
        let goodbye = Call::new(Method::DELETE, "/v1/logins", GOODBYE_PATIENCE).as_visitor(session);
        if let Err(error) = line.call::<()>(&goodbye).await {
            tracing::debug!(%error, "a session ends by itself");
        }
    }
}

async fn keep(line: &Line, card: CardId, throttle: Throttle) -> Option<()> {
    line.store.ask(move |desk| desk.heed(|store, _| store.set_throttle(card, throttle))).await.ok()?.ok()
}

fn fits(verifier: &CodeVerifier, code: &str) -> bool {
    match PasswordHash::new(verifier.phc()) {
        Ok(hash) => Argon2::default().verify_password(code.as_bytes(), &hash).is_ok(),
        Err(_) => false,
    }
}

async fn load_profile(line: &Line, person: PersonId) {
    let asked = Call::new(Method::GET, format!("/v1/people/{person}"), PROFILE_PATIENCE);
    tell_profile(line, asked).await;
}

async fn save_profile(line: &Line, person: PersonId, change: &ProfileChange) {
    let asked = Call::new(Method::PUT, format!("/v1/people/{person}"), PROFILE_PATIENCE).with(change);
    tell_profile(line, asked).await;
}

async fn tell_profile(line: &Line, asked: Call) {
    let answer = line.call::<Profile>(&asked.as_visitor(line.session.token())).await;
    line.events.tell(match answer {
        Ok(profile) => Event::ProfileIs(Box::new(profile)),
        Err(CallError::Problem(problem)) if problem.code == ProblemCode::SignIn => Event::SignedOut,
        Err(CallError::Problem(problem)) if problem.code == ProblemCode::GuardiansCap => Event::CapsRefused,
        Err(CallError::Problem(problem)) => {
            tracing::info!(code = ?problem.code, "the server did not take a profile");
            Event::ProfileRefused
        }
        Err(CallError::TooOften { back, .. }) => Event::ProfileTooOften(back),
        Err(_) => Event::ProfileUnreachable,
    });
}

async fn load_statement(line: &Line, account: AccountId, month: Option<Date>) {
    let month = month.unwrap_or_else(|| line.clock.today());
    let path = format!("/v1/accounts/{account}/statements/{}", month.strftime("%Y-%m"));
    let asked = Call::new(Method::GET, path, STATEMENT_PATIENCE).as_visitor(line.session.token());
    line.events.tell(match line.call::<Statement>(&asked).await {
        Ok(statement) => Event::StatementIs(Box::new(statement)),
        Err(CallError::Problem(problem)) if problem.code == ProblemCode::SignIn => Event::SignedOut,
        Err(_) => Event::StatementUnreachable,
    });
}
