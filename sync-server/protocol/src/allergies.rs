//! What somebody cannot eat.
//!
//! Pure. Health data (GDPR art. 9): kept by the server apart from purchases, told to a kiosk only for whoever stands there, and in
//! no feed, no posting, no log, and on no paper but the kitchen's, by the order's number and without a name.
//!
//! **Invariant:** nothing here prints what is in it.

use serde::{Deserialize, Serialize};

use crate::{Allergen, CardId, PersonId};

/// What one person cannot eat.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Allergies {
    /// Who.
    pub person: PersonId,
    /// What of Annex II; each once, in its order.
    pub allergens: Vec<Allergen>,
    /// A dish with any of it is not ordered for them at all; else whoever orders is warned.
    pub block: bool,
}

/// The answer to `GET /v1/cards/{card}/allergies`: of everybody whose account the card opens, as far as there are any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KnownAllergies {
    /// The card that was tapped.
    pub card: CardId,
    /// One for each person who has any.
    pub people: Vec<Allergies>,
}

/// `PUT /v1/people/{person}/allergies`: the whole of it, as it now stands on the screen.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AllergiesChange {
    /// The card the visit goes by.
    pub card: CardId,
    /// What they cannot eat; none to forget it.
    pub allergens: Vec<Allergen>,
    /// Whether a dish with any of it is not ordered at all.
    pub block: bool,
}

impl Allergies {
    /// From what was said, in the order of Annex II and each once.
    #[must_use]
    pub fn new(person: PersonId, mut allergens: Vec<Allergen>, block: bool) -> Self {
        allergens.sort_unstable();
        allergens.dedup();
        Self { person, allergens, block }
    }

    /// Those of them that a dish contains, in the order of Annex II.
    #[must_use]
    pub fn among(&self, contained: &[Allergen]) -> Vec<Allergen> {
        self.allergens.iter().copied().filter(|allergen| contained.contains(allergen)).collect()
    }
}

impl std::fmt::Debug for Allergies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Allergies(…)")
    }
}

impl std::fmt::Debug for AllergiesChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AllergiesChange(…)")
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_a_dish_contains_is_named_once_and_nothing_prints() {
        use Allergen::{Fish, Gluten, Milk, Nuts};
        let person = PersonId::new(Uuid::nil());
        let allergies = Allergies::new(person, vec![Nuts, Milk, Nuts], false);
        assert_eq!(allergies.allergens, [Milk, Nuts]);
        assert_eq!(allergies.among(&[Gluten, Nuts, Milk, Fish]), [Milk, Nuts]);
        assert_eq!(allergies.among(&[Gluten]), []);
        let known = KnownAllergies { card: CardId::new(Uuid::nil()), people: vec![allergies] };
        assert!(!format!("{known:?}").contains("Nuts"));
        let change = AllergiesChange { card: CardId::new(Uuid::nil()), allergens: vec![Nuts], block: true };
        assert!(!format!("{change:?}").contains("Nuts"));
    }
}
