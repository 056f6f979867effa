//! Auto top-up (*Auto-optank*): after money has left an account, the rule is asked whether its mandate is charged.
//!
//! The rule itself is `madkort_ledger::recharge`; gateway and states are in `payments`.
//!
//! **Invariant:** however often and from however many places an account is considered, one purchase leads to at most one
//! charge, and an account has at most one open charge: the store's unique indexes say so, not this task.

use jiff::Timestamp;
use madkort_ledger::recharge::{Decision, decide};
use madkort_protocol::AccountId;

use crate::payments::{Payments, new_id};
use crate::store::{Charge, ChargeOpening, NewCharge, StoreError};

impl Payments {
    /// Asks the rule about one account and carries out what it says. Called once per synced batch of purchases, on the
    /// resulting balance.
    pub async fn consider(&self, account: AccountId, now: Timestamp) -> Result<Option<Charge>, StoreError> {
        if !self.are_set_up() {
            return Ok(None);
        }
        let Some((mandate, facts)) = self.store().recharge_facts(account, now).await? else { return Ok(None) };
        let (amount, cause) = match decide(&facts) {
            Decision::Charge { amount, trigger } => (amount, trigger),
            Decision::Nothing(why) => {
                tracing::debug!(%account, ?why, "no top-up");
                return Ok(None);
            }
        };
        let Some(id) = new_id(now) else {
            tracing::error!("the system gives no random bytes: no top-up");
            return Ok(None);
        };
        let charge = NewCharge { id, mandate: mandate.id, amount, cause };
        match self.store().open_charge(charge, now).await? {
            ChargeOpening::Opened(charge) => self.carry_out(charge, &mandate, now).await.map(Some),
            ChargeOpening::UnderWay | ChargeOpening::NoMandate => Ok(None),
        }
    }

    /// Accounts whose declined top-up is due again; at start also those whose wake-up call may have been lost.
    pub(crate) async fn consider_waiting(&self, now: Timestamp, at_start: bool) -> Result<(), StoreError> {
        for account in self.store().accounts_with_mandate().await? {
            let Some((_, facts)) = self.store().recharge_facts(account, now).await? else { continue };
            if at_start || facts.declined.and_then(|declined| declined.next_attempt()).is_some_and(|at| at <= now) {
                self.consider(account, now).await?;
            }
        }
        Ok(())
    }
}
