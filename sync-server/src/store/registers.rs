//! What tills do beside plain purchases, settled once: authorisations, undo, pick-up, sales made offline.

use jiff::Timestamp;
use madkort_protocol::{
    AccountId, Answer, AuthorisationRequest, DeviceId, OperationId, PickUpAnswer, PickUpRequest, PurchaseBatch,
    Release, Undo,
};

use super::Pending;

/// What became of something a till asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum AtTill<T> {
    /// Settled now or before, posted or refused.
    Settled {
        /// What the till is told.
        answer: T,
        /// Whose balance went down just now to where a mandate of auto top-up looks at it.
        accounts: Vec<AccountId>,
    },
    /// Nothing was posted: the id came back with another body.
    IdReused(OperationId),
    /// Nothing was posted: no such device, or revoked.
    UnknownDevice,
}

/// Tills.
pub trait Registers {
    /// Holds money for a sale. The amount is within its bounds.
    fn authorise(&self, device: DeviceId, request: AuthorisationRequest, now: Timestamp)
    -> Pending<'_, AtTill<Answer>>;

    /// Gives back what a till's authorisation holds.
    fn release(
        &self,
        device: DeviceId,
        authorisation: OperationId,
        release: Release,
        now: Timestamp,
    ) -> Pending<'_, AtTill<Answer>>;

    /// Gives back at most `most` authorisations whose time is up, and says which.
    fn expire_due(&self, now: Timestamp, most: u32) -> Pending<'_, Vec<OperationId>>;

    /// Takes a till's own sale back.
    fn undo(&self, device: DeviceId, purchase: OperationId, undo: Undo, now: Timestamp) -> Pending<'_, AtTill<Answer>>;

    /// Hands out today's orders of the accounts a card opens, each once.
    fn pick_up(&self, device: DeviceId, request: PickUpRequest, now: Timestamp) -> Pending<'_, AtTill<PickUpAnswer>>;

    /// Settles sales made while the server was out of reach, one by one. Their fields are within their bounds.
    fn purchase_batch(
        &self,
        device: DeviceId,
        batch: PurchaseBatch,
        now: Timestamp,
    ) -> Pending<'_, AtTill<Vec<Answer>>>;
}
