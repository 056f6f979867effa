//! *Auto-optank*: how it stands and why, what it charged and for what; begun and given another card on a telephone; paused, resumed,
//! stopped here.
//!
//! Pure. **Invariant:** what is shown is the server's word; the terms box is never ticked beforehand; it is stopped for good only after
//! a second touch; no payment card comes near the kiosk.

use madkort_protocol::{
    AccountId, Agreement, AutoRechargeDetails, MandatePage, MandatePageRequest, MandatePageState, MandateWish,
    OperationId,
};

use super::deposit::fill_in;
use super::{AccountsRoom, Around, DepositRoom, Inside, Room};
use crate::form::{read_amount, read_email};
use crate::{AutoRechargeBody, Beep, Effect, FormProblem, Intent, PayState};

/// Auto top-up of one account.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AutoRechargeRoom {
    pub account: AccountId,
    pub body: AutoRechargeBody,
    pub problem: Option<FormProblem>,
    pub step: AutoRechargeStep,
}

/// What is going on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AutoRechargeStep {
    /// Being looked at.
    Looking,
    /// "Stop it for good?"
    AskingToStop,
    /// The server is told.
    Changing,
    /// Amount, address and terms are filled in.
    Filling { form: DepositRoom },
    /// The server is asked for a page; with the form to go back to, when it begins.
    Opening { id: OperationId, form: Option<DepositRoom> },
    /// The phone's turn.
    Giving { page: Box<MandatePage>, state: PayState },
}

impl AutoRechargeRoom {
    pub const fn enter(account: AccountId) -> Self {
        Self { account, body: AutoRechargeBody::Loading, problem: None, step: AutoRechargeStep::Looking }
    }

    /// The code is asked for again: what was open is looked at afresh afterwards.
    pub fn interrupted(&mut self) {
        self.body = AutoRechargeBody::Unreachable;
        self.step = AutoRechargeStep::Looking;
    }

    /// A page on a telephone that is followed.
    pub fn open_page(&self) -> Option<OperationId> {
        match &self.step {
            AutoRechargeStep::Opening { id, .. } => Some(*id),
            AutoRechargeStep::Giving { page, .. } => Some(page.id),
            _ => None,
        }
    }

    pub(super) fn failed(&mut self, id: OperationId, problem: FormProblem) {
        if self.open_page() != Some(id) {
            return;
        }
        match &mut self.step {
            AutoRechargeStep::Opening { form: Some(form), .. } => {
                let mut form = form.clone();
                form.problem = Some(problem);
                self.step = AutoRechargeStep::Filling { form };
            }
            AutoRechargeStep::Opening { form: None, .. } => {
                self.problem = Some(problem);
                self.step = AutoRechargeStep::Looking;
            }
            AutoRechargeStep::Giving { state, .. } => *state = PayState::OutOfSight,
            _ => {}
        }
    }

    fn details(&self) -> Option<&AutoRechargeDetails> {
        if let AutoRechargeBody::Here(details) = &self.body { Some(details) } else { None }
    }

    fn is_on(&self) -> bool {
        self.details().is_some_and(|details| details.standing.is_some())
    }

    fn load_again(mut self) -> (Room, Vec<Effect>) {
        self.body = AutoRechargeBody::Loading;
        self.step = AutoRechargeStep::Looking;
        let account = self.account;
        (Room::AutoRecharge(self), vec![Effect::LoadAutoRecharge(account)])
    }
}

impl Inside {
    pub(super) fn hand_in_auto_recharge(
        &mut self,
        mut room: AutoRechargeRoom,
        intent: Intent,
        fresh: OperationId,
        around: &Around,
    ) -> (Room, Vec<Effect>) {
        if let AutoRechargeStep::Filling { form } = room.step {
            room.step = AutoRechargeStep::Looking;
            return self.hand_in_agreement(room, form, intent, fresh, around);
        }
        match (&room.step, intent) {
            (AutoRechargeStep::Looking, Intent::Back) => return (Room::Accounts(AccountsRoom::default()), vec![]),
            (AutoRechargeStep::Looking, Intent::LookAgain) if room.body == AutoRechargeBody::Unreachable => {
                return room.load_again();
            }
            (AutoRechargeStep::Looking, Intent::Next) if room.details().is_some() && !room.is_on() => {
                room.problem = None;
                room.step = AutoRechargeStep::Filling { form: DepositRoom::enter(&self.visitor) };
            }
            (AutoRechargeStep::Looking, Intent::AnotherCard) if room.is_on() => {
                return self.open_mandate(room, Agreement::AnotherCard, None, fresh, around);
            }
            (AutoRechargeStep::Looking, Intent::AutoRecharge(MandateWish::Cancel)) if room.is_on() => {
                room.problem = None;
                room.step = AutoRechargeStep::AskingToStop;
            }
            (AutoRechargeStep::Looking, Intent::AutoRecharge(wish)) if room.is_on() => {
                return self.change_mandate(room, wish, around);
            }
            (AutoRechargeStep::AskingToStop, Intent::Back) => room.step = AutoRechargeStep::Looking,
            (AutoRechargeStep::AskingToStop, Intent::Next) => {
                return self.change_mandate(room, MandateWish::Cancel, around);
            }
            (AutoRechargeStep::Giving { page, state }, Intent::CancelPayment | Intent::Back) => {
                let id = page.id;
                if matches!(state, PayState::Cancelled | PayState::Expired) {
                    let (room, mut effects) = room.load_again();
                    effects.push(Effect::ForgetDeposit(id));
                    return (room, effects);
                }
                return (Room::AutoRecharge(room), vec![Effect::CancelMandatePage(id)]);
            }
            _ => {}
        }
        (Room::AutoRecharge(room), vec![])
    }

    /// Amount, address and terms: as for a deposit.
    fn hand_in_agreement(
        &mut self,
        mut room: AutoRechargeRoom,
        mut form: DepositRoom,
        intent: Intent,
        fresh: OperationId,
        around: &Around,
    ) -> (Room, Vec<Effect>) {
        match intent {
            Intent::Back if form.show_terms => form.show_terms = false,
            Intent::Back => return (Room::AutoRecharge(room), vec![]),
            Intent::Next => match agreement(&form, around) {
                Ok(agreement) => {
                    form.problem = None;
                    return self.open_mandate(room, agreement, Some(form), fresh, around);
                }
                Err(problem) => form.problem = Some(problem),
            },
            intent => fill_in(&mut form, intent),
        }
        room.step = AutoRechargeStep::Filling { form };
        (Room::AutoRecharge(room), vec![])
    }

    fn open_mandate(
        &self,
        mut room: AutoRechargeRoom,
        agreement: Agreement,
        form: Option<DepositRoom>,
        fresh: OperationId,
        around: &Around,
    ) -> (Room, Vec<Effect>) {
        if !around.link.is_online() {
            match form {
                Some(form) => {
                    let form = DepositRoom { problem: Some(FormProblem::NeedsConnection), ..form };
                    room.step = AutoRechargeStep::Filling { form };
                }
                None => room.problem = Some(FormProblem::NeedsConnection),
            }
            return (Room::AutoRecharge(room), vec![]);
        }
        room.problem = None;
        room.step = AutoRechargeStep::Opening { id: fresh, form };
        let request = MandatePageRequest {
            id: fresh,
            card: self.visitor.card,
            account: room.account,
            agreement,
            language: around.language,
        };
        (Room::AutoRecharge(room), vec![Effect::OpenMandatePage(Box::new(request))])
    }

    fn change_mandate(&self, mut room: AutoRechargeRoom, wish: MandateWish, around: &Around) -> (Room, Vec<Effect>) {
        if !around.link.is_online() {
            room.problem = Some(FormProblem::NeedsConnection);
            room.step = AutoRechargeStep::Looking;
            return (Room::AutoRecharge(room), vec![]);
        }
        room.problem = None;
        room.step = AutoRechargeStep::Changing;
        let change = Effect::ChangeAutoRecharge { account: room.account, card: self.visitor.card, wish };
        (Room::AutoRecharge(room), vec![change])
    }

    /// Auto top-up as the server says it stands, or not to be had.
    pub fn auto_recharge_is(&mut self, account: AccountId, details: Option<Box<AutoRechargeDetails>>) {
        let Room::AutoRecharge(room) = &mut self.room else { return };
        if room.account != account {
            return;
        }
        let changing = room.step == AutoRechargeStep::Changing;
        if changing {
            room.step = AutoRechargeStep::Looking;
        }
        match details {
            Some(details) => room.body = AutoRechargeBody::Here(details),
            // What was shown still stands, as far as anybody knows.
            None if changing => room.problem = Some(FormProblem::Unsure),
            None if room.body == AutoRechargeBody::Loading => room.body = AutoRechargeBody::Unreachable,
            None => {}
        }
    }

    /// The server's word on a page for a payment card.
    pub fn mandate_page_is(&mut self, page: Box<MandatePage>) -> Vec<Effect> {
        let Room::AutoRecharge(room) = &mut self.room else { return vec![] };
        if room.open_page() != Some(page.id) {
            return vec![];
        }
        let state = match page.state {
            MandatePageState::Given => {
                let account = room.account;
                room.body = AutoRechargeBody::Loading;
                room.step = AutoRechargeStep::Looking;
                return vec![Effect::LoadAutoRecharge(account), Effect::Beep(Beep::Done)];
            }
            MandatePageState::Open => PayState::Waiting,
            MandatePageState::Cancelled => PayState::Cancelled,
            MandatePageState::Expired => PayState::Expired,
        };
        room.step = AutoRechargeStep::Giving { page, state };
        vec![]
    }
}

fn agreement(form: &DepositRoom, around: &Around) -> Result<Agreement, FormProblem> {
    let school = &around.catalogue.school;
    let amount = read_amount(&form.kroner, school.deposit)?;
    let email = read_email(&form.email)?;
    if !form.accepted {
        return Err(FormProblem::Terms);
    }
    Ok(Agreement::Begin { amount, email, terms_version: school.terms.version.clone() })
}
