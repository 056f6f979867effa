//! Pages about who somebody is: the door, their details, their password.
//!
//! Pure. **Invariant:** of a code or a password a page has the length and nothing else.

use jiff::Timestamp;

use crate::rooms::{
    AllergiesRoom, AllergiesStep, Around, CODE_LENGTH, CodeRoom, CodeStep, Door, ForgottenStep, Inside, PasswordRoom,
    PasswordStep, PictureRoom, ProfileRoom, ProfileStep, Way, allergen_choices,
};
use crate::{
    AllergiesBody, AllergiesPage, ChangePasswordPage, ChangePicturePage, CodeMessage, CodePage, ForgottenPage,
    FormProblem, Page, PasswordPage, ProfileBody, ProfilePage,
};

/// What is asked for at the door that a card leads to.
pub(super) fn entrance(room: &CodeRoom, around: &Around) -> Page {
    let page = door(&room.door, around, false);
    if !room.opens() {
        return page;
    }
    let out_of_reach = (!around.link.is_online()).then_some(CodeMessage::OutOfReach);
    match page {
        Page::Code(page) => Page::Code(CodePage { blocked: true, message: out_of_reach.or(page.message), ..page }),
        Page::Password(page) => Page::Password(PasswordPage { message: out_of_reach.or(page.message), ..page }),
        page => page,
    }
}

/// What is asked for before a door.
pub(super) fn door(door: &Door, around: &Around, inside: bool) -> Page {
    let message = message(door.step, around.now.wall);
    let checking = door.step == CodeStep::Checking;
    match &door.way {
        Way::Code(typed) => {
            let typed = if checking { CODE_LENGTH } else { typed.chars() };
            let password = around.link.is_online();
            let blocked = false;
            Page::Code(CodePage { typed, length: CODE_LENGTH, checking, message, inside, password, blocked })
        }
        Way::Password(typed) => Page::Password(PasswordPage { typed: typed.chars(), checking, message }),
        Way::Forgotten(room) => Page::Forgotten(ForgottenPage {
            email: room.email.clone(),
            problem: room.problem,
            asking: room.step == ForgottenStep::Asking,
            asked: room.step == ForgottenStep::Asked,
        }),
    }
}

fn message(step: CodeStep, now: Timestamp) -> Option<CodeMessage> {
    match step {
        CodeStep::Wrong { tries_left } => Some(CodeMessage::Wrong { tries_left }),
        CodeStep::Waiting { until } if until > now => Some(CodeMessage::Wait { seconds: seconds(until, now) }),
        CodeStep::OutOfReach => Some(CodeMessage::OutOfReach),
        CodeStep::TooOften { back } => Some(CodeMessage::TooOften(back)),
        CodeStep::Waiting { .. } | CodeStep::Typing | CodeStep::Checking => None,
    }
}

pub(super) fn profile(room: &ProfileRoom, inside: &Inside) -> ProfilePage {
    let body = match &room.step {
        ProfileStep::Loading => ProfileBody::Loading,
        ProfileStep::Unreachable => ProfileBody::Unreachable,
        ProfileStep::Open(form) => ProfileBody::Here(form.clone()),
    };
    let own = inside.may_change_password(room);
    let picture = room.picture.clone();
    let can_change_picture = inside.may_change_picture(room);
    let allergies = inside.may_set_allergies(room);
    let theirs = inside.visitor.accounts.iter().find(|account| account.owner == room.person);
    let account = theirs.map_or_else(|| inside.label(), |account| account.label.clone());
    ProfilePage { account, body, first: room.first, own, allergies, picture, can_change_picture }
}

pub(super) fn change_picture(room: &PictureRoom, inside: &Inside, now: Timestamp) -> ChangePicturePage {
    let left = room.page.as_ref().map_or(0, |page| page.expires_at.duration_since(now).as_secs().max(0));
    ChangePicturePage {
        account: inside.label(),
        url: room.page.as_ref().and_then(|page| page.url.clone()).unwrap_or_default(),
        state: room.state,
        minutes_left: (left + 59) / 60,
    }
}

pub(super) fn allergies(room: &AllergiesRoom, inside: &Inside) -> AllergiesPage {
    let body = match &room.step {
        AllergiesStep::Loading => AllergiesBody::Loading,
        AllergiesStep::Unreachable => AllergiesBody::Unreachable,
        AllergiesStep::Open(form) => AllergiesBody::Here {
            choices: allergen_choices(&form.allergies),
            block: form.allergies.block,
            problem: form.problem,
            saving: form.saving,
            saved: form.saved,
        },
    };
    AllergiesPage { account: inside.label(), body }
}

pub(super) fn change_password(room: &PasswordRoom, now: Timestamp) -> ChangePasswordPage {
    let wait = room.wait_until(now).map(|until| FormProblem::Wait(seconds(until, now)));
    ChangePasswordPage {
        current: room.current.chars(),
        fresh: room.fresh.chars(),
        again: room.again.chars(),
        problem: wait.or(room.problem),
        saving: room.step == PasswordStep::Saving,
        saved: room.step == PasswordStep::Saved,
    }
}

fn seconds(until: Timestamp, now: Timestamp) -> i64 {
    until.duration_since(now).as_secs().max(1)
}
