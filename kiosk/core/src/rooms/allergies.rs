//! *Allergier*: a guardian says what somebody cannot eat, and whether that is a warning or a block.
//!
//! Pure. Health data (GDPR art. 9). **Invariants:** what is shown was told by the server in this visit; it lies nowhere but in the
//! visit and prints nowhere; nothing is kept before somebody presses *Gem*.

use madkort_protocol::{Allergen, Allergies, AllergiesChange, PersonId, PersonKind};

use super::{Eating, Inside, ProfileRoom, ProfileStep, Room};
use crate::{Effect, FormProblem, Intent};

/// Somebody's allergies on the screen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AllergiesRoom {
    /// Where Back leads, as it was left.
    pub from: Box<ProfileRoom>,
    pub step: AllergiesStep,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AllergiesStep {
    /// Being fetched.
    Loading,
    /// The server is out of reach.
    Unreachable,
    /// On the screen.
    Open(AllergiesForm),
}

/// As it now stands on the screen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AllergiesForm {
    pub allergies: Allergies,
    pub problem: Option<FormProblem>,
    /// On its way to the server.
    pub saving: bool,
    /// The server has it.
    pub saved: bool,
}

impl AllergiesRoom {
    /// The server's word on everybody who has any.
    fn are(&mut self, people: &[Allergies]) {
        if self.step != AllergiesStep::Loading {
            return;
        }
        let person = self.from.person;
        let theirs = people.iter().find(|allergies| allergies.person == person).cloned();
        let allergies = theirs.unwrap_or_else(|| Allergies::new(person, vec![], false));
        self.step = AllergiesStep::Open(AllergiesForm { allergies, problem: None, saving: false, saved: false });
    }

    fn unreachable(&mut self) {
        if self.step == AllergiesStep::Loading {
            self.step = AllergiesStep::Unreachable;
        }
    }
}

impl AllergiesForm {
    fn edit(&mut self, intent: &Intent) {
        let Allergies { person, mut allergens, mut block } = self.allergies.clone();
        match intent {
            Intent::Allergen(allergen) if allergens.contains(allergen) => allergens.retain(|other| other != allergen),
            Intent::Allergen(allergen) => allergens.push(*allergen),
            Intent::BlockFood(blocked) => block = *blocked,
            Intent::ClearAllergies => allergens.clear(),
            _ => return,
        }
        *self =
            Self { allergies: Allergies::new(person, allergens, block), problem: None, saving: false, saved: false };
    }
}

impl Inside {
    /// Whether the visitor may say what that profile's holder cannot eat: a grown-up for themselves and for whom they answer for.
    pub fn may_set_allergies(&self, room: &ProfileRoom) -> bool {
        let grown = matches!(self.visitor.person.kind, PersonKind::Guardian | PersonKind::Staff);
        grown && matches!(room.step, ProfileStep::Open(_))
    }

    pub(super) fn enter_allergies(&self, from: ProfileRoom) -> (Room, Vec<Effect>) {
        if !self.may_set_allergies(&from) {
            return (Room::Profile(from), vec![]);
        }
        let room = AllergiesRoom { from: Box::new(from), step: AllergiesStep::Loading };
        (Room::Allergies(room), vec![Effect::LoadAllergies(self.visitor.card)])
    }

    pub(super) fn hand_in_allergies(&mut self, mut room: AllergiesRoom, intent: &Intent) -> (Room, Vec<Effect>) {
        let mut effects = vec![];
        match (&mut room.step, intent) {
            (AllergiesStep::Open(form), _) if form.saving => {}
            (_, Intent::Back) => return (Room::Profile(*room.from), vec![]),
            (AllergiesStep::Unreachable, Intent::Next) => {
                room.step = AllergiesStep::Loading;
                effects.push(Effect::LoadAllergies(self.visitor.card));
            }
            (AllergiesStep::Open(form), Intent::Send) => {
                (form.saving, form.saved, form.problem) = (true, false, None);
                let Allergies { person, allergens, block } = form.allergies.clone();
                let change = AllergiesChange { card: self.visitor.card, allergens, block };
                effects.push(Effect::SaveAllergies { person, change });
            }
            (AllergiesStep::Open(form), intent) => form.edit(intent),
            _ => {}
        }
        (Room::Allergies(room), effects)
    }

    /// The server has heard, or why not.
    pub fn allergies_saved(&mut self, person: PersonId, problem: Option<FormProblem>) {
        let Room::Allergies(AllergiesRoom { step: AllergiesStep::Open(form), .. }) = &mut self.room else { return };
        if !form.saving || form.allergies.person != person {
            return;
        }
        (form.saving, form.saved, form.problem) = (false, problem.is_none(), problem);
        // Whoever orders next in this visit is warned by what was just said.
        if let (Eating::Known(people), None) = (&mut self.eating, problem) {
            people.retain(|allergies| allergies.person != person);
            people.push(form.allergies.clone());
        }
    }

    /// What the server told of everybody, for the page that shows it.
    pub fn show_allergies(&mut self, people: &[Allergies]) {
        if let Room::Allergies(room) = &mut self.room {
            room.are(people);
        }
    }

    /// It could not be had.
    pub fn no_allergies(&mut self) {
        if let Room::Allergies(room) = &mut self.room {
            room.unreachable();
        }
    }
}

/// Every one of Annex II, in its order, and whether it is among theirs.
pub(crate) fn choices(allergies: &Allergies) -> Vec<(Allergen, bool)> {
    Allergen::ALL.into_iter().map(|allergen| (allergen, allergies.allergens.contains(&allergen))).collect()
}
