//! The pages where money moves out or by itself: withdrawal, transfer, auto top-up; and the list of orders.
//!
//! Pure.

use madkort_protocol::{Money, OrderState};

use super::{accounts, amount};
use crate::rooms::{
    Around, AutoRechargeRoom, AutoRechargeStep, Inside, OrdersRoom, TransferRoom, TransferStep, WithdrawRoom,
    WithdrawStep, brief,
};
use crate::{
    AccountChoice, AutoRechargeBody, AutoRechargePage, AutoTerms, DepositAmountPage, DepositPayPage, OrdersPage, Page,
    StopAutoRechargePage, TransferDonePage, TransferPage, WithdrawCheckPage, WithdrawDonePage, WithdrawPage,
};

pub(super) fn withdraw(room: &WithdrawRoom, inside: &Inside) -> Page {
    let account = inside.visitor.account(room.account);
    let label = account.map(|a| a.label.clone()).unwrap_or_default();
    let balance = account.map_or(Money::ZERO, |a| a.balance);
    let form = &room.form;
    match &room.step {
        WithdrawStep::Filling => Page::Withdraw(WithdrawPage {
            account: label,
            balance,
            amount: form.amount.clone(),
            name: form.name.clone(),
            registration: form.registration.clone(),
            number: form.number.clone(),
            message: form.message.clone(),
            problem: room.problem,
            earlier: room.earlier.clone(),
            cancelling: room.cancelling.is_some(),
        }),
        WithdrawStep::Checking | WithdrawStep::Asking { .. } | WithdrawStep::Unsure { .. } => {
            // What is asked for was read when it was shown first; it is what is typed.
            let read = room.read(Money::from_ore(i64::MAX)).ok();
            let (sum, payee) = read.map_or((Money::ZERO, None), |(sum, payee)| (sum, Some(payee)));
            let held = matches!(room.step, WithdrawStep::Checking);
            Page::WithdrawCheck(WithdrawCheckPage {
                account: label,
                amount: sum,
                balance_after: if held { balance.minus(sum).unwrap_or_default() } else { balance },
                name: payee.as_ref().map(|p| p.name.clone()).unwrap_or_default(),
                bank: payee.as_ref().map(|p| p.account.grouped()).unwrap_or_default(),
                message: payee.map(|p| p.message).unwrap_or_default(),
                problem: room.problem,
                asking: matches!(room.step, WithdrawStep::Asking { .. }),
                unsure: matches!(room.step, WithdrawStep::Unsure { .. }),
            })
        }
        WithdrawStep::Done { withdrawal, paper } => Page::WithdrawDone(WithdrawDonePage {
            account: label,
            amount: withdrawal.amount,
            balance: withdrawal.balance,
            to: withdrawal.to.clone(),
            number: withdrawal.number.clone(),
            paper: *paper,
        }),
    }
}

pub(super) fn transfer(room: &TransferRoom, inside: &Inside) -> Page {
    let label = |id| inside.visitor.account(id).map(|a| a.label.clone()).unwrap_or_default();
    if let TransferStep::Done { transfer, paper } = &room.step {
        return Page::TransferDone(TransferDonePage {
            from: label(transfer.from),
            to: label(transfer.to),
            amount: transfer.amount,
            balance: transfer.from_balance,
            number: transfer.number.clone(),
            paper: *paper,
        });
    }
    let others = inside.visitor.accounts.iter().enumerate().filter(|(_, a)| a.id != room.from);
    let targets = others
        .map(|(place, a)| (place, AccountChoice { id: a.id, label: a.label.clone(), chosen: room.to == Some(a.id) }));
    Page::Transfer(TransferPage {
        from: label(room.from),
        balance: inside.visitor.account(room.from).map_or(Money::ZERO, |a| a.balance),
        targets: targets.collect(),
        amount: room.amount.clone(),
        problem: room.problem,
        asking: matches!(room.step, TransferStep::Asking { .. }),
        unsure: matches!(room.step, TransferStep::Unsure { .. }),
    })
}

pub(super) fn auto_recharge(room: &AutoRechargeRoom, inside: &Inside, around: &Around) -> Page {
    let account = inside.visitor.account(room.account).map(|a| a.label.clone()).unwrap_or_default();
    let auto = || {
        let AutoRechargeBody::Here(details) = &room.body else { return None };
        Some(AutoTerms { below: details.below, armed_from: details.armed_from })
    };
    match &room.step {
        AutoRechargeStep::Looking | AutoRechargeStep::Changing | AutoRechargeStep::Opening { form: None, .. } => {
            Page::AutoRecharge(AutoRechargePage {
                account,
                body: room.body.clone(),
                busy: room.step != AutoRechargeStep::Looking,
                problem: room.problem,
            })
        }
        AutoRechargeStep::AskingToStop => Page::StopAutoRecharge(StopAutoRechargePage { account }),
        AutoRechargeStep::Filling { form } => {
            Page::DepositAmount(DepositAmountPage { auto: auto(), ..amount(form, inside, around, false) })
        }
        AutoRechargeStep::Opening { form: Some(form), .. } => {
            Page::DepositAmount(DepositAmountPage { auto: auto(), ..amount(form, inside, around, true) })
        }
        AutoRechargeStep::Giving { page, state } => {
            let left = page.expires_at.duration_since(around.now.wall).as_secs().max(0);
            Page::DepositPay(DepositPayPage {
                account,
                amount: page.amount,
                url: page.url.clone(),
                state: *state,
                expires_at: page.expires_at,
                minutes_left: (left + 59) / 60,
                auto: true,
            })
        }
    }
}

pub(super) fn orders(room: &OrdersRoom, inside: &Inside, around: &Around) -> OrdersPage {
    let mine = inside.visitor.orders.iter().filter(|o| o.account == inside.chosen);
    let lines = mine.filter(|o| o.state != OrderState::Refused).map(|o| {
        let mut line = brief(o, &inside.visitor, around);
        line.can_cancel &= inside.cancelling.is_none();
        line
    });
    let paper = room.paper.map(|(_, state)| state);
    OrdersPage { accounts: accounts(inside), orders: lines.collect(), paper }
}
