//! Charges of stored cards for auto top-up: from the intent to the ledger.
//!
//! **Invariant:** a charge is `Created` on disk before it is `Sent`, and `Sent` on disk before the gateway hears of it. So after
//! a crash a created one was never sent, and a sent one is unknown.

use jiff::{SignedDuration, Timestamp};
use madkort_ledger::recharge::{AfterDecline, DeclineClass, Declined, after_decline};

use super::gateway::{Outcome, StoredCharge};
use super::{Payments, ROUND, next_ask};
use crate::store::{Charge, ChargeState, Decline, Mandate, Moved, StoreError};

/// After so long a charge that is still `Sent` has no call behind it any more, whatever became of the task that made it.
const CALL_IS_OVER: SignedDuration = SignedDuration::from_mins(5);

impl Payments {
    /// Sends a created charge to the gateway and writes down what it said.
    pub(crate) async fn carry_out(
        &self,
        charge: Charge,
        mandate: &Mandate,
        now: Timestamp,
    ) -> Result<Charge, StoreError> {
        let sent = self.store.move_charge(charge.id, vec![ChargeState::Created], ChargeState::Sent, None).await?;
        match sent {
            Moved::Moved(charge) => self.call(charge, mandate, now).await,
            Moved::Stands(charge) => Ok(charge),
            Moved::Unknown => Err(StoreError::Corrupt { what: "charge" }),
        }
    }

    async fn call(&self, charge: Charge, mandate: &Mandate, now: Timestamp) -> Result<Charge, StoreError> {
        let call = StoredCharge { key: charge.id, card: mandate.reference.clone(), amount: charge.amount };
        let outcome = self.gateway.charge(call).await;
        self.settle_charge(charge, outcome, now).await
    }

    async fn settle_charge(&self, charge: Charge, outcome: Outcome, now: Timestamp) -> Result<Charge, StoreError> {
        let id = charge.id;
        let moved = match outcome {
            Outcome::Succeeded(taken) => match taken.check(charge.amount) {
                Ok(()) => {
                    tracing::info!(charge = %id, "topped up");
                    self.store.pay_charge(id, now).await?
                }
                Err(mismatch) => {
                    tracing::error!(charge = %id, %mismatch, "a charge is not what was asked for: staff must look at it");
                    return self.leave_charge_unknown(charge, Some(taken.reference), now).await;
                }
            },
            Outcome::Declined(class) => {
                let decline = self.what_follows(&charge, class, now).await?;
                tracing::info!(charge = %id, ?class, ?decline, "a top-up was declined");
                self.store.decline_charge(id, decline, now).await?
            }
            Outcome::Unknown => return self.leave_charge_unknown(charge, None, now).await,
        };
        stands(moved)
    }

    async fn what_follows(&self, charge: &Charge, class: DeclineClass, now: Timestamp) -> Result<Decline, StoreError> {
        if class == DeclineClass::OurError {
            tracing::error!(charge = %charge.id, "the gateway says the request itself was wrong");
        }
        let before = self.store.recharge_facts(charge.account, now).await?.and_then(|(_, facts)| facts.declined);
        let declined = match before {
            Some(before) => Declined { attempts: before.attempts.saturating_add(1), ..before },
            None => Declined { first: charge.created_at, attempts: 1, trigger: charge.cause },
        };
        Ok(match after_decline(class, &declined) {
            AfterDecline::RetryAt(_) => Decline::Again,
            AfterDecline::Suspend => Decline::Suspend,
        })
    }

    async fn leave_charge_unknown(
        &self,
        charge: Charge,
        reference: Option<String>,
        now: Timestamp,
    ) -> Result<Charge, StoreError> {
        let from = vec![ChargeState::Created, ChargeState::Sent, ChargeState::Unknown];
        let asks = charge.asks;
        let charge = stands(self.store.move_charge(charge.id, from, ChargeState::Unknown, reference).await?)?;
        if charge.state == ChargeState::Unknown {
            self.store.asked_charge(charge.id, next_ask(asks, now)).await?;
        }
        Ok(charge)
    }

    /// Every charge whose end is not known. At start no call is under way, so that also what is `Sent` is asked about.
    pub(super) async fn look_at_charges(&self, now: Timestamp, at_start: bool) -> Result<(), StoreError> {
        for charge in self.store.open_charges(ROUND).await? {
            let mandate = self.store.recharge_facts(charge.account, now).await?.map(|(mandate, _)| mandate);
            // Taken back in the meantime, or replaced by another: it may be asked about and not be sent again.
            let mandate = mandate.filter(|mandate| mandate.id == charge.mandate);
            let over = charge.created_at.checked_add(CALL_IS_OVER).is_ok_and(|end| end <= now);
            match (charge.state, mandate) {
                (ChargeState::Created, Some(mandate)) => drop(self.carry_out(charge, &mandate, now).await?),
                (ChargeState::Created, None) => self.never_sent(&charge, now).await?,
                (ChargeState::Sent, mandate) if at_start || over => self.ask_about(charge, mandate, now).await?,
                (ChargeState::Unknown, mandate) if at_start || charge.ask_at.is_none_or(|at| at <= now) => {
                    self.ask_about(charge, mandate, now).await?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn ask_about(&self, charge: Charge, mandate: Option<Mandate>, now: Timestamp) -> Result<(), StoreError> {
        match (self.gateway.ask(charge.id).await, mandate) {
            (Some(outcome), _) => drop(self.settle_charge(charge, outcome, now).await?),
            // It never arrived: the same key is sent once more, which the gateway takes at most once.
            (None, Some(mandate)) => drop(self.call(charge, &mandate, now).await?),
            (None, None) => self.never_sent(&charge, now).await?,
        }
        Ok(())
    }

    /// Closes a charge that moved nothing and, without a mandate, never will.
    async fn never_sent(&self, charge: &Charge, now: Timestamp) -> Result<(), StoreError> {
        tracing::info!(charge = %charge.id, "a top-up was not sent: its mandate has been taken back");
        self.store.decline_charge(charge.id, Decline::Suspend, now).await.map(drop)
    }
}

fn stands(moved: Moved<Charge>) -> Result<Charge, StoreError> {
    match moved {
        Moved::Moved(charge) | Moved::Stands(charge) => Ok(charge),
        // Rows are never deleted.
        Moved::Unknown => Err(StoreError::Corrupt { what: "charge" }),
    }
}
