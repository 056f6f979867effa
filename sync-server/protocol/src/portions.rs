//! How many of a dish there are on a day.
//!
//! Pure. **Invariant:** what is left is never more than the limit.

use serde::{Deserialize, Serialize};

use crate::ProductId;

/// The most of one product that may be ordered for a day, and what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Portions {
    /// Of what.
    pub product: ProductId,
    /// In all, that day.
    pub limit: u32,
    /// Not yet ordered. A kiosk hears of it soon, not at once; the server counts when it posts.
    pub left: u32,
}

impl Portions {
    /// A limit of which nothing is ordered.
    #[must_use]
    pub const fn new(product: ProductId, limit: u32) -> Self {
        Self { product, limit, left: limit }
    }

    /// The same after so many are ordered. A limit may have been lowered below what was ordered before.
    #[must_use]
    pub const fn after(self, ordered: u32) -> Self {
        Self { left: self.limit.saturating_sub(ordered), ..self }
    }

    /// The same after so many more are ordered than the server knew of.
    #[must_use]
    pub const fn without(self, ordered: u32) -> Self {
        Self { left: self.left.saturating_sub(ordered), ..self }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_is_left_never_goes_below_nothing() {
        let all = Portions::new(ProductId::new(Uuid::nil()), 12);
        assert_eq!((all.left, all.after(5).left, all.after(13).left), (12, 7, 0));
        assert_eq!((all.after(5).without(3).left, all.after(5).without(9).left), (4, 0));
    }
}
