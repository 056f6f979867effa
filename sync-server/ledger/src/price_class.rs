//! Price classes (*prisklasse*): what a holder pays of a price, and what the school or the municipality pays of it.
//!
//! Pure. A class never leaves the server: no till, no kiosk and no answer names it. What an order would take from an account is
//! told to whoever may order from it, while the card lies on the reader.
//!
//! **Invariant:** what is paid and what is subsidised are together the price, and neither is below zero.

use madkort_protocol::Money;

/// What a holder pays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PriceClass {
    /// All of it.
    #[default]
    Paid,
    /// Half of it.
    Reduced,
    /// Nothing.
    Free,
}

impl PriceClass {
    /// Every class.
    pub const ALL: [Self; 3] = [Self::Paid, Self::Reduced, Self::Free];

    /// The word it is stored under.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Reduced => "reduced",
            Self::Free => "free",
        }
    }

    /// The class with that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.word() == word)
    }

    /// The share that the subsidy pays, in percent.
    #[must_use]
    pub const fn share(self) -> u8 {
        match self {
            Self::Paid => 0,
            Self::Reduced => 50,
            Self::Free => 100,
        }
    }

    /// What the subsidy pays of a price: its share, to the next whole øre, so that rounding is nobody's loss but the subsidy's.
    /// Of a price that is none it pays nothing.
    #[must_use]
    pub fn subsidised(self, price: Money) -> Money {
        let parts = i128::from(price.ore().max(0)) * i128::from(self.share());
        Money::from_ore(i64::try_from((parts + 99) / 100).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_class_reads_back_from_its_word() {
        for class in PriceClass::ALL {
            assert_eq!(PriceClass::parse(class.word()), Some(class));
        }
        assert_eq!(PriceClass::parse("Free"), None);
        assert_eq!(PriceClass::default(), PriceClass::Paid);
    }

    #[test]
    fn half_an_ore_is_the_subsidys() {
        let of = |class: PriceClass, ore| class.subsidised(Money::from_ore(ore)).ore();
        assert_eq!([2500, 2501, 1].map(|ore| of(PriceClass::Paid, ore)), [0; 3]);
        assert_eq!([2500, 2501, 1].map(|ore| of(PriceClass::Reduced, ore)), [1250, 1251, 1]);
        assert_eq!([2500, 2501, 1].map(|ore| of(PriceClass::Free, ore)), [2500, 2501, 1]);
    }

    proptest! {
        #[test]
        fn the_parts_are_the_price(ore: i64) {
            let price = Money::from_ore(ore);
            for class in PriceClass::ALL {
                let subsidised = class.subsidised(price);
                prop_assert!((0..=ore.max(0)).contains(&subsidised.ore()));
            }
            prop_assert_eq!(PriceClass::Free.subsidised(price), price.max(Money::ZERO));
        }
    }
}
