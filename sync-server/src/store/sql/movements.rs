//! Movements that no device's queue carries.

use std::collections::BTreeSet;

use jiff::Timestamp;
use madkort_ledger::caps::Caps;
use madkort_ledger::correction::{Correcting, corrected};
use madkort_ledger::guest_card::{self, GuestAccount};
use madkort_ledger::hold::Hold;
use madkort_ledger::order::{Refunding, capture_id, refunded};
use madkort_ledger::rules::{Payer, refusal};
use madkort_ledger::transfer::{Transferring, transferred};
use madkort_ledger::withdrawal::{Requesting, Withdrawal, requested};
use madkort_ledger::{Book, Kind, Leg, Transaction};
use madkort_protocol::{AccountId, CardId, Money, OperationId, OrderState, Outcome, Refusal, Rule, SchoolId};

use crate::store::{Movement, Movements, Moving, Pending};

use super::holds::{self, keep_withdrawal};
use super::operations::payer_of_card;
use super::posted::{Found, found};
use super::posting::{Note, digest};
use super::session::First;
use super::value::{Db, corrupt, values, word};
use super::write::Write;
use super::{SqlStore, rows, withdrawals};

impl Movements for SqlStore {
    fn carry_out(&self, school: SchoolId, id: OperationId, movement: Movement, now: Timestamp) -> Pending<'_, Moving> {
        self.write("making a movement", move |write| settle(write, school, id, &movement, now))
    }

    fn set_caps(&self, school: SchoolId, account: AccountId, caps: Caps) -> Pending<'_, bool> {
        self.write("setting caps", move |write| {
            let known = write.db()?.execute(
                "UPDATE accounts SET day_cap = $1, week_cap = $2, month_cap = $3 WHERE id = $4 AND school = $5",
                &values![caps.day, caps.week, caps.month, account.uuid(), school.uuid()],
            )?;
            if known > 0 {
                write.changed(school, "account", account.uuid().as_bytes())?;
            }
            Ok(known > 0)
        })
    }
}

/// What a movement comes to.
#[derive(Default)]
struct Made {
    /// To be posted, each with the moment its money was first spent, where it gives money back.
    posts: Vec<(Transaction, Option<Timestamp>)>,
    after: After,
}

/// What else it changes.
#[derive(Default)]
enum After {
    #[default]
    Nothing,
    Hold(Hold),
    Withdrawal(Withdrawal),
    Reversed(Box<Found>),
}

impl Made {
    fn one(transaction: Transaction) -> Self {
        Self { posts: vec![(transaction, None)], after: After::Nothing }
    }
}

/// What is asked, of which school, when.
#[derive(Clone, Copy)]
struct Asked<'a> {
    school: SchoolId,
    id: OperationId,
    movement: &'a Movement,
    at: Timestamp,
}

/// Makes a movement once, or says how it was settled before.
pub fn settle(write: &Write<'_>, school: SchoolId, id: OperationId, movement: &Movement, now: Timestamp) -> Db<Moving> {
    let key = movement.key(id);
    let body = digest("movement", movement)?;
    match write.settled(key)? {
        Some(before) if before.digest != body => return Ok(Moving::IdReused),
        Some(before) => return Ok(Moving::Settled(before.outcome())),
        None => {}
    }
    let asked = Asked { school, id, movement, at: now };
    let note = Note::new(key, school, body, kind(movement).word(), now);
    match make(write, asked)? {
        Ok(made) => {
            post(write, &note, &made)?;
            Ok(Moving::Settled(Outcome::Posted))
        }
        Err(refusal) => {
            // What follows from something else may be right another day: its key is not used up.
            if key == id {
                write.settle(&Note { refusal: Some(&refusal), ..note }, None)?;
            }
            Ok(Moving::Settled(Outcome::Refused(refusal)))
        }
    }
}

const fn kind(movement: &Movement) -> Kind {
    match movement {
        Movement::Transfer { .. } => Kind::Transfer,
        Movement::RequestWithdrawal { .. } => Kind::WithdrawalRequested,
        Movement::CancelWithdrawal { .. } => Kind::WithdrawalCancelled,
        Movement::SendWithdrawal { .. } => Kind::WithdrawalSent,
        Movement::SettleWithdrawal { .. } => Kind::WithdrawalSettled,
        Movement::ReturnWithdrawal { .. } => Kind::WithdrawalReturned,
        Movement::RefundOrder { .. } => Kind::OrderRefunded,
        Movement::Correct { .. } => Kind::Reversal,
        Movement::IssueGuestCard { .. } => Kind::GuestCardIssued,
        Movement::ReturnGuestCard { .. } => Kind::GuestCardReturned,
    }
}

fn make(write: &Write<'_>, asked: Asked<'_>) -> Db<Result<Made, Refusal>> {
    let Asked { school, id, at, .. } = asked;
    match asked.movement {
        Movement::Transfer { card, from, to, amount } => transfer(write, asked, *card, (*from, *to), *amount),
        Movement::RequestWithdrawal { card, account, amount } => {
            let payer = payer_of_card(write, school, *card, *account)?;
            let asked = Requesting { id, at, account: Some(*account), payer, amount: *amount };
            Ok(requested(&asked)
                .map(|(withdrawal, made)| Made { after: After::Hold(withdrawal.hold), ..Made::one(made) }))
        }
        Movement::CancelWithdrawal { card, withdrawal } => cancel_withdrawal(write, asked, *card, *withdrawal),
        Movement::SendWithdrawal { withdrawal } => forward(write, asked, *withdrawal, |it| it.sent(at)),
        Movement::SettleWithdrawal { withdrawal } => forward(write, asked, *withdrawal, |it| it.settled(at)),
        Movement::ReturnWithdrawal { withdrawal } => forward(write, asked, *withdrawal, |it| it.returned(at)),
        Movement::RefundOrder { order, reason } => refund(write, asked, *order, reason),
        Movement::Correct { wrong, right, reason } => correct(write, asked, *wrong, right.as_deref(), reason),
        Movement::IssueGuestCard { account, amount } => {
            let guest = guest(write, school, *account)?;
            Ok(guest_card::issued(id, guest, *amount, at).map(Made::one))
        }
        Movement::ReturnGuestCard { account } => {
            let guest = guest(write, school, *account)?;
            Ok(guest_card::returned(id, guest, at).map(|made| made.map(Made::one).unwrap_or_default()))
        }
    }
}

fn post(write: &Write<'_>, note: &Note<'_>, made: &Made) -> Db<()> {
    let school = note.school;
    if made.posts.is_empty() {
        write.settle(note, None)?;
    }
    for (transaction, spent_at) in &made.posts {
        let note = Note { id: transaction.id(), kind: transaction.kind().word(), spent_at: *spent_at, ..*note };
        write.settle(&note, Some(transaction))?;
    }
    match &made.after {
        After::Nothing => Ok(()),
        After::Hold(hold) => holds::keep(write, school, hold, None, note.at),
        After::Withdrawal(withdrawal) => {
            keep_withdrawal(write, withdrawal)?;
            withdrawals::stepped(write, withdrawal, note.at)
        }
        After::Reversed(wrong) => take_out_of_sums(write, school, wrong, note.at),
    }
}

fn transfer(
    write: &Write<'_>,
    asked: Asked<'_>,
    card: CardId,
    (from, to): (AccountId, AccountId),
    amount: Money,
) -> Db<Result<Made, Refusal>> {
    let payer = payer_of_card(write, asked.school, card, from)?;
    let receiver = payer_of_card(write, asked.school, card, to)?;
    let to = receiver.may_use.then_some(to);
    let asked = Transferring { id: asked.id, at: asked.at, from, payer, to, amount };
    Ok(transferred(&asked).map(Made::one))
}

fn cancel_withdrawal(
    write: &Write<'_>,
    asked: Asked<'_>,
    card: CardId,
    withdrawal: OperationId,
) -> Db<Result<Made, Refusal>> {
    let Some(stored) = holds::stored(write, asked.school, withdrawal)? else {
        return Ok(Err(refusal(Rule::Withdrawal)));
    };
    let payer: Payer = payer_of_card(write, asked.school, card, stored.hold.account)?;
    if let Err(refusal) = payer.check_card() {
        return Ok(Err(refusal));
    }
    forward(write, asked, withdrawal, |it| it.cancelled(asked.id, asked.at))
}

/// A withdrawal's next step.
fn forward(
    write: &Write<'_>,
    asked: Asked<'_>,
    withdrawal: OperationId,
    step: impl FnOnce(Withdrawal) -> Result<(Withdrawal, Transaction), Refusal>,
) -> Db<Result<Made, Refusal>> {
    let Some(stored) = holds::stored(write, asked.school, withdrawal)? else {
        return Ok(Err(refusal(Rule::Withdrawal)));
    };
    let made = step(Withdrawal { hold: stored.hold, stage: stored.stage });
    Ok(made.map(|(withdrawal, made)| Made { after: After::Withdrawal(withdrawal), ..Made::one(made) }))
}

fn refund(write: &Write<'_>, asked: Asked<'_>, order: OperationId, reason: &str) -> Db<Result<Made, Refusal>> {
    let capture = found(write, asked.school, capture_id(order))?;
    let placed = found(write, asked.school, order)?;
    let order = rows::order(write.db()?, asked.school, order)?;
    let capture = capture.as_ref().map(Found::posted);
    let refunding = Refunding { at: asked.at, order: order.as_ref(), capture, reason };
    let spent_at = placed.map(|placed| placed.transaction.at());
    Ok(refunded(&refunding).map(|made| Made { posts: vec![(made, spent_at)], after: After::Nothing }))
}

fn correct(
    write: &Write<'_>,
    asked: Asked<'_>,
    wrong: OperationId,
    right: Option<&[(String, Money)]>,
    reason: &str,
) -> Db<Result<Made, Refusal>> {
    let found = found(write, asked.school, wrong)?;
    let right = right.map(|legs| legs.iter().map(|(book, amount)| leg(book, *amount)).collect::<Result<Vec<_>, _>>());
    let right = match right.transpose() {
        Ok(right) => right,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut accounts: BTreeSet<AccountId> = right.iter().flatten().filter_map(|leg| leg.book.account()).collect();
    let original = found.iter().flat_map(|found| found.transaction.legs());
    accounts.extend(original.filter_map(|leg| leg.book.account()));
    accounts.extend(found.as_ref().and_then(|found| found.holder));
    let mut balances = Vec::new();
    for account in accounts {
        if rows::account(write.db()?, asked.school, account)?.is_none() {
            return Ok(Err(refusal(Rule::Account)));
        }
        let standing = write.standing(asked.school, &Book::Card(account))?;
        balances.push((account, Money::from_ore(standing.balance)));
    }
    let correcting = Correcting {
        id: asked.id,
        at: asked.at,
        wrong: found.as_ref().map(Found::posted),
        right: right.as_deref(),
        reason,
        balances: &balances,
    };
    Ok(corrected(&correcting).map(|made| Made {
        posts: std::iter::once(made.reversal).chain(made.right).map(|made| (made, None)).collect(),
        after: found.map_or(After::Nothing, |found| After::Reversed(Box::new(found))),
    }))
}

fn leg(book: &str, amount: Money) -> Result<Leg, Refusal> {
    Ok(Leg { book: book.parse().map_err(|_| refusal(Rule::Field))?, amount })
}

/// What was put right counts no longer as paid in or spent.
fn take_out_of_sums(write: &Write<'_>, school: SchoolId, wrong: &Found, now: Timestamp) -> Db<()> {
    let original = &wrong.transaction;
    let Some(account) = wrong.holder else { return Ok(()) };
    let book = Book::Card(account);
    let moved: Money = original.change_of(&book);
    match original.kind() {
        Kind::Deposit | Kind::Recharge => write.with_standing(school, &book, |standing| {
            standing.deposited = standing.deposited.saturating_sub(moved.ore());
        }),
        Kind::Purchase => {
            let held = original.change_of(&Book::Held(madkort_ledger::HoldKind::Sale));
            let spent = moved.plus(held).and_then(Money::negated).map_err(|_| corrupt("sale"))?;
            write.with_standing(school, &book, |standing| {
                standing.spent = standing.spent.give_back(spent, wrong.spent_at, now);
            })
        }
        _ => Ok(()),
    }
}

/// A guest card's account with what is held of it.
fn guest(write: &Write<'_>, school: SchoolId, account: AccountId) -> Db<Option<GuestAccount>> {
    let Some(known) = rows::account(write.db()?, school, account)? else { return Ok(None) };
    let held = write.db()?.first(
        "SELECT CAST(coalesce((SELECT sum(total - subsidised) FROM orders WHERE account = $1 AND state = $2), 0)
             + coalesce((SELECT sum(amount) FROM holds WHERE account = $1 AND state = 'held'), 0) AS BIGINT) AS held",
        &values![account.uuid(), word(&OrderState::Held)?],
    )?;
    let held = held.map_or(Ok(Money::ZERO), |row| row.col("held"))?;
    Ok(Some(GuestAccount { account, kind: known.kind, balance: known.balance, held }))
}
