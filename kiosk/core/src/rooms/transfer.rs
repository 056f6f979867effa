//! *Overfør*: from the chosen account to another one of the same person.
//!
//! Pure. It wants the server on the line: another kiosk may just have spent the money. **Invariant:** what got no answer is asked again
//! under the same id, so that it happens once; it is shown as done only on the server's word.

use madkort_protocol::{AccountId, Money, OperationId, Transfer, TransferRequest};

use super::{AccountsRoom, Around, Inside, Room};
use crate::form::{keep, read_sum};
use crate::{Beep, ComeBack, Effect, Field, FormProblem, Intent, Paper, PrintState, TransferSlip, Visitor};

/// Characters of an amount: more than any balance has.
const AMOUNT: usize = 14;

/// A transfer being made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TransferRoom {
    pub from: AccountId,
    pub to: Option<AccountId>,
    pub amount: String,
    pub problem: Option<FormProblem>,
    pub step: TransferStep,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TransferStep {
    /// Being filled in.
    Filling,
    /// The server is asked; again, if it may have heard before.
    Asking { request: TransferRequest, again: bool },
    /// The server did not answer: it may have heard.
    Unsure { request: TransferRequest },
    /// The money has moved.
    Done { transfer: Box<Transfer>, paper: PrintState },
}

impl TransferRoom {
    /// With only one other account there is nothing to choose.
    pub fn enter(visitor: &Visitor, from: AccountId) -> Self {
        let mut others = visitor.accounts.iter().map(|a| a.id).filter(|id| *id != from);
        let (first, second) = (others.next(), others.next());
        let to = if second.is_none() { first } else { None };
        Self { from, to, amount: String::new(), problem: None, step: TransferStep::Filling }
    }

    /// The code is asked for again: what was on its way goes out again afterwards, under the same id.
    pub fn interrupted(&mut self) {
        if let TransferStep::Asking { request, .. } = &self.step {
            self.step = TransferStep::Unsure { request: request.clone() };
        }
    }

    pub fn paper(&mut self, reference: &str, to: PrintState) {
        if let TransferStep::Done { transfer, paper } = &mut self.step
            && transfer.id.to_string() == reference
        {
            *paper = to;
        }
    }

    pub(super) fn unreachable(&mut self, id: OperationId) {
        if let TransferStep::Asking { request, .. } = &self.step
            && request.id == id
        {
            self.step = TransferStep::Unsure { request: request.clone() };
        }
    }

    /// Nothing came of it this time. What may have been heard before keeps its id: a fresh one would move the money twice.
    pub(super) fn too_often(&mut self, id: OperationId, back: ComeBack) {
        match &self.step {
            TransferStep::Asking { request, again: true } if request.id == id => {
                self.step = TransferStep::Unsure { request: request.clone() };
                self.problem = Some(FormProblem::UnsureTooOften(back));
            }
            TransferStep::Asking { request, again: false } if request.id == id => {
                self.step = TransferStep::Filling;
                self.problem = Some(FormProblem::TooOften(back));
            }
            _ => {}
        }
    }

    pub(super) fn refused(&mut self, id: OperationId, field: Option<&str>, balance: Money) {
        if matches!(&self.step, TransferStep::Asking { request, .. } if request.id == id) {
            self.step = TransferStep::Filling;
            let amount = if field == Some("amount") { read_sum(&self.amount, balance).err() } else { None };
            self.problem = Some(amount.unwrap_or(FormProblem::Refused));
        }
    }
}

impl Inside {
    pub(super) fn hand_in_transfer(
        &mut self,
        mut room: TransferRoom,
        intent: Intent,
        fresh: OperationId,
        around: &Around,
    ) -> (Room, Vec<Effect>) {
        match (&room.step, intent) {
            // *Til min side*, as the words say.
            (TransferStep::Done { .. }, Intent::Back) => return (Room::Home, vec![]),
            (TransferStep::Filling | TransferStep::Unsure { .. }, Intent::Back) => {
                return (Room::Accounts(AccountsRoom::default()), vec![]);
            }
            (TransferStep::Filling, Intent::Edit(Field::Amount, text)) => {
                room.amount = keep(&text, AMOUNT);
                room.problem = None;
            }
            (TransferStep::Filling, Intent::ToAccount(place)) => {
                let target = self.visitor.accounts.get(place).map(|a| a.id).filter(|id| *id != room.from);
                if target.is_some() {
                    room.to = target;
                    room.problem = None;
                }
            }
            (TransferStep::Filling, Intent::Next) => match self.read_transfer(&room, fresh, around) {
                Ok(request) => {
                    room.problem = None;
                    room.step = TransferStep::Asking { request: request.clone(), again: false };
                    return (Room::Transfer(room), vec![Effect::Transfer(request)]);
                }
                Err(problem) => room.problem = Some(problem),
            },
            (TransferStep::Unsure { request }, Intent::Next) => {
                let request = request.clone();
                room.problem = None;
                room.step = TransferStep::Asking { request: request.clone(), again: true };
                return (Room::Transfer(room), vec![Effect::Transfer(request)]);
            }
            _ => {}
        }
        (Room::Transfer(room), vec![])
    }

    fn read_transfer(
        &self,
        room: &TransferRoom,
        fresh: OperationId,
        around: &Around,
    ) -> Result<TransferRequest, FormProblem> {
        let to = room.to.filter(|to| self.visitor.account(*to).is_some()).ok_or(FormProblem::Target)?;
        let balance = self.visitor.account(room.from).map_or(Money::ZERO, |a| a.balance);
        let amount = read_sum(&room.amount, balance)?;
        if !around.link.is_online() {
            return Err(FormProblem::NeedsConnection);
        }
        Ok(TransferRequest { id: fresh, card: self.visitor.card, from: room.from, to, amount })
    }

    /// The server's word on a transfer.
    pub fn transfer_is(&mut self, transfer: Box<Transfer>, around: &Around) -> Vec<Effect> {
        let label = |id| self.visitor.account(id).map(|a| a.label.clone()).unwrap_or_default();
        let (from, to) = (label(transfer.from), label(transfer.to));
        let Room::Transfer(room) = &mut self.room else { return vec![] };
        let (TransferStep::Asking { request, .. } | TransferStep::Unsure { request }) = &room.step else {
            return vec![];
        };
        if request.id != transfer.id {
            return vec![];
        }
        let school = &around.catalogue.school;
        let slip = TransferSlip {
            school: school.name.clone(),
            issuer: school.issuer.clone(),
            number: transfer.number.clone(),
            at: transfer.at,
            from,
            to,
            amount: transfer.amount,
            balance: transfer.from_balance,
        };
        let reference = transfer.id.to_string();
        room.step = TransferStep::Done { transfer, paper: around.first_print_state() };
        vec![
            Effect::Print { reference, language: around.language, paper: Paper::Transfer(slip) },
            Effect::Beep(Beep::Done),
        ]
    }
}
