//! *Support*: a ticket with a number, on disk before it is thanked for.
//!
//! Pure. **Invariant:** works without the server; the slip says when the ticket is still on its way.

use madkort_protocol::{FileTicket, OperationId};

use super::{Around, Inside, Room};
use crate::form::{keep, read_email, read_message, read_name};
use crate::{Draft, Effect, Field, FormProblem, Intent, Paper, PrintState, TicketSlip, Visitor};

/// A ticket being written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SupportRoom {
    pub name: String,
    pub email: String,
    pub phone: String,
    pub message: String,
    pub problem: Option<FormProblem>,
    pub step: SupportStep,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SupportStep {
    /// Being written.
    Writing,
    /// On its way to the disk.
    Recording { id: OperationId },
    /// On disk.
    Done { id: OperationId, number: String, offline: bool, paper: PrintState },
}

impl SupportRoom {
    pub fn enter(visitor: &Visitor) -> Self {
        Self {
            name: visitor.person.name.clone(),
            email: visitor.person.email.clone().unwrap_or_default(),
            phone: String::new(),
            message: String::new(),
            problem: None,
            step: SupportStep::Writing,
        }
    }

    pub fn paper(&mut self, reference: &str, to: PrintState) {
        if let SupportStep::Done { id, paper, .. } = &mut self.step
            && id.to_string() == reference
        {
            *paper = to;
        }
    }

    pub fn recorded(&mut self, recorded: OperationId, number: &str, around: &Around) {
        if self.step == (SupportStep::Recording { id: recorded }) {
            self.step = SupportStep::Done {
                id: recorded,
                number: number.to_owned(),
                offline: around.keeps_back(),
                paper: around.first_print_state(),
            };
        }
    }

    fn ticket(&self, inside: &Inside, around: &Around) -> Result<FileTicket, FormProblem> {
        Ok(FileTicket {
            number: String::new(),
            card: inside.visitor.card,
            name: read_name(&self.name)?,
            email: read_email(&self.email)?,
            phone: self.phone.trim().to_owned(),
            regarding: inside.chosen,
            message: read_message(&self.message)?,
            language: around.language,
        })
    }
}

impl Inside {
    pub(super) fn hand_in_support(
        &mut self,
        mut room: SupportRoom,
        intent: Intent,
        fresh: OperationId,
        around: &Around,
    ) -> (Room, Vec<Effect>) {
        match (&room.step, intent) {
            (SupportStep::Writing | SupportStep::Done { .. }, Intent::Back) => return (Room::Home, vec![]),
            (SupportStep::Writing, Intent::Send) => match room.ticket(self, around) {
                Ok(ticket) => {
                    let slip = Paper::Ticket(self.ticket_slip(around));
                    room.problem = None;
                    room.step = SupportStep::Recording { id: fresh };
                    let draft = Draft::Ticket(ticket);
                    return (Room::Support(room), vec![Effect::Record { id: fresh, draft, slip: Some(slip) }]);
                }
                Err(problem) => room.problem = Some(problem),
            },
            (SupportStep::Writing, Intent::Edit(field, text)) => {
                match field {
                    Field::Name => room.name = keep(&text, FileTicket::NAME),
                    Field::Email => room.email = text,
                    Field::Phone => room.phone = keep(&text, FileTicket::PHONE),
                    Field::Message => room.message = keep(&text, FileTicket::MESSAGE),
                    _ => {}
                }
                room.problem = None;
            }
            _ => {}
        }
        (Room::Support(room), vec![])
    }

    fn ticket_slip(&self, around: &Around) -> TicketSlip {
        let school = &around.catalogue.school;
        TicketSlip {
            school: school.name.clone(),
            number: String::new(),
            at: around.now.wall,
            regarding: self.label(),
            support_email: school.support_email.clone(),
            support_phone: school.support_phone.clone(),
            offline: around.keeps_back(),
        }
    }
}
