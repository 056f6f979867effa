//! The page on a telephone where a payment card is given to auto top-up, or another one.
//!
//! Pure. What is agreed stands on the very page where the card is given: who charges, how much, when, at most how much, how it is
//! stopped, under which terms (betalingsloven § 82, as the Consumer Ombudsman reads it).
//!
//! **Invariant:** as of every page here: no balance, no card number, no full e-mail address.

use askama::Template;
use madkort_ledger::recharge::{ARMED_FROM, BELOW, Caps};
use madkort_protocol::{Account, Language, MandatePageState, School};

use super::{End, clock, masked, moment, pick, pick_static, support};
use crate::payments::cards::{TEST_CARDS, TestCard};
use crate::store::{LedBy, MandatePageRow};

/// What was wrong with the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The sandbox takes its own numbers only.
    NotATestCard,
    /// Its bank said no.
    Declined,
}

/// What such a page is about.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// What is agreed, brought up to the moment.
    pub row: &'a MandatePageRow,
    /// Whose issuer charges.
    pub school: &'a School,
    /// Which account is filled.
    pub account: &'a Account,
    /// Whether it is the sandbox that keeps the card.
    pub sandbox: bool,
    /// In which language.
    pub language: Language,
}

#[derive(Template)]
#[template(path = "mandate.html")]
struct Give<'a> {
    language: Language,
    sandbox: bool,
    school: &'a str,
    support: String,
    account: &'a str,
    begins: bool,
    amount: String,
    below: String,
    armed_from: String,
    day: String,
    week: String,
    month: String,
    issuer: &'a str,
    cvr: &'a str,
    email: String,
    terms_version: &'a str,
    terms: &'a str,
    open_until: String,
    trouble: Option<&'static str>,
    cards: &'static [TestCard],
}

impl Give<'_> {
    fn t<'a>(&self, da: &'a str, en: &'a str) -> &'a str {
        pick(self.language, da, en)
    }
}

/// The page as it stands: the form while it is open, else what became of it.
pub fn page(about: &About<'_>, trouble: Option<Trouble>) -> Result<String, askama::Error> {
    if about.row.state == MandatePageState::Open { form(about, trouble) } else { end(about) }
}

fn form(about: &About<'_>, trouble: Option<Trouble>) -> Result<String, askama::Error> {
    let About { row, school, account, sandbox, language } = *about;
    let words = |amount: madkort_protocol::Money| amount.in_words(language);
    let caps = Caps::of(row.amount).ok();
    let cap = |of: fn(&Caps) -> madkort_protocol::Money| caps.as_ref().map(|caps| words(of(caps))).unwrap_or_default();
    Give {
        language,
        sandbox,
        school: &school.name,
        support: support(school),
        account: &account.label,
        begins: row.begins,
        amount: words(row.amount),
        below: words(BELOW),
        armed_from: words(ARMED_FROM),
        day: cap(|caps| caps.day),
        week: cap(|caps| caps.week.unwrap_or(caps.month)),
        month: cap(|caps| caps.month),
        issuer: &school.issuer.name,
        cvr: &school.issuer.cvr,
        email: masked(&row.email),
        terms_version: &row.terms_version,
        terms: pick(language, &school.terms.da, &school.terms.en),
        open_until: match row.led_by {
            LedBy::Kiosk { .. } => format!("{}{}", pick(language, "kl. ", ""), clock(row.expires_at, language)),
            LedBy::Letter(_) => moment(row.expires_at, language),
        },
        trouble: trouble.map(|trouble| words_of(trouble, language)),
        cards: TEST_CARDS,
    }
    .render()
}

const fn words_of(trouble: Trouble, language: Language) -> &'static str {
    match (trouble, language) {
        (Trouble::NotATestCard, Language::Danish) => {
            "Det er ikke et testkort. Skriv et af numrene nedenfor – aldrig et rigtigt kortnummer."
        }
        (Trouble::NotATestCard, Language::English) => {
            "That is not a test card. Enter one of the numbers below – never a real card number."
        }
        (Trouble::Declined, Language::Danish) => "Banken godkendte ikke kortet. Prøv et andet.",
        (Trouble::Declined, Language::English) => "The bank did not approve the card. Try another one.",
    }
}

fn end(about: &About<'_>) -> Result<String, askama::Error> {
    let About { row, school, account, sandbox, language } = *about;
    let t = |da: &str, en: &str| pick(language, da, en).to_owned();
    let good = row.state == MandatePageState::Given;
    let (heading, sentence) = match row.state {
        MandatePageState::Given if row.begins => (
            t("Auto-optank er slået til", "Auto top-up is on"),
            t(
                "Du får en mail, hver gang der tankes op. Du kan stoppe ved skærmen, når du vil.",
                "You will get a mail each time. You can stop it at the screen whenever you like.",
            ),
        ),
        MandatePageState::Given => (
            t("Kortet er skiftet", "The card has been changed"),
            t("Auto-optank bruger det nye kort fra nu af.", "Auto top-up uses the new card from now on."),
        ),
        MandatePageState::Cancelled => (
            t("Der er ikke ændret noget", "Nothing was changed"),
            t("Siden er lukket, og kortet er ikke gemt.", "The page is closed, and no card was kept."),
        ),
        MandatePageState::Expired | MandatePageState::Open => {
            (t("Tiden er gået", "Time has run out"), t("Begynd forfra ved skærmen.", "Start again at the screen."))
        }
    };
    let mut facts = vec![(pick_static(language, "Konto", "Account"), account.label.clone())];
    if good {
        facts.push((pick_static(language, "Beløb hver gang", "Amount each time"), row.amount.in_words(language)));
    }
    let (school, support, sentences) = (&school.name, support(school), vec![sentence]);
    End { language, sandbox, school, support, refresh: 0, good, heading, sentences, facts }.render()
}
