//! Keys for what follows from an operation without anybody asking: the capture of an order, the expiry of a hold.
//!
//! Pure. **Invariant:** two purposes of one operation, or one purpose of two operations, never have the same key, and none of
//! them is a key that a device makes.
//!
//! A device's key is a version 7 UUID. A derived key has the same bits but for the version, which says the purpose: 8 is
//! RFC 9562's version for such uses (section 5.8), 9 to 15 are reserved there, and nobody outside reads ours. So the keys keep
//! their time order, and what follows twice is posted once.

use madkort_protocol::OperationId;
use uuid::Uuid;

/// What a derived key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Selling a held order at its cut-off.
    Capture,
    /// Giving back an authorisation that nobody captured.
    Expiry,
    /// Paying back an order that was sold.
    Refund,
    /// Telling the bank to pay a withdrawal out.
    Sent,
    /// The bank has paid it out.
    Settled,
    /// The bank has sent it back.
    Returned,
    /// The new transaction of a correction.
    Replacement,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 7] =
        [Self::Capture, Self::Expiry, Self::Refund, Self::Sent, Self::Settled, Self::Returned, Self::Replacement];

    /// The version in the key.
    const fn version(self) -> u8 {
        match self {
            Self::Capture => 0x8,
            Self::Expiry => 0x9,
            Self::Refund => 0xA,
            Self::Sent => 0xB,
            Self::Settled => 0xC,
            Self::Returned => 0xD,
            Self::Replacement => 0xE,
        }
    }

    /// The key for this, of an operation with a key made by a device. A key that is derived already is not derived from again:
    /// it would be the other key of the first operation.
    #[must_use]
    pub const fn of(self, operation: OperationId) -> OperationId {
        let mut bytes = operation.uuid().into_bytes();
        bytes[6] = (bytes[6] & 0x0F) | (self.version() << 4);
        OperationId::new(Uuid::from_bytes(bytes))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn made_by_a_device(bits: u128) -> OperationId {
        let builder = uuid::Builder::from_u128(bits).with_version(uuid::Version::SortRand);
        OperationId::new(builder.with_variant(uuid::Variant::RFC4122).into_uuid())
    }

    #[test]
    fn a_key_says_its_purpose_and_nothing_else_changes() {
        let order = OperationId::parse("0198c0de-0000-7abc-8000-000000000001").unwrap();
        let keys = Purpose::ALL.map(|purpose| purpose.of(order).to_string());
        let digits = ["8", "9", "a", "b", "c", "d", "e"];
        assert_eq!(keys, digits.map(|digit| format!("0198c0de-0000-{digit}abc-8000-000000000001")));
    }

    proptest! {
        #[test]
        fn no_two_keys_are_the_same(bits in prop::collection::btree_set(any::<u128>(), 1..20), near in any::<u128>()) {
            // Neighbours differ in one bit: where a careless scheme would let two operations meet.
            let neighbours = (0..128).map(|bit| near ^ (1_u128 << bit));
            let mut seen: BTreeMap<OperationId, OperationId> = BTreeMap::new();
            let made: std::collections::BTreeSet<_> =
                bits.into_iter().chain(neighbours).chain([near]).map(made_by_a_device).collect();
            for operation in made {
                for key in Purpose::ALL.map(|purpose| purpose.of(operation)).into_iter().chain([operation]) {
                    prop_assert_eq!(seen.insert(key, operation), None);
                }
            }
        }
    }
}
