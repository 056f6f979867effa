//! *Kontoudtog*: a month, on screen and on paper.
//!
//! Pure. **Invariant:** a statement is the server's; out of its reach the page says so instead of guessing.

use jiff::civil::Date;
use madkort_protocol::Statement;

use super::{Around, Inside, Room};
use crate::{Effect, Intent, Paper, PrintState, StatementBody, StatementPaper};

/// A month being read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StatementRoom {
    pub month: Option<Date>,
    pub body: StatementBody,
    pub paper: Option<(String, PrintState)>,
}

impl Default for StatementRoom {
    fn default() -> Self {
        Self { month: None, body: StatementBody::Loading, paper: None }
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
        intent: &Intent,
        around: &Around,
    ) -> (Room, Vec<Effect>) {
        match intent {
            Intent::Back => (Room::Home, vec![]),
            Intent::Month(month) => {
                let room = StatementRoom { month: Some(*month), ..StatementRoom::default() };
                (Room::Statement(room), vec![Effect::LoadStatement { account: self.chosen, month: Some(*month) }])
            }
            Intent::Next if room.body == StatementBody::Unreachable => {
                room.body = StatementBody::Loading;
                let load = Effect::LoadStatement { account: self.chosen, month: room.month };
                (Room::Statement(room), vec![load])
            }
            Intent::Print => {
                let StatementBody::Here(statement) = &room.body else { return (Room::Statement(room), vec![]) };
                // The same month with the same lines again is a copy; with a new line it is a new statement.
                let reference = format!("{}:{}:{}", statement.account, statement.month, statement.lines.len());
                let paper = Paper::Statement(self.statement_paper((**statement).clone(), around));
                room.paper = Some((reference.clone(), around.first_print_state()));
                (Room::Statement(room), vec![Effect::Print { reference, language: around.language, paper }])
            }
            _ => (Room::Statement(room), vec![]),
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
