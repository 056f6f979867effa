//! Danish kroner as whole øre.
//!
//! Pure. **Invariant:** money is only added and subtracted with checks; nothing wraps and nothing is a float.

use std::fmt;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

use crate::Language;

/// An amount in øre (1/100 DKK); negative when owed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Money(i64);

/// Why a text or a sum is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The result does not fit in 64 bits of øre.
    #[error("the amount is too large to be counted")]
    Overflow,
    /// The text is not a number of kroner with at most two decimals.
    #[error("not an amount in kroner")]
    NotAnAmount,
}

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount in øre.
    #[must_use]
    pub const fn from_ore(ore: i64) -> Self {
        Self(ore)
    }

    /// An amount in whole kroner; saturates far beyond any balance.
    #[must_use]
    pub const fn from_kroner(kroner: i32) -> Self {
        Self(kroner as i64 * 100)
    }

    /// Reads what a person typed: `22`, `22,5`, `1.234,50` or `22.00`, with or without `kr.`.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        let text = text.trim().trim_end_matches("kr.").trim_end_matches("kr").trim();
        let plain = if text.contains(',') { text.replace('.', "").replace(',', ".") } else { text.to_owned() };
        let kroner = Decimal::from_str_exact(&plain).map_err(|_| MoneyError::NotAnAmount)?;
        let ore = kroner.checked_mul(Decimal::ONE_HUNDRED).ok_or(MoneyError::Overflow)?;
        if !ore.fract().is_zero() {
            return Err(MoneyError::NotAnAmount);
        }
        ore.to_i64().map(Self).ok_or(MoneyError::Overflow)
    }

    /// The amount in øre.
    #[must_use]
    pub const fn ore(self) -> i64 {
        self.0
    }

    /// Whole kroner, if it is a whole number of them.
    #[must_use]
    pub const fn whole_kroner(self) -> Option<i64> {
        if self.0 % 100 == 0 { Some(self.0 / 100) } else { None }
    }

    /// The sum, or [`MoneyError::Overflow`].
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_add(other.0).map(Self).ok_or(MoneyError::Overflow)
    }

    /// The difference, or [`MoneyError::Overflow`].
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_sub(other.0).map(Self).ok_or(MoneyError::Overflow)
    }

    /// `count` of these, or [`MoneyError::Overflow`].
    pub fn times(self, count: u32) -> Result<Self, MoneyError> {
        self.0.checked_mul(i64::from(count)).map(Self).ok_or(MoneyError::Overflow)
    }

    /// The opposite amount, or [`MoneyError::Overflow`].
    pub fn negated(self) -> Result<Self, MoneyError> {
        self.0.checked_neg().map(Self).ok_or(MoneyError::Overflow)
    }

    /// The sum of many, or [`MoneyError::Overflow`].
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }

    /// The VAT inside an amount that includes VAT at `percent`, rounded to the nearest øre (half away from zero).
    #[must_use]
    pub fn vat_within(self, percent: u8) -> Self {
        let gross = Decimal::from(self.0);
        let rate = Decimal::from(percent);
        let vat = gross * rate / (Decimal::ONE_HUNDRED + rate);
        let rounded = vat.round_dp_with_strategy(0, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
        Self(rounded.to_i64().unwrap_or(self.0))
    }

    /// As people read it: `1.234,50 kr.` in Danish, `DKK 1,234.50` in English.
    #[must_use]
    pub fn in_words(self, language: Language) -> String {
        match language {
            Language::Danish => format!("{} kr.", self.digits('.', ',')),
            Language::English => format!("DKK {}", self.digits(',', '.')),
        }
    }

    /// The figures of its whole kroner, where the currency is named beside them: `1.234` in Danish, `1,234` in English.
    #[must_use]
    pub fn kroner_figures(self, language: Language) -> String {
        match language {
            Language::Danish => self.grouped('.'),
            Language::English => self.grouped(','),
        }
    }

    fn digits(self, group: char, point: char) -> String {
        format!("{}{point}{:02}", self.grouped(group), self.0.unsigned_abs() % 100)
    }

    fn grouped(self, group: char) -> String {
        let whole = (self.0.unsigned_abs() / 100).to_string();
        let mut grouped = String::with_capacity(whole.len() + 8);
        if self.0 < 0 {
            grouped.push('-');
        }
        for (i, digit) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i).is_multiple_of(3) {
                grouped.push(group);
            }
            grouped.push(digit);
        }
        grouped
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(Language::Danish))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn people_type_kroner_in_several_ways() {
        for (typed, ore) in
            [("22", 2200), ("22,5", 2250), ("22.00", 2200), ("1.234,50", 123_450), (" 100 kr. ", 10_000), ("-1", -100)]
        {
            assert_eq!(Money::parse(typed), Ok(Money::from_ore(ore)), "{typed}");
        }
        for typed in ["abc", "", "1,234", "1e5", "NaN", "12,3,4"] {
            assert!(Money::parse(typed).is_err(), "{typed}");
        }
        assert_eq!(Money::parse("99999999999999999999"), Err(MoneyError::Overflow));
    }

    #[test]
    fn amounts_read_as_danes_and_britons_write_them() {
        let amount = Money::from_ore(123_456_789);
        assert_eq!(amount.in_words(Language::Danish), "1.234.567,89 kr.");
        assert_eq!(amount.in_words(Language::English), "DKK 1,234,567.89");
        assert_eq!(amount.kroner_figures(Language::Danish), "1.234.567");
        assert_eq!(amount.kroner_figures(Language::English), "1,234,567");
        assert_eq!(Money::from_ore(-5).in_words(Language::Danish), "-0,05 kr.");
    }

    #[test]
    fn vat_of_25_percent_is_a_fifth_of_the_price() {
        assert_eq!(Money::from_ore(2200).vat_within(25), Money::from_ore(440));
        assert_eq!(Money::from_ore(2202).vat_within(25), Money::from_ore(440));
        assert_eq!(Money::from_ore(2203).vat_within(25), Money::from_ore(441));
        assert_eq!(Money::from_ore(2200).vat_within(0), Money::ZERO);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(ore in -1_000_000_000_000_i64..1_000_000_000_000) {
            let amount = Money::from_ore(ore);
            prop_assert_eq!(Money::parse(&amount.in_words(Language::Danish)), Ok(amount));
        }

        #[test]
        fn sums_never_wrap(a: i64, b: i64) {
            let sum = Money::from_ore(a).plus(Money::from_ore(b));
            prop_assert_eq!(sum.ok().map(Money::ore), a.checked_add(b));
        }
    }
}
