//! What whoever eats cannot eat, as far as it was heard in this visit.
//!
//! Pure. **Invariant:** it is asked for when somebody comes to order, or to say it, lies nowhere but in the visit, and ends with it.

use madkort_protocol::{Allergen, Allergies, CardId, KnownAllergies, ProductId};

use super::{Around, Inside};
use crate::Effect;

/// What is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Eating {
    /// Nobody came to order yet.
    #[default]
    Unasked,
    /// The server is being asked.
    Asking,
    /// It could not be asked.
    Unreachable,
    /// Heard.
    Known(Vec<Allergies>),
}

impl Eating {
    /// Nobody could be asked.
    pub const fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable)
    }
}

/// What a dish contains of what the eater cannot eat.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Conflict {
    pub allergens: Vec<Allergen>,
    /// It is not ordered for them at all.
    pub blocked: bool,
}

impl Inside {
    /// Asks the server, unless it has answered or has been asked.
    pub fn ask_what_can_be_eaten(&mut self, around: &Around) -> Vec<Effect> {
        if matches!(self.eating, Eating::Asking | Eating::Known(_)) {
            return vec![];
        }
        if !around.link.is_online() {
            self.eating = Eating::Unreachable;
            return vec![];
        }
        self.eating = Eating::Asking;
        vec![Effect::LoadAllergies(self.visitor.card)]
    }

    /// The server's word, if it is about this visit.
    pub fn allergies_are(&mut self, known: KnownAllergies) {
        if known.card == self.visitor.card {
            self.show_allergies(&known.people);
            self.eating = Eating::Known(known.people);
        }
    }

    /// No word.
    pub fn allergies_unreachable(&mut self, card: CardId) {
        if card == self.visitor.card {
            self.no_allergies();
            if self.eating == Eating::Asking {
                self.eating = Eating::Unreachable;
            }
        }
    }

    /// What a dish contains of what the owner of the chosen account cannot eat.
    pub fn cannot_eat(&self, product: ProductId, around: &Around) -> Option<Conflict> {
        let Eating::Known(people) = &self.eating else { return None };
        let eater = self.account()?.owner;
        let theirs = people.iter().find(|allergies| allergies.person == eater)?;
        let allergens = theirs.among(&around.catalogue.product(product)?.allergens);
        (!allergens.is_empty()).then_some(Conflict { allergens, blocked: theirs.block })
    }
}
