//! *Indbetal*: how much, under which terms, and then the phone.
//!
//! Pure. **Invariant:** the money is shown as paid in only when the server says [`DepositState::Paid`]; when the server cannot be
//! asked the page says so and never "failed".

use madkort_protocol::{Deposit, DepositRequest, DepositState, OperationId};

use super::{Around, Inside, Room};
use crate::form::{keep, read_amount, read_email, type_digit};
use crate::{Effect, Field, FormProblem, Intent, Paper, PayState, PrintState, Receipt, Visitor};

/// Characters of an e-mail address (RFC 5321, 4.5.3.1.3).
const EMAIL: usize = 254;

/// A deposit being made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DepositRoom {
    pub kroner: String,
    pub email: String,
    pub accepted: bool,
    pub show_terms: bool,
    pub problem: Option<FormProblem>,
    pub step: DepositStep,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum DepositStep {
    /// Being filled in.
    Filling,
    /// The server is asked for a payment page.
    Opening { id: OperationId },
    /// The phone's turn.
    Paying { deposit: Box<Deposit>, state: PayState },
    /// In the ledger.
    Done { deposit: Box<Deposit>, paper: PrintState },
}

impl DepositRoom {
    pub fn enter(visitor: &Visitor) -> Self {
        Self {
            kroner: String::new(),
            email: visitor.person.email.clone().unwrap_or_default(),
            accepted: false,
            show_terms: false,
            problem: None,
            step: DepositStep::Filling,
        }
    }

    pub fn open_payment(&self) -> Option<OperationId> {
        match &self.step {
            DepositStep::Opening { id } => Some(*id),
            DepositStep::Paying { deposit, .. } => Some(deposit.id),
            DepositStep::Filling | DepositStep::Done { .. } => None,
        }
    }

    pub fn paper(&mut self, reference: &str, to: PrintState) {
        if let DepositStep::Done { deposit, paper } = &mut self.step
            && deposit.id.to_string() == reference
        {
            *paper = to;
        }
    }

    fn request(&self, inside: &Inside, fresh: OperationId, around: &Around) -> Result<DepositRequest, FormProblem> {
        let school = &around.catalogue.school;
        let amount = read_amount(&self.kroner, school.deposit)?;
        let email = read_email(&self.email)?;
        if !self.accepted {
            return Err(FormProblem::Terms);
        }
        Ok(DepositRequest {
            id: fresh,
            card: inside.visitor.card,
            account: inside.chosen,
            amount,
            email,
            terms_version: school.terms.version.clone(),
            language: around.language,
        })
    }
}

impl Inside {
    pub(super) fn hand_in_deposit(
        &mut self,
        mut room: DepositRoom,
        intent: Intent,
        fresh: OperationId,
        around: &Around,
    ) -> (Room, Vec<Effect>) {
        match (&room.step, intent) {
            (DepositStep::Filling, Intent::Back) if room.show_terms => room.show_terms = false,
            (DepositStep::Filling | DepositStep::Done { .. }, Intent::Back) => return (Room::Home, vec![]),
            (DepositStep::Filling, Intent::Next) => match room.request(self, fresh, around) {
                Ok(request) => {
                    room.problem = None;
                    room.step = DepositStep::Opening { id: fresh };
                    return (Room::Deposit(room), vec![Effect::OpenDeposit(Box::new(request))]);
                }
                Err(problem) => room.problem = Some(problem),
            },
            (DepositStep::Filling, intent) => fill_in(&mut room, intent),
            (DepositStep::Paying { deposit, state }, Intent::CancelPayment | Intent::Back) => {
                let id = deposit.id;
                if state.is_over() {
                    return (Room::Home, vec![Effect::ForgetDeposit(id)]);
                }
                return (Room::Deposit(room), vec![Effect::CancelDeposit(id)]);
            }
            // A paper that is still to come is not asked for twice.
            (DepositStep::Done { paper: PrintState::Printing | PrintState::Waiting, .. }, _) => {}
            (DepositStep::Done { deposit, .. }, Intent::Print) => {
                let (deposit, card) = (deposit.clone(), self.visitor.card_masked.clone());
                let print = receipt(&deposit, self.label(), card, around);
                room.step = DepositStep::Done { deposit, paper: around.first_print_state() };
                return (Room::Deposit(room), vec![print]);
            }
            (DepositStep::Opening { .. } | DepositStep::Paying { .. } | DepositStep::Done { .. }, _) => {}
        }
        (Room::Deposit(room), vec![])
    }

    /// A deposit of an earlier visit that was cut off, or that was paid after they had left: on with it, or how it ended.
    pub(super) fn take_up_deposit(&mut self, deposit: Deposit, around: &Around) -> Vec<Effect> {
        let id = deposit.id;
        if self.visitor.account(deposit.account).is_none() {
            // Not their business any more; what became of it is on the statement of that account.
            return vec![Effect::DepositTold(id)];
        }
        self.chosen = deposit.account;
        let mut room = DepositRoom::enter(&self.visitor);
        room.step = DepositStep::Opening { id };
        self.room = Room::Deposit(room);
        let ended = self.deposit_is(Box::new(deposit), around);
        if !ended.is_empty() {
            return ended;
        }
        if !around.link.is_online() {
            self.deposit_failed(id, FormProblem::Unreachable);
        }
        vec![Effect::FollowDeposit(id)]
    }

    /// The server's word on a deposit.
    pub fn deposit_is(&mut self, deposit: Box<Deposit>, around: &Around) -> Vec<Effect> {
        let (label, card) = (self.label(), self.visitor.card_masked.clone());
        let Room::Deposit(room) = &mut self.room else { return vec![] };
        if room.open_payment() != Some(deposit.id) {
            return vec![];
        }
        let (id, state) = (
            deposit.id,
            match deposit.state {
                DepositState::Paid => return paid(room, deposit, label, card, around),
                DepositState::Open => PayState::Waiting,
                DepositState::Unknown => PayState::Examining,
                DepositState::Declined => PayState::Declined,
                DepositState::Cancelled => PayState::Cancelled,
                DepositState::Expired => PayState::Expired,
            },
        );
        room.step = DepositStep::Paying { deposit, state };
        if state.is_over() { vec![Effect::DepositTold(id)] } else { vec![] }
    }

    /// The server could not be asked, or refused to open a page.
    pub fn deposit_failed(&mut self, id: OperationId, problem: FormProblem) {
        let Room::Deposit(room) = &mut self.room else { return };
        match &mut room.step {
            DepositStep::Opening { id: opening } if *opening == id => {
                room.step = DepositStep::Filling;
                room.problem = Some(problem);
            }
            DepositStep::Paying { deposit, state } if deposit.id == id => *state = PayState::OutOfSight,
            _ => {}
        }
    }
}

/// What a hand fills in: amount, address, terms.
pub(super) fn fill_in(room: &mut DepositRoom, intent: Intent) {
    match intent {
        Intent::Digit(digit) => type_digit(&mut room.kroner, digit),
        Intent::Erase => {
            room.kroner.pop();
        }
        Intent::Preset(kroner) if kroner > 0 => room.kroner = kroner.to_string(),
        Intent::Edit(Field::Email, text) => room.email = keep(&text, EMAIL),
        Intent::ShowTerms(show) => room.show_terms = show,
        Intent::AcceptTerms(accepted) => room.accepted = accepted,
        _ => return,
    }
    room.problem = None;
}

fn paid(room: &mut DepositRoom, deposit: Box<Deposit>, account: String, card: String, around: &Around) -> Vec<Effect> {
    let (print, told) = (receipt(&deposit, account, card, around), Effect::DepositTold(deposit.id));
    room.step = DepositStep::Done { deposit, paper: around.first_print_state() };
    vec![print, told, Effect::Beep(crate::Beep::Done)]
}

/// The receipt on paper; the second time it is a copy and says so, for it has the same reference.
fn receipt(deposit: &Deposit, account: String, card: String, around: &Around) -> Effect {
    let school = &around.catalogue.school;
    let receipt = Receipt {
        school: school.name.clone(),
        issuer: school.issuer.clone(),
        number: deposit.receipt.clone().unwrap_or_default(),
        at: deposit.paid_at.unwrap_or(around.now.wall),
        account,
        card,
        amount: deposit.amount,
        balance: deposit.balance.unwrap_or_default(),
        terms_version: school.terms.version.clone(),
    };
    Effect::Print { reference: deposit.id.to_string(), language: around.language, paper: Paper::Receipt(receipt) }
}
