//! Deposits: opened by a kiosk, paid on a payment page, posted once.
//!
//! **Invariant:** whoever finds out first that the gateway has the money posts it, and everybody else finds it posted. Money
//! that arrives after the deposit was given up or ran out goes to the account all the same.

use jiff::Timestamp;
use madkort_ledger::asking::next_ask;
use madkort_protocol::{DepositState, Language, OperationId};

use super::gateway::{Outcome, PageRequest};
use super::{Abreast, Payments, ROUND};
use crate::store::{DepositOpening, DepositRow, Moved, NewDeposit, StoreError};

/// What became of opening a deposit.
#[derive(Debug)]
pub enum Opening {
    /// There it is.
    Open(Box<DepositRow>),
    /// It is written down, and its page could not be opened: the same request may be sent again.
    NoPage,
    /// As the store says.
    Not(DepositOpening),
}

impl Payments {
    /// Opens a deposit and its page; asked again, finds it as it stands.
    pub async fn open_deposit(&self, deposit: NewDeposit, now: Timestamp) -> Result<Opening, StoreError> {
        let request = |row: &DepositRow, language: Language| PageRequest {
            key: row.id,
            amount: row.amount,
            page: row.page.clone(),
            language,
            expires_at: row.expires_at,
        };
        let language = deposit.language;
        let row = match self.store.open_deposit(deposit, now).await? {
            DepositOpening::Opened(row) | DepositOpening::Already(row) => row,
            not @ (DepositOpening::IdReused | DepositOpening::Refused(_)) => return Ok(Opening::Not(not)),
        };
        // Also for one found again: the first try may have ended between the row and the page. The same key is the same page.
        if row.state == DepositState::Open && now < row.expires_at {
            return Ok(match self.patiently(self.gateway.open_page(request(&row, language))).await {
                Some(Ok(())) => Opening::Open(row),
                Some(Err(_)) | None => Opening::NoPage,
            });
        }
        Ok(Opening::Open(Box::new(self.refresh_deposit(*row, now).await?)))
    }

    /// Brings a deposit up to the moment: one past its end is closed, one whose end is not known is asked about when due.
    pub async fn refresh_deposit(&self, row: DepositRow, now: Timestamp) -> Result<DepositRow, StoreError> {
        match row.state {
            DepositState::Open if now >= row.expires_at => self.give_up(row, DepositState::Expired, now).await,
            DepositState::Unknown if row.ask_at.is_none_or(|at| at <= now) => {
                match self.asked(row.id).await {
                    // Not one attempt arrived there. With the page closed none can any more.
                    None => self.give_up(row, DepositState::Expired, now).await,
                    Some(outcome) => self.settle_deposit(row, outcome, now).await,
                }
            }
            _ => Ok(row),
        }
    }

    /// Takes a deposit back, unless somebody has paid it.
    pub async fn cancel_deposit(&self, row: DepositRow, now: Timestamp) -> Result<DepositRow, StoreError> {
        if row.state != DepositState::Open {
            return self.refresh_deposit(row, now).await;
        }
        let to = if now < row.expires_at { DepositState::Cancelled } else { DepositState::Expired };
        self.give_up(row, to, now).await
    }

    /// Somebody has done something on the page: learns what from the gateway.
    pub async fn page_was_used(&self, row: DepositRow, now: Timestamp) -> Result<DepositRow, StoreError> {
        match self.asked(row.id).await {
            Some(outcome) => self.settle_deposit(row, outcome, now).await,
            None => self.refresh_deposit(row, now).await,
        }
    }

    /// Writes down what the gateway said.
    async fn settle_deposit(
        &self,
        row: DepositRow,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<DepositRow, StoreError> {
        let id = row.id;
        match outcome {
            Outcome::Succeeded(taken) => {
                if row.state == DepositState::Paid {
                    return Ok(row);
                }
                self.store.name_deposit(id, taken.reference.clone()).await?;
                if let Err(mismatch) = taken.check(row.amount) {
                    tracing::error!(deposit = %id, %mismatch, "a payment is not what was asked for: staff must look at it");
                    if taken.currency != super::CURRENCY {
                        return self.leave_unknown(row, now).await;
                    }
                }
                if matches!(row.state, DepositState::Cancelled | DepositState::Expired | DepositState::Declined) {
                    tracing::warn!(deposit = %id, "paid after it was given up: the money goes to the account");
                }
                let asks = row.asks;
                let row = stands(self.store.pay_deposit(id, taken.amount, now).await?)?;
                if row.state == DepositState::Unknown {
                    // The money is in the suspense book. Asking on shows when the gateway, or staff there, put it right.
                    self.store.asked_deposit(id, next_ask(asks, now)).await?;
                    return self.read_again(row).await;
                }
                Ok(row)
            }
            Outcome::Declined(class) => {
                tracing::info!(deposit = %id, ?class, "a payment was declined");
                let from = vec![DepositState::Open, DepositState::Unknown];
                stands(self.store.move_deposit(id, from, DepositState::Declined).await?)
            }
            Outcome::Unknown => self.leave_unknown(row, now).await,
        }
    }

    async fn leave_unknown(&self, row: DepositRow, now: Timestamp) -> Result<DepositRow, StoreError> {
        let (id, asks) = (row.id, row.asks);
        let from = vec![DepositState::Open];
        let row = stands(self.store.move_deposit(id, from, DepositState::Unknown).await?)?;
        if row.state != DepositState::Unknown {
            return Ok(row);
        }
        self.store.asked_deposit(id, next_ask(asks, now)).await?;
        self.read_again(row).await
    }

    async fn give_up(&self, row: DepositRow, to: DepositState, now: Timestamp) -> Result<DepositRow, StoreError> {
        let closed = self.patiently(self.gateway.close_page(row.id)).await;
        if let Some(outcome) = closed.unwrap_or(Some(Outcome::Unknown)) {
            return self.settle_deposit(row, outcome, now).await;
        }
        let from = vec![DepositState::Open, DepositState::Unknown];
        stands(self.store.move_deposit(row.id, from, to).await?)
    }

    async fn read_again(&self, row: DepositRow) -> Result<DepositRow, StoreError> {
        Ok(self.store.deposit(row.id).await?.unwrap_or(row))
    }

    /// One look at deposits past their end, and at those whose end is not known. Called every few seconds.
    pub async fn look_at_deposits(&self, now: Timestamp) -> Result<(), StoreError> {
        if !self.are_set_up() {
            return Ok(());
        }
        let mut abreast = Abreast::default();
        for row in self.store.deposits_due(now, ROUND).await? {
            let payments = self.clone();
            abreast.begin(async move { payments.refresh_deposit(row, now).await.map(drop) }).await;
        }
        abreast.end().await
    }

    /// A deposit, brought up to the moment.
    pub async fn deposit(&self, id: OperationId, now: Timestamp) -> Result<Option<DepositRow>, StoreError> {
        match self.store.deposit(id).await? {
            Some(row) => self.refresh_deposit(row, now).await.map(Some),
            None => Ok(None),
        }
    }

    /// The deposit behind a payment page, brought up to the moment.
    pub async fn deposit_of_page(&self, page: String, now: Timestamp) -> Result<Option<DepositRow>, StoreError> {
        match self.store.deposit_of_page(page).await? {
            Some(row) => self.refresh_deposit(row, now).await.map(Some),
            None => Ok(None),
        }
    }
}

fn stands(moved: Moved<DepositRow>) -> Result<DepositRow, StoreError> {
    match moved {
        Moved::Moved(row) | Moved::Stands(row) => Ok(row),
        // Rows are never deleted.
        Moved::Unknown => Err(StoreError::Corrupt { what: "deposit" }),
    }
}
