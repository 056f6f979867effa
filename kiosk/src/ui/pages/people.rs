//! The pages about who somebody is, laid out as the screen's properties.
//!
//! **Invariant:** of what was typed as a password only its length comes here.

use kiosk_core::{
    AllergiesBody, AllergiesPage, ChangePasswordPage, CodePage, ForgottenPage, NumberPage, PasswordPage, ProfileBody,
    ProfilePage,
};
use madkort_protocol::Language;

use super::Lists;
use crate::ui::{kinds, screens as ui};

pub(super) fn code(api: &ui::Api, page: &CodePage) -> ui::PageKind {
    let (message, figure) = kinds::code_message(page.message);
    api.set_code(ui::CodeView {
        typed: kinds::whole(page.typed),
        length: kinds::whole(page.length),
        checking: page.checking,
        message,
        figure,
        inside: page.inside,
        password: page.password,
    });
    ui::PageKind::Code
}

pub(super) fn password(api: &ui::Api, page: PasswordPage) -> ui::PageKind {
    let (message, figure) = kinds::code_message(page.message);
    api.set_password(ui::PasswordView { typed: dots(page.typed), checking: page.checking, message, figure });
    ui::PageKind::Password
}

pub(super) fn forgotten(api: &ui::Api, page: &ForgottenPage, language: Language) -> ui::PageKind {
    api.set_forgotten(ui::ForgottenView {
        email: (&page.email).into(),
        problem: kinds::problem(page.problem, language),
        asking: page.asking,
        asked: page.asked,
    });
    ui::PageKind::Forgotten
}

pub(super) fn change_password(api: &ui::Api, page: ChangePasswordPage, language: Language) -> ui::PageKind {
    api.set_change_password(ui::ChangePasswordView {
        current: dots(page.current),
        fresh: dots(page.fresh),
        again: dots(page.again),
        problem: kinds::problem(page.problem, language),
        saving: page.saving,
        saved: page.saved,
    });
    ui::PageKind::ChangePassword
}

pub(super) fn number(api: &ui::Api, page: &NumberPage) -> ui::PageKind {
    let (problem, figure) = kinds::number_problem(page.problem);
    // In groups of four, as on the card.
    let mut shown = String::new();
    for (place, digit) in page.digits.chars().enumerate() {
        if place > 0 && place % 4 == 0 {
            shown.push(' ');
        }
        shown.push(digit);
    }
    api.set_number(ui::NumberView {
        shown: shown.into(),
        typed: kinds::whole(page.digits.len()),
        length: kinds::whole(page.length),
        looking: page.looking,
        problem,
        figure,
    });
    ui::PageKind::Number
}

pub(super) fn profile(api: &ui::Api, page: &ProfilePage, language: Language) -> ui::PageKind {
    let first = page.first;
    api.set_profile(match &page.body {
        ProfileBody::Loading => ui::ProfileView { body: ui::MonthKind::Loading, first, ..ui::ProfileView::default() },
        ProfileBody::Unreachable => {
            ui::ProfileView { body: ui::MonthKind::Unreachable, first, ..ui::ProfileView::default() }
        }
        ProfileBody::Here(form) => ui::ProfileView {
            body: ui::MonthKind::Here,
            first,
            own: page.own,
            allergies: page.allergies,
            name: (&form.name).into(),
            email: (&form.email).into(),
            phone: (&form.phone).into(),
            address: (&form.address).into(),
            postcode: (&form.postcode).into(),
            town: (&form.town).into(),
            school: (&form.school).into(),
            class: (&form.class).into(),
            day_cap: (&form.day_cap).into(),
            week_cap: (&form.week_cap).into(),
            month_cap: (&form.month_cap).into(),
            problem: kinds::problem(form.problem, language),
            saving: form.saving,
            saved: form.saved,
        },
    });
    ui::PageKind::Profile
}

impl Lists {
    pub(super) fn allergies(&self, api: &ui::Api, page: &AllergiesPage, language: Language) -> ui::PageKind {
        let account = slint::SharedString::from(&page.account);
        let waiting = |body| ui::AllergiesView { body, account: account.clone(), ..ui::AllergiesView::default() };
        let (view, choices) = match &page.body {
            AllergiesBody::Loading => (waiting(ui::MonthKind::Loading), &[][..]),
            AllergiesBody::Unreachable => (waiting(ui::MonthKind::Unreachable), &[][..]),
            AllergiesBody::Here { choices, block, problem, saving, saved } => {
                let view = ui::AllergiesView {
                    body: ui::MonthKind::Here,
                    account: account.clone(),
                    any: choices.iter().any(|(_, chosen)| *chosen),
                    block: *block,
                    problem: kinds::problem(*problem, language),
                    saving: *saving,
                    saved: *saved,
                };
                (view, choices.as_slice())
            }
        };
        api.set_allergies(view);
        self.allergen_rows.show(choices.iter().copied(), |(allergen, chosen)| ui::AllergenRow {
            kind: kinds::allergen(*allergen),
            chosen: *chosen,
        });
        ui::PageKind::Allergies
    }
}

/// A dot for each character, as many as the narrowest field has room for.
fn dots(typed: usize) -> slint::SharedString {
    const MOST: usize = 24;
    "•".repeat(typed.min(MOST)).into()
}
