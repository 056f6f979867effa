//! *Brugerinfo*: what a person tells about themselves, and how much may be spent.
//!
//! Pure. Kept by the server and shown to whoever is signed in: unlike the catalogue it never lies on a kiosk's disk.
//!
//! **Invariant:** a profile that passes [`ProfileChange::check`] has a name, and an address, a postcode or a cap only in its form.

use serde::{Deserialize, Serialize};

use crate::{AccountId, CardId, Money, PersonId, check_email, check_text};

/// The answer to `GET` and `PUT /v1/people/{person}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Profile {
    /// Whose.
    pub person: PersonId,
    /// Their own account, to which the caps belong.
    pub account: AccountId,
    /// Full name.
    pub name: String,
    /// Where letters go; empty if none was told.
    pub email: String,
    /// Telephone; may be empty.
    pub phone: String,
    /// Street and number; may be empty.
    pub address: String,
    /// Four digits; may be empty.
    pub postcode: String,
    /// The town; may be empty.
    pub town: String,
    /// What the school is called.
    pub school: String,
    /// `7.B`, for pupils; only the school changes it.
    pub class: Option<String>,
    /// `B`, the school's letter for the pupil's track; only the school changes it.
    pub track: Option<String>,
    /// Whether there is a picture, at `GET /v1/people/{person}/picture`.
    pub picture: bool,
    /// What may be shown of their CPR number; nothing where the school keeps none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpr: Option<MaskedCpr>,
    /// The most that may be spent.
    pub caps: SpendingCaps,
}

/// A CPR number as far as anybody is shown it: that the school has one. No digit of it leaves the server; a mask that left the birthday
/// readable would say more than a canteen needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MaskedCpr {
    /// [`MaskedCpr::MASK`], the same for everybody; empty if there is none.
    pub masked: String,
    /// The school has confirmed who they are by it.
    pub confirmed: bool,
}

/// *Maks. forbrug*: the most that may be spent from an account in a Danish day, week and month. Each is optional.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SpendingCaps {
    /// In a day.
    pub day: Option<Money>,
    /// In a week, from Monday.
    pub week: Option<Money>,
    /// In a month.
    pub month: Option<Money>,
}

/// `PUT /v1/people/{person}`: the whole of what may be changed, as it now stands on the screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ProfileChange {
    /// The card the visit goes by.
    pub card: CardId,
    /// Full name.
    pub name: String,
    /// Where letters go; may be empty.
    pub email: String,
    /// Telephone; may be empty.
    pub phone: String,
    /// Street and number; may be empty.
    pub address: String,
    /// Four digits; may be empty.
    pub postcode: String,
    /// The town; may be empty.
    pub town: String,
    /// The most that may be spent.
    pub caps: SpendingCaps,
}

/// The field that is not filled in rightly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileProblem {
    /// No name, or too long.
    #[error("name")]
    Name,
    /// Not an e-mail address.
    #[error("email")]
    Email,
    /// Not a telephone number.
    #[error("phone")]
    Phone,
    /// Too long.
    #[error("address")]
    Address,
    /// Not four digits.
    #[error("postcode")]
    Postcode,
    /// Too long.
    #[error("town")]
    Town,
    /// Below nothing, above [`SpendingCaps::HIGHEST`], or not whole kroner.
    #[error("caps")]
    Caps,
}

impl MaskedCpr {
    /// A number with every digit hidden.
    pub const MASK: &'static str = "XXXXXX-XXXX";

    /// How it is shown where the school has one, or has none.
    #[must_use]
    pub fn new(confirmed: bool) -> Self {
        Self { masked: if confirmed { Self::MASK.to_owned() } else { String::new() }, confirmed }
    }
}

impl SpendingCaps {
    /// The highest cap: above it there is no need of one.
    pub const HIGHEST: Money = Money::from_kroner(10_000);

    /// Whether more may be spent under these than under the caps before them, in a day, a week or a month.
    #[must_use]
    pub fn raises(self, before: Self) -> bool {
        let pairs = [(before.day, self.day), (before.week, self.week), (before.month, self.month)];
        pairs.into_iter().any(|(before, now)| before.is_some_and(|before| now.is_none_or(|now| now > before)))
    }
}

impl ProfileChange {
    /// Characters of a name, as on a ticket.
    pub const NAME: usize = 80;
    /// Characters of a telephone number.
    pub const PHONE: usize = 20;
    /// Characters of street and number.
    pub const ADDRESS: usize = 120;
    /// Characters of a town's name.
    pub const TOWN: usize = 40;
    /// Digits of a Danish postcode.
    pub const POSTCODE: usize = 4;

    /// The change with its fields trimmed, or the first field that is wrong.
    pub fn check(&self) -> Result<Self, ProfileProblem> {
        let optional = |text: &str, limit: usize, problem: ProfileProblem| match text.trim() {
            "" => Ok(String::new()),
            text if text.contains('\n') => Err(problem),
            text => check_text(text, limit).map_err(|_| problem),
        };
        let name = check_text(&self.name, Self::NAME).map_err(|_| ProfileProblem::Name)?;
        if name.contains('\n') {
            return Err(ProfileProblem::Name);
        }
        let email = match self.email.trim() {
            "" => String::new(),
            email => check_email(email).map_err(|_| ProfileProblem::Email)?,
        };
        let phone = optional(&self.phone, Self::PHONE, ProfileProblem::Phone)?;
        if !phone.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '+' | '-' | '(' | ')')) {
            return Err(ProfileProblem::Phone);
        }
        let address = optional(&self.address, Self::ADDRESS, ProfileProblem::Address)?;
        let postcode = self.postcode.trim().to_owned();
        let four = postcode.len() == Self::POSTCODE && postcode.bytes().all(|b| b.is_ascii_digit());
        if !postcode.is_empty() && !four {
            return Err(ProfileProblem::Postcode);
        }
        let town = optional(&self.town, Self::TOWN, ProfileProblem::Town)?;
        let good =
            |cap: &Money| (Money::ZERO..=SpendingCaps::HIGHEST).contains(cap) && cap.ore().checked_rem(100) == Some(0);
        let caps = [self.caps.day, self.caps.week, self.caps.month];
        if !caps.iter().flatten().all(good) {
            return Err(ProfileProblem::Caps);
        }
        Ok(Self { card: self.card, name, email, phone, address, postcode, town, caps: self.caps })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn change() -> ProfileChange {
        ProfileChange {
            card: CardId::new(Uuid::nil()),
            name: " Alma Østergaard ".into(),
            email: "alma@skole.example".into(),
            phone: "+45 12 34 56 78".into(),
            address: "Skolevej 1".into(),
            postcode: "8766".into(),
            town: "Nørre Snede".into(),
            caps: SpendingCaps { day: Some(Money::from_kroner(50)), ..SpendingCaps::default() },
        }
    }

    #[test]
    fn a_profile_is_trimmed_and_may_be_bare() {
        assert_eq!(change().check().unwrap().name, "Alma Østergaard");
        let none = || String::new();
        let bare = ProfileChange {
            email: none(),
            phone: none(),
            address: none(),
            postcode: none(),
            town: " ".into(),
            caps: SpendingCaps::default(),
            ..change()
        };
        assert_eq!(bare.check().unwrap().town, "");
    }

    #[test]
    fn a_cap_is_raised_by_more_and_by_none_at_all() {
        let caps = |day: Option<i32>, month: Option<i32>| SpendingCaps {
            day: day.map(Money::from_kroner),
            week: None,
            month: month.map(Money::from_kroner),
        };
        let before = caps(Some(50), None);
        for lower in [caps(Some(50), None), caps(Some(20), None), caps(Some(0), Some(100))] {
            assert!(!lower.raises(before), "{lower:?}");
        }
        for higher in [caps(Some(51), None), caps(None, None), caps(None, Some(10))] {
            assert!(higher.raises(before), "{higher:?}");
        }
    }

    #[test]
    fn each_field_says_what_is_wrong_with_it() {
        let cap = |ore| SpendingCaps { week: Some(Money::from_ore(ore)), ..SpendingCaps::default() };
        for (bad, problem) in [
            (ProfileChange { name: "  ".into(), ..change() }, ProfileProblem::Name),
            (ProfileChange { name: "A\nB".into(), ..change() }, ProfileProblem::Name),
            (ProfileChange { email: "alma".into(), ..change() }, ProfileProblem::Email),
            (ProfileChange { phone: "ring!".into(), ..change() }, ProfileProblem::Phone),
            (ProfileChange { phone: "1".repeat(21), ..change() }, ProfileProblem::Phone),
            (ProfileChange { address: "x".repeat(121), ..change() }, ProfileProblem::Address),
            (ProfileChange { postcode: "876".into(), ..change() }, ProfileProblem::Postcode),
            (ProfileChange { postcode: "87é".into(), ..change() }, ProfileProblem::Postcode),
            (ProfileChange { town: "\u{1b}".into(), ..change() }, ProfileProblem::Town),
            (ProfileChange { caps: cap(-100), ..change() }, ProfileProblem::Caps),
            (ProfileChange { caps: cap(150), ..change() }, ProfileProblem::Caps),
            (ProfileChange { caps: cap(1_000_100), ..change() }, ProfileProblem::Caps),
        ] {
            assert_eq!(bad.check(), Err(problem), "{bad:?}");
        }
    }
}
