//! *Kontoudtog*: a month, on screen, on paper and as a letter.
//!
//! Pure. **Invariant:** a statement is the server's; out of its reach the page says so instead of guessing.

use jiff::civil::Date;
use madkort_protocol::{OperationId, Statement, StatementMailRequest};

use super::{Around, Inside, Room};
use crate::form::read_email;
use crate::{
    Effect, Field, FormProblem, Intent, LetterAnswer, Paper, PrintState, StatementBody, StatementPaper, Visitor,
};

/// A month being read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StatementRoom {
    pub month: Option<Date>,
    pub body: StatementBody,
    pub paper: Option<(String, PrintState)>,
    pub step: StatementStep,
}

/// What is done with it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum StatementStep {
    /// Read.
    Reading,
    /// Another month is chosen.
    Choosing,
    /// It is sent as a letter.
    Mailing(Mailing),
}

/// A letter with the month in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mailing {
    pub email: String,
    pub problem: Option<FormProblem>,
    /// The id it is asked for under: asked again for the same address, it is the same letter.
    id: Option<OperationId>,
    step: MailingStep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MailingStep {
    Writing,
    Asking,
    Sent,
}

impl Mailing {
    fn begin(visitor: &Visitor) -> Self {
        let email = visitor.person.email.clone().unwrap_or_default();
        Self { email, problem: None, id: None, step: MailingStep::Writing }
    }

    /// On its way to the server.
    pub fn is_asking(&self) -> bool {
        self.step == MailingStep::Asking
    }

    /// The server has it.
    pub fn is_sent(&self) -> bool {
        self.step == MailingStep::Sent
    }
}

impl Default for StatementRoom {
    fn default() -> Self {
        Self { month: None, body: StatementBody::Loading, paper: None, step: StatementStep::Reading }
    }
}

impl StatementRoom {
    pub fn paper(&mut self, reference: &str, to: PrintState) {
        if let Some((mine, state)) = &mut self.paper
            && mine == reference
        {
            *state = to;
        }
    }
}

impl Inside {
    pub(super) fn hand_in_statement(
        &mut self,
        mut room: StatementRoom,
        intent: Intent,
        fresh: OperationId,
        around: &Around,
    ) -> (Room, Vec<Effect>) {
        let mut effects = vec![];
        match (&mut room.step, intent) {
            (StatementStep::Mailing(mailing), intent) => {
                if intent == Intent::Back && !mailing.is_asking() {
                    room.step = StatementStep::Reading;
                } else if let StatementBody::Here(statement) = &room.body {
                    effects.extend(self.hand_in_mailing(mailing, statement, intent, fresh, around));
                }
            }
            (StatementStep::Choosing, Intent::Back) => room.step = StatementStep::Reading,
            (StatementStep::Reading, Intent::Back) => return (Room::Home, vec![]),
            (_, Intent::Month(month)) => {
                room = StatementRoom { month: Some(month), ..StatementRoom::default() };
                effects.push(Effect::LoadStatement { account: self.chosen, month: Some(month) });
            }
            (StatementStep::Reading, Intent::Next) if room.body == StatementBody::Unreachable => {
                room.body = StatementBody::Loading;
                effects.push(Effect::LoadStatement { account: self.chosen, month: room.month });
            }
            (StatementStep::Reading, intent) if matches!(room.body, StatementBody::Here(_)) => match intent {
                Intent::ChooseMonth => room.step = StatementStep::Choosing,
                Intent::MailStatement => room.step = StatementStep::Mailing(Mailing::begin(&self.visitor)),
                Intent::Print => effects.extend(self.print_statement(&mut room, around)),
                _ => {}
            },
            _ => {}
        }
        (Room::Statement(room), effects)
    }

    fn print_statement(&self, room: &mut StatementRoom, around: &Around) -> Option<Effect> {
        let StatementBody::Here(statement) = &room.body else { return None };
        // The same month with the same lines again is a copy; with a new line it is a new statement.
        let reference = format!("{}:{}:{}", statement.account, statement.month, statement.lines.len());
        let paper = Paper::Statement(self.statement_paper((**statement).clone(), around));
        room.paper = Some((reference.clone(), around.first_print_state()));
        Some(Effect::Print { reference, language: around.language, paper })
    }

    fn hand_in_mailing(
        &self,
        mailing: &mut Mailing,
        statement: &Statement,
        intent: Intent,
        fresh: OperationId,
        around: &Around,
    ) -> Option<Effect> {
        if mailing.step != MailingStep::Writing {
            return None;
        }
        match intent {
            Intent::Edit(Field::Email, text) => {
                mailing.email = text;
                mailing.problem = None;
                mailing.id = None;
            }
            Intent::Send => match read_email(&mailing.email) {
                Ok(email) => {
                    mailing.step = MailingStep::Asking;
                    mailing.problem = None;
                    let id = *mailing.id.get_or_insert(fresh);
                    let (account, month, card) = (statement.account, statement.month, self.visitor.card);
                    let request = StatementMailRequest { id, card, email, language: around.language };
                    return Some(Effect::MailStatement { account, month, request: Box::new(request) });
                }
                Err(problem) => mailing.problem = Some(problem),
            },
            _ => {}
        }
        None
    }

    /// The server has taken a letter, or has not.
    pub fn statement_mailed(&mut self, id: OperationId, answer: LetterAnswer) {
        if let Room::Statement(StatementRoom { step: StatementStep::Mailing(mailing), .. }) = &mut self.room
            && mailing.is_asking()
            && mailing.id == Some(id)
        {
            mailing.problem = answer.problem();
            mailing.step = if mailing.problem.is_none() { MailingStep::Sent } else { MailingStep::Writing };
        }
    }

    fn statement_paper(&self, statement: Statement, around: &Around) -> StatementPaper {
        let school = &around.catalogue.school;
        StatementPaper {
            school: school.name.clone(),
            issuer: school.issuer.clone(),
            account: self.label(),
            card: self.visitor.card_masked.clone(),
            at: around.now.wall,
            statement,
        }
    }

    /// The statement that was asked for, or none.
    pub fn statement(&mut self, body: StatementBody) {
        let chosen = self.chosen;
        let Room::Statement(room) = &mut self.room else { return };
        match &body {
            // An answer to an earlier question.
            StatementBody::Here(s) if s.account != chosen || room.month.is_some_and(|m| m != s.month) => return,
            StatementBody::Here(s) => room.month = Some(s.month),
            StatementBody::Unreachable if room.body != StatementBody::Loading => return,
            StatementBody::Unreachable | StatementBody::Loading => {}
        }
        room.body = body;
    }
}
