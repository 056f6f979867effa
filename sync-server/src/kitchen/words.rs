//! What the kitchen's list says, Danish and English.
//!
//! Pure. **Invariant:** a list says when it was taken, and whether that was the last word.

use jiff::Timestamp;
use jiff::civil::Date;
use madkort_protocol::{Allergen, Language};

use crate::pages;
use crate::store::{KitchenDay, Taken};

/// One language's words.
#[derive(Clone, Copy)]
pub(super) struct Words(pub(super) Language);

impl Words {
    fn say(self, danish: &'static str, english: &'static str) -> &'static str {
        match self.0 {
            Language::Danish => danish,
            Language::English => english,
        }
    }

    fn moment(self, at: Timestamp) -> String {
        pages::moment(at, self.0)
    }

    /// What it is. KOPI is KOPI in either language, as on every paper here.
    pub(super) fn heading(self, taken: Taken) -> String {
        let list = self.say("KØKKENLISTE", "KITCHEN LIST");
        match taken {
            Taken::Open { .. } => format!("{list}, {}", self.say("FORELØBIG", "NOT FINAL")),
            Taken::Closed { replaces, copy, .. } => {
                let changed = replaces.map_or(String::new(), |_| format!(", {}", self.say("RETTET", "CHANGED")));
                format!("{list}{changed}{}", if copy { ", KOPI" } else { "" })
            }
        }
    }

    /// `Tirsdag 24.11.2026`, `Tuesday 24/11/2026`.
    pub(super) fn day(self, day: Date) -> String {
        let weekday = self.0.weekday_name(day);
        format!("{weekday} {}", self.date(day))
    }

    fn date(self, day: Date) -> String {
        day.strftime(self.say("%d.%m.%Y", "%d/%m/%Y")).to_string()
    }

    /// When it was taken, and whether that was the last word.
    pub(super) fn taken(self, day: &KitchenDay) -> Vec<String> {
        let cut_off = self.moment(day.cut_off);
        let (at, replaces) = match day.taken {
            Taken::Open { at } => (self.moment(at), None),
            Taken::Closed { at, replaces, .. } => (self.moment(at), replaces.map(|before| self.moment(before))),
        };
        let open = matches!(day.taken, Taken::Open { .. });
        let taken = match (self.0, open) {
            (Language::Danish, true) => {
                format!("Taget {at}. Der kan bestilles til {cut_off}: tallene kan ændre sig.")
            }
            (Language::Danish, false) => format!("Taget {at}. Bestillingen lukkede {cut_off}."),
            (Language::English, true) => {
                format!("Taken {at}. Orders are open until {cut_off}: the figures may change.")
            }
            (Language::English, false) => format!("Taken {at}. Orders closed {cut_off}."),
        };
        let changed = replaces.map(|before| match self.0 {
            Language::Danish => format!("Noget er ændret: den træder i stedet for listen fra {before}."),
            Language::English => format!("Something has changed: it takes the place of the list of {before}."),
        });
        std::iter::once(taken).chain(changed).collect()
    }

    pub(super) fn portions(self, portions: u64) -> String {
        match portions {
            1 => format!("1 {}", self.say("portion", "portion")),
            _ => format!("{portions} {}", self.say("portioner", "portions")),
        }
    }

    pub(super) fn no_comment(self) -> &'static str {
        self.say("uden kommentar", "without a comment")
    }

    /// For how many portions something is to be minded, and for how many nothing.
    pub(super) fn minded(self, minded: u64, portions: u64) -> String {
        let known = self.say("Allergier", "Allergies");
        if minded == 0 {
            return format!("{known}: {}.", self.say("ingen kendte", "none known"));
        }
        let (all, rest) = (self.portions(minded), portions.saturating_sub(minded));
        format!("{known}: {all}; {}: {rest}.", self.say("uden kendte", "none known for"))
    }

    /// What somebody cannot eat, apart by whether the dish contains it.
    pub(super) fn mind(self, contained: &[Allergen], allergens: &[Allergen]) -> String {
        let (inside, outside): (Vec<_>, Vec<_>) = allergens.iter().copied().partition(|one| contained.contains(one));
        let names = |all: Vec<Allergen>| all.into_iter().map(|one| self.allergen(one)).collect::<Vec<_>>().join(", ");
        let mut parts = Vec::new();
        if !inside.is_empty() {
            parts.push(format!("{}: {}.", self.say("I RETTEN", "IN THE DISH"), names(inside)));
        }
        if !outside.is_empty() {
            parts.push(format!("{}: {}.", self.say("Ikke i retten", "Not in the dish"), names(outside)));
        }
        parts.join(" ")
    }

    /// The words of the kiosk, as they stand within a sentence.
    fn allergen(self, allergen: Allergen) -> &'static str {
        match allergen {
            Allergen::Gluten => self.say("gluten", "gluten"),
            Allergen::Crustaceans => self.say("krebsdyr", "crustaceans"),
            Allergen::Eggs => self.say("æg", "eggs"),
            Allergen::Fish => self.say("fisk", "fish"),
            Allergen::Peanuts => self.say("jordnødder", "peanuts"),
            Allergen::Soybeans => self.say("soja", "soybeans"),
            Allergen::Milk => self.say("mælk", "milk"),
            Allergen::Nuts => self.say("nødder", "nuts"),
            Allergen::Celery => self.say("selleri", "celery"),
            Allergen::Mustard => self.say("sennep", "mustard"),
            Allergen::Sesame => self.say("sesam", "sesame"),
            Allergen::Sulphites => self.say("sulfitter", "sulphites"),
            Allergen::Lupin => self.say("lupin", "lupin"),
            Allergen::Molluscs => self.say("bløddyr", "molluscs"),
        }
    }

    pub(super) fn total(self, portions: u64, orders: usize) -> String {
        let all = self.portions(portions);
        match (self.0, orders) {
            (Language::Danish, 1) => format!("I alt {all} i 1 bestilling."),
            (Language::Danish, _) => format!("I alt {all} i {orders} bestillinger."),
            (Language::English, 1) => format!("In all {all} in 1 order."),
            (Language::English, _) => format!("In all {all} in {orders} orders."),
        }
    }

    /// Which dishes nobody has ordered.
    pub(super) fn nobody(self, names: &str) -> String {
        format!("{}: {names}.", self.say("Ingen har bestilt", "Nobody has ordered"))
    }

    /// Why there are no names, and how it is known what comes after.
    pub(super) fn end(self, taken: Taken) -> Vec<&'static str> {
        let names = self.say(
            "Maden kaldes op med bestillingens nummer: der står ingen navne her.",
            "Food is called out by the order's number: no names stand here.",
        );
        // A kiosk that was without a connection brings orders from before the cut-off when it is back.
        let later = self.say(
            "Kommer noget til fra en kiosk uden forbindelse, står der RETTET på næste liste.",
            "If more comes from a kiosk without a connection, the next list says CHANGED.",
        );
        match taken {
            Taken::Open { .. } => vec![names],
            Taken::Closed { .. } => vec![names, later],
        }
    }

    /// The school has no menu for that day.
    pub(super) fn no_menu(self, day: Date) -> String {
        match self.0 {
            Language::Danish => format!("Skolen har ingen menu den {}.", self.date(day)),
            Language::English => format!("The school has no menu for {}.", self.date(day)),
        }
    }
}
