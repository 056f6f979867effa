//! *Brugerinfo*: what a person tells about themselves, and how much may be spent.
//!
//! Pure. **Invariant:** what is shown came from the server in this visit; what was typed is not thrown away when the server
//! cannot take it.

use madkort_protocol::{
    CardId, Money, OperationId, PersonId, PersonKind, Profile, ProfileChange, ProfileProblem, SpendingCaps, town_of,
};

use super::{Around, Inside, Room};
use crate::form::keep;
use crate::{Effect, Field, FormProblem, Intent, Picture, ProfileForm};

/// Digits of a cap in kroner: one more than the highest has, so that too much can be said to be too much.
const CAP_DIGITS: usize = 6;

/// A profile on the screen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ProfileRoom {
    pub person: PersonId,
    pub step: ProfileStep,
    /// What the first visit after a code is for.
    pub first: bool,
    /// Where the way leads on to, if somebody was stopped on it to say who they are.
    pub then: Option<Box<Then>>,
    /// What they look like, once it is here.
    pub picture: Option<Picture>,
}

/// What a hand wanted behind a door, and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Then {
    pub from: Room,
    pub wish: Intent,
    pub fresh: OperationId,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ProfileStep {
    /// Being fetched.
    Loading,
    /// The server is out of reach.
    Unreachable,
    /// On the screen.
    Open(Box<ProfileForm>),
}

impl ProfileRoom {
    pub const fn enter(person: PersonId) -> Self {
        Self { person, step: ProfileStep::Loading, first: false, then: None, picture: None }
    }

    /// It is on its way to the server.
    pub const fn is_saving(&self) -> bool {
        matches!(&self.step, ProfileStep::Open(form) if form.saving)
    }

    /// The server's word on it.
    pub fn is(&mut self, profile: &Profile) -> Vec<Effect> {
        if profile.person != self.person {
            return vec![];
        }
        let saved = self.is_saving();
        self.step = ProfileStep::Open(Box::new(ProfileForm { saved, ..form(profile) }));
        if profile.picture && self.picture.is_none() { vec![Effect::LoadPicture(self.person)] } else { vec![] }
    }

    /// The server did not take it, or could not be asked.
    pub fn failed(&mut self, problem: FormProblem) {
        match &mut self.step {
            ProfileStep::Open(form) if form.saving => {
                form.saving = false;
                form.problem = Some(problem);
            }
            ProfileStep::Loading => self.step = ProfileStep::Unreachable,
            ProfileStep::Open(_) | ProfileStep::Unreachable => {}
        }
    }
}

impl Inside {
    /// Whose profile belongs to the chosen account.
    pub fn profile_of_chosen(&self) -> PersonId {
        self.account().map_or(self.visitor.person.id, |account| account.owner)
    }

    /// Whether somebody has still to say who they are, once they have given the code or the password.
    pub fn is_new_here(&self) -> bool {
        let person = &self.visitor.person;
        let told = !person.name.is_empty() && person.email.is_some();
        !told && person.kind != PersonKind::Guest
    }

    pub fn enter_profile(&self) -> (Room, Vec<Effect>) {
        let person = self.profile_of_chosen();
        (Room::Profile(ProfileRoom::enter(person)), vec![Effect::LoadProfile(person)])
    }

    /// To their own details, whoever's account is chosen, before anything else.
    pub fn introduce(&self, then: Option<Box<Then>>) -> (Room, Vec<Effect>) {
        let person = self.visitor.person.id;
        let room = ProfileRoom { first: true, then, ..ProfileRoom::enter(person) };
        (Room::Profile(room), vec![Effect::LoadProfile(person)])
    }

    /// Away from a profile: home, or on to what was wanted before it was shown.
    fn leave_profile(&mut self, room: ProfileRoom, around: &Around) -> (Room, Vec<Effect>) {
        let Some(then) = room.then else { return (Room::Home, vec![]) };
        let Then { from, wish, fresh } = *then;
        self.room = from;
        let effects = self.hand(wish, fresh, around);
        (std::mem::replace(&mut self.room, Room::Home), effects)
    }

    /// The server's word on a profile.
    pub fn profile_is(&mut self, profile: &Profile) -> Vec<Effect> {
        if let Room::Profile(room) = &mut self.room { room.is(profile) } else { vec![] }
    }

    /// What somebody looks like.
    pub fn picture_is(&mut self, person: PersonId, picture: Option<Picture>) {
        if let Room::Profile(room) = &mut self.room
            && room.person == person
        {
            room.picture = picture;
        }
    }

    /// No word on it, or no.
    pub fn profile_failed(&mut self, problem: FormProblem) {
        if let Room::Profile(room) = &mut self.room {
            room.failed(problem);
        }
    }

    pub(super) fn hand_in_profile(
        &mut self,
        mut room: ProfileRoom,
        intent: Intent,
        fresh: OperationId,
        around: &Around,
    ) -> (Room, Vec<Effect>) {
        let mut effects = vec![];
        match (&mut room.step, intent) {
            (ProfileStep::Open(form), _) if form.saving => {}
            (_, Intent::Back) => return self.leave_profile(room, around),
            (ProfileStep::Open(_), Intent::Allergies) => return self.enter_allergies(room),
            (ProfileStep::Open(_), Intent::ChangePassword) => return (self.enter_password(room), vec![]),
            (ProfileStep::Open(_), Intent::ChangePicture) => return self.enter_picture(room, fresh, around),
            (ProfileStep::Unreachable, Intent::Next) => {
                room.step = ProfileStep::Loading;
                effects.push(Effect::LoadProfile(room.person));
            }
            (ProfileStep::Open(form), Intent::Edit(field, text)) => edit(form, field, &text),
            (ProfileStep::Open(form), Intent::Send) => match change(form, self.visitor.card) {
                Ok(change) => {
                    form.saving = true;
                    form.problem = None;
                    effects.push(Effect::SaveProfile { person: room.person, change: Box::new(change) });
                }
                Err(problem) => form.problem = Some(problem),
            },
            _ => {}
        }
        (Room::Profile(room), effects)
    }
}

fn form(profile: &Profile) -> ProfileForm {
    let kroner = |cap: Option<Money>| cap.map(|cap| (cap.ore() / 100).to_string()).unwrap_or_default();
    ProfileForm {
        name: profile.name.clone(),
        email: profile.email.clone(),
        phone: profile.phone.clone(),
        address: profile.address.clone(),
        postcode: profile.postcode.clone(),
        town: profile.town.clone(),
        school: profile.school.clone(),
        class: profile.class.clone().unwrap_or_default(),
        track: profile.track.clone().unwrap_or_default(),
        cpr: profile.cpr.clone(),
        day_cap: kroner(profile.caps.day),
        week_cap: kroner(profile.caps.week),
        month_cap: kroner(profile.caps.month),
        problem: None,
        saving: false,
        saved: false,
    }
}

fn edit(form: &mut ProfileForm, field: Field, text: &str) {
    let digits = |limit: usize| text.chars().filter(char::is_ascii_digit).take(limit).collect::<String>();
    match field {
        Field::Name => form.name = keep(text, ProfileChange::NAME),
        Field::Email => text.clone_into(&mut form.email),
        Field::Phone => form.phone = keep(text, ProfileChange::PHONE),
        Field::Address => form.address = keep(text, ProfileChange::ADDRESS),
        Field::Postcode => {
            let (before, now) = (std::mem::take(&mut form.postcode), digits(ProfileChange::POSTCODE));
            // A town that was put right by hand stays until there is another postcode.
            if now != before
                && let Some(town) = town_of(&now)
            {
                town.clone_into(&mut form.town);
            }
            form.postcode = now;
        }
        Field::Town => form.town = keep(text, ProfileChange::TOWN),
        Field::DayCap => form.day_cap = digits(CAP_DIGITS),
        Field::WeekCap => form.week_cap = digits(CAP_DIGITS),
        Field::MonthCap => form.month_cap = digits(CAP_DIGITS),
        _ => {}
    }
    form.problem = None;
    form.saved = false;
}

/// What is on the screen as the server takes it.
fn change(form: &ProfileForm, card: CardId) -> Result<ProfileChange, FormProblem> {
    let cap = |kroner: &str| match kroner {
        "" => Ok(None),
        kroner => kroner.parse().map(|kroner| Some(Money::from_kroner(kroner))).map_err(|_| FormProblem::Cap),
    };
    let change = ProfileChange {
        card,
        name: form.name.clone(),
        email: form.email.clone(),
        phone: form.phone.clone(),
        address: form.address.clone(),
        postcode: form.postcode.clone(),
        town: form.town.clone(),
        caps: SpendingCaps { day: cap(&form.day_cap)?, week: cap(&form.week_cap)?, month: cap(&form.month_cap)? },
    };
    change.check().map_err(|problem| match problem {
        ProfileProblem::Name => FormProblem::Name,
        ProfileProblem::Email => FormProblem::Email,
        ProfileProblem::Phone => FormProblem::Phone,
        ProfileProblem::Address | ProfileProblem::Town => FormProblem::Address,
        ProfileProblem::Postcode => FormProblem::Postcode,
        ProfileProblem::Caps => FormProblem::Cap,
    })
}
