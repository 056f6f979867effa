//! Auto top-up, carried out: what `madkort_ledger::recharge` decides is durable first, and then the gateway is called or asked.
//!
//! **Invariant:** a charge is `Created` on disk before it is `Sent`, and `Sent` on disk before the gateway hears of it. However
//! often and from however many places an account is considered, one purchase leads to at most one charge, and an account
//! has at most one open charge.

use jiff::Timestamp;
use madkort_ledger::recharge::{Answer, Effect, Event};
use madkort_protocol::{AccountId, Money, OperationId};

use super::gateway::{Outcome, StoredCharge};
use super::{Abreast, COUNTED, Payments, ROUND, new_id};
use crate::store::{Charge, Stepped, Stepping, StoreError};

/// What is to happen next, and the gateway's name for the charge where it said one.
type Next = Option<(Event, Option<String>)>;

impl Payments {
    /// Asks the rule about one account and carries out what it says. Called once per synced batch of purchases, on the
    /// resulting balance. Answers with the charge that began.
    pub async fn consider(&self, account: AccountId, now: Timestamp) -> Result<Option<Charge>, StoreError> {
        self.happens(account, Event::Posted, now).await
    }

    /// The gateway says, on its own, that there is news of a payment. A hint: it is asked.
    pub async fn hint(&self, charge: OperationId, now: Timestamp) -> Result<(), StoreError> {
        let Some(row) = self.store.charge(charge).await? else { return Ok(()) };
        let answer = self.ask(charge, row.amount).await;
        self.go_on(row.account, Some(answer), now).await.map(drop)
    }

    /// Something happened to auto top-up of an account.
    async fn happens(&self, account: AccountId, event: Event, now: Timestamp) -> Result<Option<Charge>, StoreError> {
        if !self.are_set_up() {
            return Ok(None);
        }
        self.go_on(account, Some((event, None)), now).await
    }

    /// Step by step, until there is nothing more to do than to wait.
    async fn go_on(&self, account: AccountId, mut next: Next, now: Timestamp) -> Result<Option<Charge>, StoreError> {
        let mut begun = None;
        while let Some((event, reference)) = next.take() {
            let Some(new_id) = new_id(now) else {
                tracing::error!("the system gives no random bytes: no top-up");
                return Ok(None);
            };
            let stepping = Stepping { account, event, mandate: None, reference, new_id, now };
            let Some(stepped) = self.store.recharge(stepping).await? else { break };
            if let Some(charge) = stepped.charge.clone()
                && !stepped.effects.is_empty()
            {
                begun = Some(charge);
            }
            next = self.carry_out(&stepped).await;
            // A call whose end nobody knows leaves no effect, and its charge is news all the same.
            if let Some(charge) = begun.as_ref() {
                begun = self.store.charge(charge.id).await?;
            }
        }
        match begun {
            Some(charge) => self.store.charge(charge.id).await,
            None => Ok(None),
        }
    }

    /// Does what is left to do after a step, and says what came of it.
    async fn carry_out(&self, stepped: &Stepped) -> Next {
        let mut next = None;
        for effect in &stepped.effects {
            let amount = stepped.charge.as_ref().map_or(Money::ZERO, |charge| charge.amount);
            match *effect {
                Effect::Intend(_) => next = Some((Event::Sending, None)),
                Effect::Call(id) => {
                    let card = stepped.mandate.reference.clone();
                    let call = self.gateway.charge(StoredCharge { key: id, card, amount });
                    let outcome = self.patiently(call).await.unwrap_or(Outcome::Unknown);
                    next = Some(heard(id, Some(outcome), amount));
                }
                Effect::Ask(id) => next = Some(self.ask(id, amount).await),
                Effect::Alarm { charge, what } => tracing::error!(%charge, alarm = "top-up", "{what}: staff must look"),
                Effect::Post(charge) => tracing::info!(%charge, "topped up"),
                Effect::PostStray(charge) => tracing::debug!(%charge, "news of a charge that was settled before"),
                Effect::Close(charge) => tracing::info!(%charge, "a top-up moved nothing"),
                Effect::MailStopped { charge, why } => tracing::info!(%charge, ?why, "auto top-up has stopped"),
                Effect::Forgive => {}
            }
        }
        next
    }

    async fn ask(&self, id: OperationId, amount: Money) -> (Event, Option<String>) {
        heard(id, self.asked(id).await, amount)
    }

    /// One look at charges whose end is not known, and at declined top-ups that are due again. Called at start (`at_start`) and every
    /// few seconds.
    pub async fn look_at_top_ups(&self, now: Timestamp, at_start: bool) -> Result<(), StoreError> {
        if !self.are_set_up() {
            return Ok(());
        }
        self.look_at_charges(now, at_start).await?;
        if self.time_for_retries(now) || at_start {
            self.look_at_mandates(now, at_start).await?;
        }
        Ok(())
    }

    /// Charges that are due to be sent or asked about, and at start every one whose end is not known: no call is under way then, so
    /// that also what is `Sent` is asked about.
    async fn look_at_charges(&self, now: Timestamp, at_start: bool) -> Result<(), StoreError> {
        let mut hints = Abreast::default();
        for charge in self.gateway.notices() {
            let payments = self.clone();
            hints.begin(async move { payments.hint(charge, now).await }).await;
        }
        hints.end().await?;
        let (event, due, most) =
            if at_start { (Event::Restarted, Timestamp::MAX, COUNTED) } else { (Event::TimePassed, now, ROUND) };
        let charges = self.store.open_charges(due, most).await?;
        let accounts = charges.into_iter().map(|charge| charge.account).collect();
        self.happens_to(accounts, event, now).await
    }

    /// Accounts whose declined top-up is due again; at start every one that may be charged, for what nobody has looked at.
    async fn look_at_mandates(&self, now: Timestamp, at_start: bool) -> Result<(), StoreError> {
        let (accounts, event) = if at_start {
            (self.store.accounts_with_mandate().await?, Event::Restarted)
        } else {
            (self.store.accounts_to_retry().await?, Event::TimePassed)
        };
        self.happens_to(accounts, event, now).await
    }

    /// The same happened to auto top-up of many accounts.
    async fn happens_to(&self, accounts: Vec<AccountId>, event: Event, now: Timestamp) -> Result<(), StoreError> {
        let mut abreast = Abreast::default();
        for account in accounts {
            let payments = self.clone();
            abreast.begin(async move { payments.happens(account, event, now).await.map(drop) }).await;
        }
        abreast.end().await
    }
}

/// A gateway's answer as the rule hears it.
fn heard(charge: OperationId, outcome: Option<Outcome>, asked: Money) -> (Event, Option<String>) {
    let (answer, reference) = match outcome {
        None => (Answer::NeverHeard, None),
        Some(Outcome::Unknown) => (Answer::Silent, None),
        Some(Outcome::Declined(class)) => (Answer::Declined(class), None),
        Some(Outcome::Succeeded(taken)) => match taken.check(asked) {
            Ok(()) => (Answer::Succeeded, Some(taken.reference)),
            Err(mismatch) => {
                tracing::error!(%charge, %mismatch, "a charge is not what was asked for");
                (Answer::Mismatched, Some(taken.reference))
            }
        },
    };
    (Event::Answered { charge, answer }, reference)
}
