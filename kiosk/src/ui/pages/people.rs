//! The pages about who somebody is, laid out as the screen's properties.
//!
//! **Invariant:** of what was typed as a password only its length comes here.

use kiosk_core::{
    AllergiesBody, AllergiesPage, ChangePasswordPage, ChangePicturePage, CodePage, ForgottenPage, NumberPage,
    PasswordPage, Picture, PictureState, ProfileBody, ProfilePage,
};
use madkort_protocol::{Language, PICTURE_SIDE};
use slint::{Image, Rgb8Pixel, SharedPixelBuffer};

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
        blocked: page.blocked,
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

impl Lists {
    pub(super) fn profile(&self, api: &ui::Api, page: &ProfilePage, language: Language) -> ui::PageKind {
        self.show_face(api, page.picture.as_ref());
        api.set_profile(profile(page, language));
        ui::PageKind::Profile
    }

    pub(super) fn change_picture(&self, api: &ui::Api, page: &ChangePicturePage) -> ui::PageKind {
        api.set_change_picture(ui::ChangePictureView {
            account: (&page.account).into(),
            state: match page.state {
                PictureState::Opening => ui::PictureKind::Opening,
                PictureState::Waiting => ui::PictureKind::Waiting,
                PictureState::OutOfSight => ui::PictureKind::OutOfSight,
                PictureState::Expired => ui::PictureKind::Expired,
            },
            minutes_left: kinds::whole(page.minutes_left),
        });
        self.show_code(api, &page.url);
        ui::PageKind::ChangePicture
    }

    /// A face, or none.
    pub(super) fn show_face(&self, api: &ui::Api, picture: Option<&Picture>) {
        if self.face.replace(picture.cloned()).as_ref() != picture {
            api.set_face(picture.map(face).unwrap_or_default());
        }
    }
}

fn face(picture: &Picture) -> Image {
    Image::from_rgb8(SharedPixelBuffer::<Rgb8Pixel>::clone_from_slice(picture.colours(), PICTURE_SIDE, PICTURE_SIDE))
}

fn profile(page: &ProfilePage, language: Language) -> ui::ProfileView {
    let first = page.first;
    match &page.body {
        ProfileBody::Loading => ui::ProfileView { body: ui::MonthKind::Loading, first, ..ui::ProfileView::default() },
        ProfileBody::Unreachable => {
            ui::ProfileView { body: ui::MonthKind::Unreachable, first, ..ui::ProfileView::default() }
        }
        ProfileBody::Here(form) => ui::ProfileView {
            body: ui::MonthKind::Here,
            first,
            own: page.own,
            has_picture: page.picture.is_some(),
            can_change_picture: page.can_change_picture,
            allergies: page.allergies,
            name: (&form.name).into(),
            email: (&form.email).into(),
            phone: (&form.phone).into(),
            address: (&form.address).into(),
            postcode: (&form.postcode).into(),
            town: (&form.town).into(),
            school: (&form.school).into(),
            class: (&form.class).into(),
            track: (&form.track).into(),
            cpr_kept: form.cpr.is_some(),
            cpr_confirmed: form.cpr.as_ref().is_some_and(|cpr| cpr.confirmed),
            cpr: form.cpr.as_ref().map(|cpr| (&cpr.masked).into()).unwrap_or_default(),
            day_cap: (&form.day_cap).into(),
            week_cap: (&form.week_cap).into(),
            month_cap: (&form.month_cap).into(),
            problem: kinds::problem(form.problem, language),
            saving: form.saving,
            saved: form.saved,
        },
    }
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
