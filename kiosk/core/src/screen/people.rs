//! Pages about people: the number of a card, accounts and their cards, and a person's own details.
//!
//! Pure. **Invariant:** what somebody cannot eat is on [`AllergiesPage`] only before a grown-up who gave the code.

use madkort_protocol::{AccountId, Allergen, AutoRecharge, CardId, CardStatus, MaskedCpr, Money};

use super::{CodeMessage, FormProblem, WhyNot};
use crate::Picture;

/// Asking for a card's number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberPage {
    /// Digits typed so far.
    pub digits: String,
    /// Digits a number has.
    pub length: usize,
    /// It is being looked up.
    pub looking: bool,
    /// What is wrong.
    pub problem: Option<NumberProblem>,
}

/// What is wrong with a card's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberProblem {
    /// Its last digit does not fit the others.
    Mistyped,
    /// No card of the school has it.
    Unknown,
    /// Too many wrong numbers and codes.
    Wait {
        /// Seconds to wait.
        seconds: i64,
    },
}

/// Asking for the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPage {
    /// Characters typed so far; they themselves are not here.
    pub typed: usize,
    /// It is being looked at.
    pub checking: bool,
    /// What the last try came to.
    pub message: Option<CodeMessage>,
}

/// Asking where the letter for a forgotten password goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgottenPage {
    /// The address.
    pub email: String,
    /// What is wrong.
    pub problem: Option<FormProblem>,
    /// On its way to the server.
    pub asking: bool,
    /// The server has it: a letter comes if the address is somebody's.
    pub asked: bool,
}

/// Skift adgangskode. Of what was typed only the lengths are here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangePasswordPage {
    /// Characters of the one that holds now, or the code.
    pub current: usize,
    /// Characters of the new one.
    pub fresh: usize,
    /// Characters of its repetition.
    pub again: usize,
    /// What is wrong.
    pub problem: Option<FormProblem>,
    /// On its way to the server.
    pub saving: bool,
    /// It holds.
    pub saved: bool,
}

/// The accounts a person may use, and their cards.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountsPage {
    /// Each account, their own first.
    pub accounts: Vec<AccountCard>,
    /// Something is being put on disk.
    pub recording: bool,
    /// Why nothing can be paid in, if so.
    pub no_deposit: Option<WhyNot>,
}

/// One account with what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountCard {
    /// Which.
    pub id: AccountId,
    /// Its place among the visitor's accounts.
    pub place: usize,
    /// What it is called.
    pub label: String,
    /// What may be spent now.
    pub balance: Money,
    /// Whether a card can be used with it.
    pub active: bool,
    /// Auto top-up.
    pub auto_recharge: Option<AutoRecharge>,
    /// Its owner's cards.
    pub cards: Vec<CardLine>,
}

/// One card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardLine {
    /// Which.
    pub id: CardId,
    /// Its number, masked.
    pub masked: String,
    /// Whether it may be used.
    pub status: CardStatus,
    /// The one the visit goes by.
    pub here: bool,
    /// Whether the visitor may stop it, or open it again.
    pub can_switch: bool,
}

/// Really block this card?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockCardPage {
    /// Its number, masked.
    pub masked: String,
    /// Whose account it goes with.
    pub account: String,
    /// The one the visit goes by: blocking it ends the visit.
    pub here: bool,
}

/// Brugerinfo.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfilePage {
    /// Whose account it goes with.
    pub account: String,
    /// What is there.
    pub body: ProfileBody,
    /// The first visit after a code: it asks to be filled in.
    pub first: bool,
    /// It is their own: the password can be changed.
    pub own: bool,
    /// What they look like, if there is a picture and it is here.
    pub picture: Option<Picture>,
    /// The picture can be changed.
    pub can_change_picture: bool,
    /// Whoever is here may say what they cannot eat.
    pub allergies: bool,
}

/// *Allergier*.
#[derive(Clone, Debug, PartialEq)]
pub struct AllergiesPage {
    /// Who cannot eat it.
    pub account: String,
    /// What is there.
    pub body: AllergiesBody,
}

/// What is on the page of allergies.
#[derive(Clone, Debug, PartialEq)]
pub enum AllergiesBody {
    /// Being fetched.
    Loading,
    /// The server is out of reach.
    Unreachable,
    /// Here they are.
    Here {
        /// Each of Annex II, and whether they cannot eat it.
        choices: Vec<(Allergen, bool)>,
        /// A dish with any of it is not ordered at all; else whoever orders is warned.
        block: bool,
        /// What is wrong.
        problem: Option<FormProblem>,
        /// On its way to the server.
        saving: bool,
        /// The server has it.
        saved: bool,
    },
}

/// What is on a profile page.
#[derive(Clone, Debug, PartialEq)]
pub enum ProfileBody {
    /// Being fetched.
    Loading,
    /// The server is out of reach.
    Unreachable,
    /// Here it is.
    Here(Box<ProfileForm>),
}

/// A profile as it is being filled in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProfileForm {
    /// Full name.
    pub name: String,
    /// Where letters go.
    pub email: String,
    /// Telephone.
    pub phone: String,
    /// Street and number.
    pub address: String,
    /// Four digits.
    pub postcode: String,
    /// The town.
    pub town: String,
    /// The school, which cannot be changed here.
    pub school: String,
    /// The class, which cannot be changed here; empty if none.
    pub class: String,
    /// The track, which cannot be changed here; empty if none.
    pub track: String,
    /// What may be shown of their CPR number; nothing where the school keeps none.
    pub cpr: Option<MaskedCpr>,
    /// The most in a day, in kroner; empty if there is no cap.
    pub day_cap: String,
    /// The most in a week.
    pub week_cap: String,
    /// The most in a month.
    pub month_cap: String,
    /// What is wrong.
    pub problem: Option<FormProblem>,
    /// On its way to the server.
    pub saving: bool,
    /// The server has it.
    pub saved: bool,
}
