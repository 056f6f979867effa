//! The pages a telephone sees: a payment to be made, and what became of it.
//!
//! Pure: what is known goes in, HTML comes out. Everything is inline; a page loads nothing and runs no script.
//!
//! **Invariant:** a page names no balance, no card number and no full e-mail address: whoever scans the code on the screen may
//! see it.

pub mod mandate;
pub mod picture;
pub mod reset;

use askama::Template;
use jiff::{SignedDuration, Timestamp};
use madkort_protocol::{Account, DepositState, Language, School};

use crate::danish;
use crate::payments::cards::{TEST_CARDS, TestCard};
use crate::payments::case_number;
use crate::store::DepositRow;

/// Seconds after which a page that waits for the gateway looks again.
const LOOK_AGAIN: u32 = 5;

/// A payment to be made.
#[derive(Template)]
#[template(path = "pay.html")]
struct Pay<'a> {
    language: Language,
    sandbox: bool,
    school: &'a str,
    support: String,
    account: &'a str,
    amount: String,
    issuer: &'a str,
    cvr: &'a str,
    email: String,
    terms_version: &'a str,
    terms: &'a str,
    open_until: String,
    wrong_card: bool,
    cards: &'static [TestCard],
}

/// What became of it.
#[derive(Template)]
#[template(path = "end.html")]
struct End<'a> {
    language: Language,
    sandbox: bool,
    school: &'a str,
    support: String,
    refresh: u32,
    good: bool,
    heading: String,
    sentences: Vec<String>,
    facts: Vec<(&'static str, String)>,
}

impl Pay<'_> {
    fn t<'a>(&self, da: &'a str, en: &'a str) -> &'a str {
        pick(self.language, da, en)
    }
}

impl End<'_> {
    fn t<'a>(&self, da: &'a str, en: &'a str) -> &'a str {
        pick(self.language, da, en)
    }
}

fn pick<'a>(language: Language, da: &'a str, en: &'a str) -> &'a str {
    match language {
        Language::Danish => da,
        Language::English => en,
    }
}

/// What a payment page is about.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The deposit, brought up to the moment.
    pub deposit: &'a DepositRow,
    /// Whose issuer takes the money.
    pub school: &'a School,
    /// Which account.
    pub account: &'a Account,
    /// Whether it is the sandbox that takes it.
    pub sandbox: bool,
    /// In which language.
    pub language: Language,
}

/// The page as the deposit stands: the form while it is open, else what became of it.
pub fn payment(about: &About<'_>, wrong_card: bool) -> Result<String, askama::Error> {
    if about.deposit.state == DepositState::Open { form(about, wrong_card) } else { end(about) }
}

fn form(about: &About<'_>, wrong_card: bool) -> Result<String, askama::Error> {
    let About { deposit, school, account, sandbox, language } = *about;
    Pay {
        language,
        sandbox,
        school: &school.name,
        support: support(school),
        account: &account.label,
        amount: deposit.amount.in_words(language),
        issuer: &school.issuer.name,
        cvr: &school.issuer.cvr,
        email: masked(&deposit.email),
        terms_version: &deposit.terms_version,
        terms: pick(language, &school.terms.da, &school.terms.en),
        open_until: clock(deposit.expires_at, language),
        wrong_card,
        cards: TEST_CARDS,
    }
    .render()
}

fn end(about: &About<'_>) -> Result<String, askama::Error> {
    let About { deposit, school, account, sandbox, language } = *about;
    let amount = deposit.amount.in_words(language);
    let t = |da: &str, en: &str| pick(language, da, en).to_owned();
    let (heading, sentences) = match deposit.state {
        DepositState::Paid => (
            t("Betalingen er gået igennem", "The payment went through"),
            vec![t(
                "Pengene står på madkortet nu. Gå tilbage til skærmen: der kan du få kvitteringen på papir.",
                "The money is on the canteen card now. Go back to the screen: you can have the receipt on paper there.",
            )],
        ),
        DepositState::Declined => (
            t("Betalingen blev ikke godkendt", "The payment was not approved"),
            vec![
                t("Der er ikke trukket nogen penge.", "No money was taken."),
                t("Prøv et andet kort: begynd forfra ved skærmen.", "Try another card: start again at the screen."),
            ],
        ),
        DepositState::Cancelled => (
            t("Betalingen er annulleret", "The payment was cancelled"),
            vec![t("Der er ikke trukket nogen penge.", "No money was taken.")],
        ),
        DepositState::Expired => (
            t("Tiden er gået", "Time has run out"),
            vec![
                t("Der er ikke trukket nogen penge.", "No money was taken."),
                t("Begynd forfra ved skærmen, hvis du vil betale.", "Start again at the screen if you want to pay."),
            ],
        ),
        DepositState::Unknown | DepositState::Open => (
            t("Vi undersøger betalingen", "We are looking into the payment"),
            vec![
                t(
                    "Betal ikke igen. Siden ser selv efter om lidt.",
                    "Do not pay again. This page looks again in a moment.",
                ),
                t("Er pengene trukket, kommer de på madkortet.", "If money was taken, it will reach the canteen card."),
            ],
        ),
    };
    let mut facts = vec![(pick_static(language, "Konto", "Account"), account.label.clone())];
    facts.push((pick_static(language, "Beløb", "Amount"), amount));
    if let Some(receipt) = &deposit.receipt {
        facts.push((pick_static(language, "Kvittering", "Receipt"), receipt.clone()));
    }
    if let Some(paid_at) = deposit.paid_at {
        facts.push((pick_static(language, "Betalt", "Paid"), moment(paid_at, language)));
    }
    let unknown = deposit.state == DepositState::Unknown;
    if unknown {
        facts.push((pick_static(language, "Sagsnummer", "Case number"), case_number(deposit.id)));
    }
    let refresh = if unknown { LOOK_AGAIN } else { 0 };
    let good = deposit.state == DepositState::Paid;
    let (school, support) = (&school.name, support(school));
    End { language, sandbox, school, support, refresh, good, heading, sentences, facts }.render()
}

/// A page that is no payment: an unknown or mistyped address, or a fault.
pub fn nothing_here(language: Language, fault: bool) -> Result<String, askama::Error> {
    let t = |da: &str, en: &str| pick(language, da, en).to_owned();
    let (heading, sentence) = if fault {
        let sentence = t(
            "Betal ikke igen. Prøv at genindlæse siden om lidt.",
            "Do not pay again. Try to reload this page in a moment.",
        );
        (t("Siden kan ikke vises lige nu", "The page cannot be shown right now"), sentence)
    } else {
        let sentence = t(
            "Scan koden på skærmen igen, eller begynd forfra ved skærmen.",
            "Scan the code on the screen again, or start again at the screen.",
        );
        (t("Betalingen findes ikke", "There is no such payment"), sentence)
    };
    let sentences = vec![sentence];
    let (school, support, facts) = ("Madkort", String::new(), vec![]);
    End { language, sandbox: false, school, support, refresh: 0, good: false, heading, sentences, facts }.render()
}

/// For whoever has looked at too many pages: when to come back.
pub fn too_often(language: Language, wait: SignedDuration) -> Result<String, askama::Error> {
    let heading = pick(language, "Vent lidt", "Wait a little");
    ended("Madkort", String::new(), language, (heading, &crate::failure::too_often(language, wait), false))
}

/// How something ended that moved no money.
fn ended(
    school: &str,
    support: String,
    language: Language,
    (heading, sentence, good): (&str, &str, bool),
) -> Result<String, askama::Error> {
    let (heading, sentences) = (heading.to_owned(), vec![sentence.to_owned()]);
    End { language, sandbox: false, school, support, refresh: 0, good, heading, sentences, facts: vec![] }.render()
}

fn support(school: &School) -> String {
    format!("{} · {}", school.support_email, school.support_phone)
}

fn pick_static(language: Language, da: &'static str, en: &'static str) -> &'static str {
    pick(language, da, en)
}

/// `a•••@familie.example`: enough to see that it is the right one.
fn masked(email: &str) -> String {
    match email.split_once('@') {
        Some((name, domain)) => {
            let first: String = name.chars().take(1).collect();
            format!("{first}•••@{domain}")
        }
        None => "•••".to_owned(),
    }
}

/// `14.32` in Danish, `14:32` in English; always Danish time.
fn clock(at: Timestamp, language: Language) -> String {
    let format = pick(language, "%H.%M", "%H:%M");
    danish::zoned(at).strftime(format).to_string()
}

/// `22.11.2026 kl. 14.32`, `22/11/2026 at 14:32`.
pub(crate) fn moment(at: Timestamp, language: Language) -> String {
    let format = pick(language, "%d.%m.%Y kl. %H.%M", "%d/%m/%Y at %H:%M");
    danish::zoned(at).strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_recognised_and_not_read() {
        assert_eq!(masked("karen@familie.example"), "k•••@familie.example");
        assert_eq!(masked("ærlig@skole.example"), "æ•••@skole.example");
        assert_eq!(masked(""), "•••");
    }

    #[test]
    fn times_are_danish() {
        let noon = Timestamp::constant(1_795_348_800, 0);
        assert_eq!(moment(noon, Language::Danish), "22.11.2026 kl. 13.00");
        assert_eq!(clock(noon, Language::English), "13:00");
    }
}
