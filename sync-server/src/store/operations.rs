//! What devices did, posted once: orders, cancellations, tickets, purchases, and the capture at the cut-off.

use jiff::Timestamp;
use madkort_protocol::{AccountId, DeviceId, OperationId, PurchaseAnswer, PurchaseRequest, Push, Pushed, SchoolId};

use super::Pending;

/// What became of a push.
#[derive(Clone, Debug, PartialEq)]
pub enum Pushing {
    /// Every operation is settled: posted, posted before, or refused.
    Settled(Pushed),
    /// Nothing was posted: operations are missing before the first one.
    Gap {
        /// The next one the server takes.
        expected_seq: u64,
    },
    /// Nothing was posted: an id came back with another body.
    IdReused(OperationId),
    /// Nothing was posted: no such device, or revoked.
    UnknownDevice,
}

/// What became of a purchase.
#[derive(Clone, Debug, PartialEq)]
pub enum Purchasing {
    /// Posted, posted before, or refused.
    Settled {
        /// What the till is told.
        answer: PurchaseAnswer,
        /// Who paid, if it was posted just now and a mandate of auto top-up looks at such a balance.
        account: Option<AccountId>,
    },
    /// Nothing was posted: the id came back with another body.
    IdReused,
    /// Nothing was posted: no such device, or revoked.
    UnknownDevice,
}

/// Operations.
pub trait Operations {
    /// Settles a device's operations in their sequence. The sequence numbers in the push are consecutive.
    fn push(&self, device: DeviceId, push: Push, now: Timestamp) -> Pending<'_, Pushing> {
        self.push_quietly(device, push, Vec::new(), now)
    }

    /// The same. Whoever filed one of these tickets is not written to; support is.
    fn push_quietly(
        &self,
        device: DeviceId,
        push: Push,
        quiet: Vec<OperationId>,
        now: Timestamp,
    ) -> Pending<'_, Pushing>;

    /// Posts a purchase whose fields are within their bounds.
    fn purchase(
        &self,
        school: SchoolId,
        device: DeviceId,
        request: PurchaseRequest,
        now: Timestamp,
    ) -> Pending<'_, Purchasing>;

    /// Sells at most `most` held orders whose cut-off has passed, and says which.
    fn capture_due(&self, now: Timestamp, most: u32) -> Pending<'_, Vec<OperationId>>;
}
