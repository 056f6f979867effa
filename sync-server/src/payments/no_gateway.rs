//! The gateway of a server that has none.
//!
//! **Invariant:** it takes no money, and closes no payment that another gateway may have taken.

use madkort_protocol::OperationId;

use super::gateway::{Answer, Gateway, Outcome, PageRequest, StoredCharge, Unreachable};

/// Nobody to pay to.
pub(super) struct NoGateway;

impl Gateway for NoGateway {
    fn name(&self) -> &'static str {
        "none"
    }

    fn open_page(&self, _: PageRequest) -> Answer<'_, Result<(), Unreachable>> {
        Box::pin(async { Err(Unreachable) })
    }

    fn close_page(&self, _: OperationId) -> Answer<'_, Option<Outcome>> {
        Box::pin(async { Some(Outcome::Unknown) })
    }

    fn charge(&self, _: StoredCharge) -> Answer<'_, Outcome> {
        Box::pin(async { Outcome::Unknown })
    }

    fn ask(&self, _: OperationId) -> Answer<'_, Option<Outcome>> {
        Box::pin(async { Some(Outcome::Unknown) })
    }
}
