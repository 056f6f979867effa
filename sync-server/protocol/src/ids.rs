//! Names of things, each its own type so that one cannot be passed for another.
//!
//! Pure. **Invariant:** an id is a UUID; operation ids are version 7 (RFC 9562), so keys arrive in time order.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID made by the caller.
            #[must_use]
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// The UUID itself.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// Reads the hyphenated form.
            pub fn parse(text: &str) -> Result<Self, uuid::Error> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

ids! {
    /// One thing a device did, for ever: the key under which the ledger posts it. Version 7.
    OperationId,
    /// An enrolled kiosk or cash register.
    DeviceId,
    /// The tenant: whoever owns the kiosks and whose issuer holds the money.
    SchoolId,
    /// A pupil, parent, member of staff, or the nobody behind a guest card.
    PersonId,
    /// A balance.
    AccountId,
    /// A piece of plastic.
    CardId,
    /// A dish or an article.
    ProductId,
    /// A standing permission to charge a payment card.
    MandateId,
}
