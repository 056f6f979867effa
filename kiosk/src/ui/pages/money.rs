//! The pages where money moves out or by itself, laid out as the screen's properties; and the list of orders.

use jiff::Timestamp;
use kiosk_core::{
    AutoRechargeBody, AutoRechargePage, FormProblem, OrdersPage, StopAutoRechargePage, TransferDonePage, TransferPage,
    WithdrawCheckPage, WithdrawDonePage, WithdrawPage, WithdrawalList,
};
use madkort_protocol::{
    AutoRechargeCharge, AutoRechargeChargeState, AutoRechargeDetails, Language, StopReason, Withdrawal, WithdrawalStage,
};
use slint::{ModelRc, VecModel};

use super::{Lists, account, order, words};
use crate::events::danish_day;
use crate::ui::{kinds, screens as ui};

impl Lists {
    pub(super) fn auto_recharge(&self, api: &ui::Api, page: &AutoRechargePage, language: Language) -> ui::PageKind {
        let details = if let AutoRechargeBody::Here(details) = &page.body { Some(&**details) } else { None };
        let standing = details.and_then(|details| details.standing.as_ref());
        let auto = standing.map(|standing| standing.auto_recharge);
        let stopped_by = standing.and_then(|standing| standing.stopped_by);
        api.set_auto(ui::AutoView {
            account: (&page.account).into(),
            body: match &page.body {
                AutoRechargeBody::Loading => ui::MonthKind::Loading,
                AutoRechargeBody::Unreachable => ui::MonthKind::Unreachable,
                AutoRechargeBody::Here(_) => ui::MonthKind::Here,
            },
            busy: page.busy,
            problem: kinds::problem(page.problem, language),
            kind: auto.map_or(ui::AutoKind::None, |auto| kinds::auto_recharge(auto.state)),
            stop: stop(stopped_by),
            can_resume: stopped_by.is_some_and(can_resume),
            amount: words(auto.map(|auto| auto.amount), language),
            below: words(auto.map(|auto| auto.below).or(details.map(|details| details.below)), language),
            armed_from: words(details.map(|details| details.armed_from), language),
            missing: words(details.map(|details| details.missing), language),
            card: standing.and_then(|standing| standing.card.as_ref()).map(Into::into).unwrap_or_default(),
            day_cap: words(standing.map(|standing| standing.day_cap), language),
            week_cap: words(standing.and_then(|standing| standing.week_cap), language),
            month_cap: words(standing.map(|standing| standing.month_cap), language),
        });
        let charges: &[AutoRechargeCharge] = details.map_or(&[], |AutoRechargeDetails { charges, .. }| charges);
        self.charges.show(charges.iter().map(|charge| (charge.clone(), language)), |(charge, language)| {
            ui::ChargeRow {
                day: day_of(charge.at),
                kind: match charge.state {
                    AutoRechargeChargeState::UnderWay => ui::ChargeKind::UnderWay,
                    AutoRechargeChargeState::Paid => ui::ChargeKind::Paid,
                    AutoRechargeChargeState::Declined => ui::ChargeKind::Declined,
                },
                amount: charge.amount.in_words(*language).into(),
                cause: (&charge.cause).into(),
                caused: day_of(charge.caused_at),
            }
        });
        ui::PageKind::AutoRecharge
    }

    pub(super) fn own_orders(&self, api: &ui::Api, page: &OrdersPage, language: Language) -> ui::PageKind {
        api.set_orders_list(ui::OrdersView { paper: kinds::paper(page.paper) });
        self.accounts.show(page.accounts.iter().cloned(), account);
        self.coming.show(page.orders.iter().map(|line| (line.clone(), language)), order);
        ui::PageKind::Orders
    }

    pub(super) fn transfer(&self, api: &ui::Api, page: &TransferPage, language: Language) -> ui::PageKind {
        api.set_transfer(ui::TransferView {
            from: (&page.from).into(),
            balance: page.balance.in_words(language).into(),
            amount: (&page.amount).into(),
            problem: kinds::problem(unanswered(page.problem, page.unsure), language),
            asking: page.asking,
            unsure: page.unsure,
        });
        self.targets.show(page.targets.iter().cloned(), |(place, target)| ui::TargetRow {
            place: kinds::whole(*place),
            label: (&target.label).into(),
            chosen: target.chosen,
        });
        ui::PageKind::Transfer
    }

    pub(super) fn withdraw(&self, api: &ui::Api, page: &WithdrawPage, language: Language) -> ui::PageKind {
        api.set_withdraw(ui::WithdrawView {
            account: (&page.account).into(),
            balance: page.balance.in_words(language).into(),
            amount: (&page.amount).into(),
            name: (&page.name).into(),
            registration: (&page.registration).into(),
            number: (&page.number).into(),
            message: (&page.message).into(),
            problem: kinds::problem(page.problem, language),
            list: match &page.earlier {
                WithdrawalList::Loading => ui::MonthKind::Loading,
                WithdrawalList::Unreachable => ui::MonthKind::Unreachable,
                WithdrawalList::Here(_) => ui::MonthKind::Here,
            },
            cancelling: page.cancelling,
        });
        let earlier: &[Withdrawal] = if let WithdrawalList::Here(earlier) = &page.earlier { earlier } else { &[] };
        self.withdrawals.show(earlier.iter().map(|one| (one.clone(), language)), withdrawal);
        ui::PageKind::Withdraw
    }
}

pub(super) fn stopping(api: &ui::Api, page: &StopAutoRechargePage) -> ui::PageKind {
    api.set_stopping((&page.account).into());
    ui::PageKind::StopAutoRecharge
}

pub(super) fn transferred(api: &ui::Api, page: &TransferDonePage, language: Language) -> ui::PageKind {
    api.set_transferred(ui::TransferredView {
        from: (&page.from).into(),
        to: (&page.to).into(),
        amount: page.amount.in_words(language).into(),
        balance: page.balance.in_words(language).into(),
        number: (&page.number).into(),
        paper: kinds::paper(Some(page.paper)),
    });
    ui::PageKind::TransferDone
}

/// What is wrong; if nothing else is, that the server did not answer.
fn unanswered(problem: Option<FormProblem>, unsure: bool) -> Option<FormProblem> {
    problem.or(unsure.then_some(FormProblem::Unsure))
}

pub(super) fn withdraw_check(api: &ui::Api, page: &WithdrawCheckPage, language: Language) -> ui::PageKind {
    api.set_withdraw_check(ui::WithdrawCheckView {
        account: (&page.account).into(),
        amount: page.amount.in_words(language).into(),
        balance_after: page.balance_after.in_words(language).into(),
        name: (&page.name).into(),
        bank: (&page.bank).into(),
        message: (&page.message).into(),
        problem: kinds::problem(unanswered(page.problem, page.unsure), language),
        asking: page.asking,
        unsure: page.unsure,
    });
    ui::PageKind::WithdrawCheck
}

pub(super) fn withdrawn(api: &ui::Api, page: &WithdrawDonePage, language: Language) -> ui::PageKind {
    api.set_withdrawn(ui::WithdrawnView {
        account: (&page.account).into(),
        amount: page.amount.in_words(language).into(),
        balance: page.balance.in_words(language).into(),
        to: (&page.to).into(),
        number: (&page.number).into(),
        paper: kinds::paper(Some(page.paper)),
    });
    ui::PageKind::WithdrawDone
}

fn withdrawal((one, language): &(Withdrawal, Language)) -> ui::WithdrawalRow {
    let steps = one.steps.iter().map(|step| ui::StepRow { kind: stage(step.stage), day: day_of(step.at) });
    ui::WithdrawalRow {
        id: slint::format!("{}", one.id),
        number: (&one.number).into(),
        amount: one.amount.in_words(*language).into(),
        to: (&one.to).into(),
        can_cancel: one.can_cancel,
        steps: ModelRc::new(steps.collect::<VecModel<_>>()),
    }
}

const fn stage(stage: WithdrawalStage) -> ui::StageKind {
    match stage {
        WithdrawalStage::Requested => ui::StageKind::Requested,
        WithdrawalStage::Cancelled => ui::StageKind::Cancelled,
        WithdrawalStage::Sent => ui::StageKind::Sent,
        WithdrawalStage::Paid => ui::StageKind::Paid,
        WithdrawalStage::Returned => ui::StageKind::Returned,
    }
}

const fn stop(reason: Option<StopReason>) -> ui::StopKind {
    match reason {
        None => ui::StopKind::None,
        Some(StopReason::Declines) => ui::StopKind::Declines,
        Some(StopReason::ApprovalNeeded) => ui::StopKind::ApprovalNeeded,
        Some(StopReason::CardGone) => ui::StopKind::CardGone,
        Some(StopReason::CardStopped) => ui::StopKind::CardStopped,
        Some(StopReason::OurError) => ui::StopKind::OurError,
        Some(StopReason::Paused) => ui::StopKind::Paused,
    }
}

/// Whether the holder's word is enough; elsewhere another card is.
const fn can_resume(reason: StopReason) -> bool {
    !matches!(reason, StopReason::CardGone | StopReason::CardStopped)
}

fn day_of(at: Timestamp) -> ui::Day {
    kinds::day(danish_day(at))
}
