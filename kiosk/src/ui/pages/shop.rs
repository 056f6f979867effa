//! The pages of the webshop laid out as the screen's properties.

use jiff::Timestamp;
use kiosk_core::{AllergyPage, CheckoutPage, DayChoice, DaysPage, MenuPage, OrderDonePage, ProductCard};
use madkort_protocol::{Allergen, Language};
use slint::{ModelRc, VecModel};

use super::{Lists, iso};
use crate::events::danish_time;
use crate::ui::{kinds, screens as ui};

/// In place of a figure that the server is asked for.
const WAIT: &str = "…";

impl Lists {
    pub(super) fn menu(&self, api: &ui::Api, page: &MenuPage, language: Language) -> ui::PageKind {
        api.set_menu(ui::MenuView {
            account: (&page.account).into(),
            balance: page.balance.in_words(language).into(),
            day: day(&(page.day, language)),
            countdown: kinds::countdown(page.countdown),
            pieces: kinds::whole(page.pieces),
            total: page.total.in_words(language).into(),
            problem: kinds::problem(page.problem, language),
            unchecked: page.unchecked,
        });
        let shelves = page.products.chunk_by(|a, b| a.category == b.category);
        let rows = shelves.flat_map(|shelf| {
            let pairs = shelf.chunks(2).enumerate();
            pairs.map(|(place, pair)| (place == 0, pair.to_vec(), language))
        });
        self.products.show(rows, |(first_of_shelf, pair, language)| ui::ShelfRow {
            first_of_shelf: *first_of_shelf,
            shelf: pair.first().map(|p| kinds::shelf(p.category)).unwrap_or_default(),
            left: pair.first().map(|p| self.product(p, *language)).unwrap_or_default(),
            right: pair.get(1).map(|p| self.product(p, *language)).unwrap_or_default(),
            paired: pair.len() > 1,
        });
        ui::PageKind::Menu
    }

    pub(super) fn days(&self, api: &ui::Api, page: &DaysPage, language: Language) -> ui::PageKind {
        api.set_days_of((&page.account).into());
        self.days.show(page.days.iter().map(|choice| (*choice, language)), day);
        ui::PageKind::Days
    }

    pub(super) fn allergy(&self, api: &ui::Api, page: &AllergyPage) -> ui::PageKind {
        let (account, dish) = ((&page.account).into(), (&page.dish).into());
        api.set_allergy(ui::AllergyView { account, dish, blocked: page.blocked });
        self.allergens.show(page.allergens.iter().copied(), |allergen| kinds::allergen(*allergen));
        ui::PageKind::Allergy
    }

    pub(super) fn checkout(&self, api: &ui::Api, page: &CheckoutPage, language: Language) -> ui::PageKind {
        api.set_checkout(ui::CheckoutView {
            account: (&page.account).into(),
            day: kinds::day(page.date),
            total: page.total.in_words(language).into(),
            taken: page.taken.map_or_else(|| WAIT.into(), |(taken, _)| taken.in_words(language).into()),
            balance_after: page.taken.map_or_else(|| WAIT.into(), |(_, after)| after.in_words(language).into()),
            asking: page.taken.is_none(),
            problem: kinds::problem(page.problem, language),
            recording: page.recording,
        });
        self.lines.show(page.lines.iter().map(|l| (l.clone(), language)), |(line, language)| ui::LineView {
            product: slint::format!("{}", line.product),
            name: (&line.name).into(),
            quantity: kinds::whole(line.quantity),
            price: line.price.in_words(*language).into(),
            amount: line.amount.in_words(*language).into(),
            comment: (&line.comment).into(),
            allergens: allergens(&line.allergens),
        });
        ui::PageKind::Checkout
    }

    fn product(&self, card: &ProductCard, language: Language) -> ui::ProductView {
        let photo = card.picture.as_ref().and_then(|picture| self.photos.of(picture));
        ui::ProductView {
            id: slint::format!("{}", card.id),
            shelf: kinds::shelf(card.category),
            pictured: photo.is_some(),
            picture: photo.unwrap_or_default(),
            name: (&card.name).into(),
            about: (&card.about).into(),
            price: card.price.in_words(language).into(),
            allergens: allergens(&card.allergens),
            quantity: kinds::whole(card.quantity),
            // Below nought where there is no limit.
            left: card.left.map_or(-1, kinds::whole),
            can_add: card.can_add,
        }
    }
}

pub(super) fn ordered(api: &ui::Api, page: &OrderDonePage, language: Language) -> ui::PageKind {
    api.set_ordered(ui::OrderedView {
        number: (&page.number).into(),
        day: kinds::day(page.date),
        taken: page.taken.in_words(language).into(),
        balance: page.balance.in_words(language).into(),
        paper: kinds::paper(Some(page.paper)),
        offline: page.offline,
        has_next: page.next.is_some(),
        next: page.next.map(|next| day(&(next, language))).unwrap_or_default(),
    });
    ui::PageKind::OrderDone
}

fn day((choice, language): &(DayChoice, Language)) -> ui::DayView {
    let closes = choice.cut_off.to_zoned(danish_time()).date();
    ui::DayView {
        day: kinds::day(choice.date),
        iso: iso(choice.date),
        chosen: choice.chosen,
        tomorrow: choice.tomorrow,
        today: choice.today,
        open: choice.open,
        closes: kinds::day(closes),
        closes_at: time(choice.cut_off, *language),
        pieces: kinds::whole(choice.pieces),
    }
}

/// The time of day in Denmark: `8.00` in Danish, `08:00` in English.
fn time(at: Timestamp, language: Language) -> slint::SharedString {
    let local = at.to_zoned(danish_time());
    match language {
        Language::Danish => slint::format!("{}.{:02}", local.hour(), local.minute()),
        Language::English => slint::format!("{:02}:{:02}", local.hour(), local.minute()),
    }
}

fn allergens(allergens: &[Allergen]) -> ModelRc<ui::AllergenKind> {
    ModelRc::new(allergens.iter().map(|a| kinds::allergen(*a)).collect::<VecModel<_>>())
}
