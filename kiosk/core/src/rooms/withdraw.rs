//! *Udbetal*: how much, to which bank account, looked at once more, and then asked for; and how far earlier ones are.
//!
//! Pure. **Invariant:** nothing is asked for that was not shown back in groups first; what got no answer is asked again under the same
//! id, so that it happens once; a withdrawal is shown as asked for only on the server's word.

use madkort_protocol::{
    AccountId, InvalidBankAccount, InvalidPayee, Language, Money, OperationId, Payee, Withdrawal, WithdrawalRequest,
    Withdrawals,
};

use super::{AccountsRoom, Around, Inside, Room};
use crate::form::{keep, read_sum};
use crate::{
    Beep, ComeBack, Effect, Field, FormProblem, Intent, Paper, PrintState, Visitor, WithdrawalList, WithdrawalSlip,
};

/// Characters of what should be ten digits, spaces and dots included.
const NUMBER: usize = 20;
/// Characters of an amount: more than any balance has.
const AMOUNT: usize = 14;

/// A withdrawal being made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WithdrawRoom {
    pub account: AccountId,
    pub form: WithdrawForm,
    pub problem: Option<FormProblem>,
    pub earlier: WithdrawalList,
    /// One that is being called off.
    pub cancelling: Option<OperationId>,
    pub step: WithdrawStep,
}

/// What is typed. Not printed: it says where somebody banks.
#[derive(Clone, PartialEq)]
pub(crate) struct WithdrawForm {
    pub amount: String,
    pub name: String,
    pub registration: String,
    pub number: String,
    pub message: String,
}

impl std::fmt::Debug for WithdrawForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WithdrawForm").finish_non_exhaustive()
    }
}

/// How far it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum WithdrawStep {
    /// Being filled in.
    Filling,
    /// Looked at once more.
    Checking,
    /// The server is asked; again, if it may have heard before.
    Asking { request: Box<WithdrawalRequest>, again: bool },
    /// The server did not answer: it may have heard.
    Unsure { request: Box<WithdrawalRequest> },
    /// The money is set aside.
    Done { withdrawal: Box<Withdrawal>, paper: PrintState },
}

impl WithdrawRoom {
    pub fn enter(visitor: &Visitor, account: AccountId, language: Language) -> Self {
        // Everything, unless somebody wants less: leaving school is what it is for.
        let balance = visitor.account(account).map_or(Money::ZERO, |a| a.balance);
        Self {
            account,
            form: WithdrawForm {
                amount: if balance > Money::ZERO { typed(balance, language) } else { String::new() },
                name: visitor.person.name.clone(),
                registration: String::new(),
                number: String::new(),
                message: String::new(),
            },
            problem: None,
            earlier: WithdrawalList::Loading,
            cancelling: None,
            step: WithdrawStep::Filling,
        }
    }

    /// The amount and where it goes, or the first field that is wrong.
    pub fn read(&self, balance: Money) -> Result<(Money, Payee), FormProblem> {
        let form = &self.form;
        let amount = read_sum(&form.amount, balance)?;
        let payee = Payee::parse(&form.name, &form.registration, &form.number, &form.message);
        payee.map(|payee| (amount, payee)).map_err(|wrong| match wrong {
            InvalidPayee::Name(_) => FormProblem::Name,
            InvalidPayee::Account(InvalidBankAccount::Registration) => FormProblem::Registration,
            InvalidPayee::Account(InvalidBankAccount::Number) => FormProblem::AccountNumber,
            // Too long is cut while it is typed, and a keyboard has no control characters.
            InvalidPayee::Message(_) => FormProblem::Refused,
        })
    }

    /// The code is asked for again: what was on its way goes out again afterwards, under the same id.
    pub fn interrupted(&mut self) {
        self.cancelling = None;
        if let WithdrawStep::Asking { request, .. } = &self.step {
            self.step = WithdrawStep::Unsure { request: request.clone() };
        }
        if self.earlier == WithdrawalList::Loading {
            self.earlier = WithdrawalList::Unreachable;
        }
    }

    pub fn paper(&mut self, reference: &str, to: PrintState) {
        if let WithdrawStep::Done { withdrawal, paper } = &mut self.step
            && withdrawal.id.to_string() == reference
        {
            *paper = to;
        }
    }

    fn fill_in(&mut self, field: Field, text: &str) {
        let form = &mut self.form;
        match field {
            Field::Amount => form.amount = keep(text, AMOUNT),
            Field::Name => form.name = keep(text, WithdrawalRequest::NAME),
            Field::Registration => form.registration = keep(text, NUMBER),
            Field::AccountNumber => form.number = keep(text, NUMBER),
            Field::Message => form.message = keep(text, WithdrawalRequest::MESSAGE),
            _ => return,
        }
        self.problem = None;
    }

    /// The form points at what the server found wrong.
    fn point_at(&mut self, field: Option<&str>, balance: Money) {
        self.step = WithdrawStep::Filling;
        self.problem = Some(match field {
            // What was on the account a moment ago may be gone before the kiosk has heard of it.
            Some("amount") => read_sum(&self.form.amount, balance).err().unwrap_or(FormProblem::Refused),
            Some("name") => FormProblem::Name,
            Some("registration") => FormProblem::Registration,
            Some("account_number") => FormProblem::AccountNumber,
            _ => FormProblem::Refused,
        });
    }

    fn put(&mut self, withdrawal: &Withdrawal) {
        let WithdrawalList::Here(list) = &mut self.earlier else { return };
        match list.iter_mut().find(|known| known.id == withdrawal.id) {
            Some(known) => *known = withdrawal.clone(),
            None => list.insert(0, withdrawal.clone()),
        }
    }
}

impl Inside {
    pub(super) fn hand_in_withdraw(
        &mut self,
        mut room: WithdrawRoom,
        intent: Intent,
        fresh: OperationId,
        around: &Around,
    ) -> (Room, Vec<Effect>) {
        match (&room.step, intent) {
            // *Til min side*, as the words say.
            (WithdrawStep::Done { .. }, Intent::Back) => return (Room::Home, vec![]),
            (WithdrawStep::Filling | WithdrawStep::Unsure { .. }, Intent::Back) => {
                return (Room::Accounts(AccountsRoom::default()), vec![]);
            }
            (WithdrawStep::Checking, Intent::Back) => {
                room.problem = None;
                room.step = WithdrawStep::Filling;
            }
            (WithdrawStep::Filling, Intent::Edit(field, text)) => room.fill_in(field, &text),
            (WithdrawStep::Filling, Intent::Next) => match self.check(&room, around) {
                Ok(_) => {
                    room.problem = None;
                    room.step = WithdrawStep::Checking;
                }
                Err(problem) => room.problem = Some(problem),
            },
            (WithdrawStep::Checking, Intent::Next) => match self.check(&room, around) {
                Ok((amount, payee)) => return self.ask(room, fresh, amount, payee, around),
                Err(problem) => {
                    room.problem = Some(problem);
                    room.step = WithdrawStep::Filling;
                }
            },
            (WithdrawStep::Unsure { request }, Intent::Next) => {
                let request = request.clone();
                room.problem = None;
                room.step = WithdrawStep::Asking { request: request.clone(), again: true };
                return (Room::Withdraw(room), vec![Effect::Withdraw(request)]);
            }
            (WithdrawStep::Filling, Intent::CancelWithdrawal(id)) if room.can_cancel(id) => {
                room.cancelling = Some(id);
                return (Room::Withdraw(room), vec![Effect::CancelWithdrawal(id)]);
            }
            (WithdrawStep::Filling, Intent::LookAgain) if room.earlier == WithdrawalList::Unreachable => {
                room.earlier = WithdrawalList::Loading;
                let account = room.account;
                return (Room::Withdraw(room), vec![Effect::LoadWithdrawals(account)]);
            }
            _ => {}
        }
        (Room::Withdraw(room), vec![])
    }

    fn check(&self, room: &WithdrawRoom, around: &Around) -> Result<(Money, Payee), FormProblem> {
        let balance = self.visitor.account(room.account).map_or(Money::ZERO, |a| a.balance);
        let read = room.read(balance)?;
        if around.link.is_online() { Ok(read) } else { Err(FormProblem::NeedsConnection) }
    }

    fn ask(
        &self,
        mut room: WithdrawRoom,
        fresh: OperationId,
        amount: Money,
        payee: Payee,
        around: &Around,
    ) -> (Room, Vec<Effect>) {
        let request = Box::new(WithdrawalRequest {
            id: fresh,
            card: self.visitor.card,
            account: room.account,
            amount,
            name: payee.name,
            registration: payee.account.registration().to_owned(),
            account_number: payee.account.number().to_owned(),
            message: payee.message,
            language: around.language,
        });
        room.problem = None;
        room.step = WithdrawStep::Asking { request: request.clone(), again: false };
        (Room::Withdraw(room), vec![Effect::Withdraw(request)])
    }

    /// The server's word on a withdrawal.
    pub fn withdrawal_is(&mut self, withdrawal: &Withdrawal, around: &Around) -> Vec<Effect> {
        let (label, card) = (self.label(), self.visitor.card_masked.clone());
        let Room::Withdraw(room) = &mut self.room else { return vec![] };
        room.put(withdrawal);
        if room.cancelling == Some(withdrawal.id) {
            room.cancelling = None;
        }
        let (WithdrawStep::Asking { request, .. } | WithdrawStep::Unsure { request }) = &room.step else {
            return vec![];
        };
        if request.id != withdrawal.id {
            return vec![];
        }
        let slip = slip(withdrawal, label, card, around);
        room.step = WithdrawStep::Done { withdrawal: Box::new(withdrawal.clone()), paper: around.first_print_state() };
        let reference = withdrawal.id.to_string();
        vec![
            Effect::Print { reference, language: around.language, paper: Paper::Withdrawal(slip) },
            Effect::Beep(Beep::Done),
        ]
    }

    /// The withdrawals of an account, or none to be had.
    pub fn withdrawals_are(&mut self, account: AccountId, found: Option<Withdrawals>) {
        let Room::Withdraw(room) = &mut self.room else { return };
        if room.account == account && room.earlier == WithdrawalList::Loading {
            room.earlier = found.map_or(WithdrawalList::Unreachable, |found| WithdrawalList::Here(found.withdrawals));
        }
    }
}

impl WithdrawRoom {
    /// A request got no answer.
    pub(super) fn unreachable(&mut self, id: OperationId) {
        if self.cancelling == Some(id) {
            self.cancelling = None;
            self.problem = Some(FormProblem::Unsure);
        }
        if let WithdrawStep::Asking { request, .. } = &self.step
            && request.id == id
        {
            self.step = WithdrawStep::Unsure { request: request.clone() };
        }
    }

    /// Nothing came of it this time. What may have been heard before keeps its id: a fresh one would take the money twice.
    pub(super) fn too_often(&mut self, id: OperationId, back: ComeBack) {
        if self.cancelling == Some(id) {
            self.cancelling = None;
            self.problem = Some(FormProblem::TooOften(back));
        }
        match &self.step {
            WithdrawStep::Asking { request, again: true } if request.id == id => {
                self.step = WithdrawStep::Unsure { request: request.clone() };
                self.problem = Some(FormProblem::UnsureTooOften(back));
            }
            WithdrawStep::Asking { request, again: false } if request.id == id => {
                self.step = WithdrawStep::Checking;
                self.problem = Some(FormProblem::TooOften(back));
            }
            _ => {}
        }
    }

    /// A request was refused.
    pub(super) fn refused(&mut self, id: OperationId, field: Option<&str>, balance: Money) {
        if self.cancelling == Some(id) {
            self.cancelling = None;
            self.problem = Some(FormProblem::Refused);
        }
        if matches!(&self.step, WithdrawStep::Asking { request, .. } if request.id == id) {
            self.point_at(field, balance);
        }
    }

    fn can_cancel(&self, id: OperationId) -> bool {
        let WithdrawalList::Here(list) = &self.earlier else { return false };
        self.cancelling.is_none() && list.iter().any(|known| known.id == id && known.can_cancel)
    }
}

fn slip(withdrawal: &Withdrawal, account: String, card: String, around: &Around) -> WithdrawalSlip {
    let school = &around.catalogue.school;
    WithdrawalSlip {
        school: school.name.clone(),
        issuer: school.issuer.clone(),
        number: withdrawal.number.clone(),
        at: withdrawal.steps.first().map_or(around.now.wall, |step| step.at),
        account,
        card,
        amount: withdrawal.amount,
        to: withdrawal.to.clone(),
        balance: withdrawal.balance,
    }
}

/// An amount as a person would type it.
fn typed(amount: Money, language: Language) -> String {
    let point = match language {
        Language::Danish => ',',
        Language::English => '.',
    };
    format!("{}{point}{:02}", amount.ore() / 100, amount.ore() % 100)
}
