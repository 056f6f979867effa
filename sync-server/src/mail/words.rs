//! What letters say, Danish and English.
//!
//! Pure. **Invariant:** a subject names no balance and no person: it is read on locked screens.

use madkort_ledger::danish;
use madkort_ledger::recharge::Stop;
use madkort_protocol::{Language, Money};

use crate::store::Letter;

/// The name beside the sender's address.
pub const SENDER: &str = "Madkort";

/// A letter in words.
#[derive(Debug, PartialEq, Eq)]
pub struct Text {
    /// Its subject.
    pub subject: String,
    /// Its body, plain text.
    pub body: String,
}

/// Puts a letter into words. `link` is the one it leads to, if it has one.
#[must_use]
pub fn write(letter: &Letter, link: &str, language: Language) -> Text {
    match letter {
        Letter::PasswordReset { name, .. } => reset(name, link, language),
        Letter::Statement { account, statement, .. } => {
            let month = super::statement::month(statement.month, language);
            match language {
                Language::Danish => Text {
                    subject: format!("Kontoudtog for {month}"),
                    body: format!(
                        "Hej\n\nHer er kontoudtoget for {account}, {month}. Det ligger i den vedhæftede PDF.\n"
                    ),
                },
                Language::English => Text {
                    subject: format!("Statement for {month}"),
                    body: format!(
                        "Hello\n\nHere is the statement of {account} for {month}. It is in the attached PDF.\n"
                    ),
                },
            }
        }
        Letter::TicketReceived { school, number, name, message, support_email, support_phone } => {
            let quoted = quoted(message);
            let reach = [support_email.as_str(), support_phone].into_iter().filter(|way| !way.is_empty());
            let reach = reach.collect::<Vec<_>>().join(" · ");
            match language {
                Language::Danish => Text {
                    subject: format!("Vi har fået din henvendelse, nr. {number}"),
                    body: format!(
                        "Hej {name}\n\nDin henvendelse til {school} har nummer {number}. Vi svarer dig hurtigst muligt.\n\n\
                         Du skrev:\n\n{quoted}\n\nHaster det, så brug nummeret her: {reach}\n"
                    ),
                },
                Language::English => Text {
                    subject: format!("We have received your request, no. {number}"),
                    body: format!(
                        "Hello {name}\n\nYour request to {school} has number {number}. We answer as soon as we can.\n\n\
                         You wrote:\n\n{quoted}\n\nIf it is urgent, use the number here: {reach}\n"
                    ),
                },
            }
        }
        Letter::Ticket { school, number, name, email, phone, regarding, card, message, speaks } => {
            let (quoted, tongue) = (quoted(message), speaks.tag());
            Text {
                subject: format!("Henvendelse nr. {number}"),
                body: format!(
                    "{school}, nr. {number}\n\nNavn: {name}\nE-mail: {email}\nTelefon: {phone}\nVedrører: {regarding}\n\
                     Kort: {card}\nSprog: {tongue}\n\n{quoted}\n\nSvar på denne e-mail går til {email}.\n"
                ),
            }
        }
        Letter::Stopped { account, why, amount } => stopped(account, Stop::parse(why), *amount, language),
        Letter::Receipt { account, amount, number, bought, bought_at, balance, terms_version } => {
            let day = danish::zoned(*bought_at).strftime("%d.%m.%Y %H:%M").to_string();
            let (amount, balance) = (amount.in_words(language), balance.in_words(language));
            match language {
                Language::Danish => Text {
                    subject: format!("Kvittering for auto-optank, nr. {number}"),
                    body: format!(
                        "Hej\n\nVi har tanket {account} op med {amount}, fordi et køb bragte saldoen under grænsen.\n\n\
                         Kvittering: {number}\nKøbet: {bought}, {day}\nNy saldo: {balance}\n\n\
                         Aftalen følger betingelser {terms_version}. Du kan sætte auto-optank på pause eller stoppe den \
                         ved standeren i kantinen.\n"
                    ),
                },
                Language::English => Text {
                    subject: format!("Receipt for auto top-up, no. {number}"),
                    body: format!(
                        "Hello\n\nWe have topped {account} up with {amount}, because a purchase took the balance below \
                         the limit.\n\nReceipt: {number}\nPurchase: {bought}, {day}\nNew balance: {balance}\n\n\
                         The agreement follows terms {terms_version}. You can pause or stop auto top-up at the kiosk in \
                         the canteen.\n"
                    ),
                },
            }
        }
    }
}

/// Somebody's own words, told apart from ours.
fn quoted(message: &str) -> String {
    message.lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n")
}

fn reset(name: &str, link: &str, language: Language) -> Text {
    match language {
        Language::Danish => Text {
            subject: "Nulstil adgangskode".to_owned(),
            body: format!(
                "Hej {name}\n\nNogen har bedt om en ny adgangskode til dit madkort. Vælg den her:\n\n{link}\n\n\
                 Linket virker én gang og i 60 minutter.\n\nVar det ikke dig, så gør ingenting: din adgangskode er den \
                 samme som før.\n"
            ),
        },
        Language::English => Text {
            subject: "Reset password".to_owned(),
            body: format!(
                "Hello {name}\n\nSomebody has asked for a new password for your canteen card. Choose it here:\n\n{link}\n\n\
                 The link works once, for 60 minutes.\n\nIf it was not you, do nothing: your password is the same as \
                 before.\n"
            ),
        },
    }
}

fn stopped(account: &str, why: Option<Stop>, amount: Money, language: Language) -> Text {
    let amount = amount.in_words(language);
    let (reason, how) = reason(why, language);
    match language {
        Language::Danish => Text {
            subject: "Auto-optank er stoppet".to_owned(),
            body: format!(
                "Hej\n\nAuto-optank af {account} er stoppet: {reason} De {amount} er ikke trukket.\n\n\
                 Sådan starter du den igen: {how}\n\nIndtil da kan du indbetale ved standeren i kantinen.\n"
            ),
        },
        Language::English => Text {
            subject: "Auto top-up has stopped".to_owned(),
            body: format!(
                "Hello\n\nAuto top-up of {account} has stopped: {reason} The {amount} was not charged.\n\n\
                 To start it again: {how}\n\nUntil then you can pay in at the kiosk in the canteen.\n"
            ),
        },
    }
}

/// Why, and what to do: the end and the beginning of a sentence.
fn reason(why: Option<Stop>, language: Language) -> (&'static str, &'static str) {
    match (why, language) {
        (Some(Stop::Declines), Language::Danish) => (
            "banken har afvist betalingen fire gange.",
            "sørg for dækning på betalingskortet, og vælg »Start igen« ved standeren.",
        ),
        (Some(Stop::Declines), Language::English) => (
            "the bank has declined the payment four times.",
            "see that the payment card is covered, and choose “Start again” at the kiosk.",
        ),
        (Some(Stop::ApprovalNeeded), Language::Danish) => (
            "banken vil have, at du selv godkender betalingen.",
            "godkend kortet hos din bank, og vælg »Start igen« ved standeren.",
        ),
        (Some(Stop::ApprovalNeeded), Language::English) => (
            "the bank wants you to approve the payment yourself.",
            "approve the card with your bank, and choose “Start again” at the kiosk.",
        ),
        (Some(Stop::CardGone), Language::Danish) => (
            "betalingskortet er udløbet eller lukket.",
            "vælg »Skift kort« ved standeren, og oplys et andet betalingskort.",
        ),
        (Some(Stop::CardGone), Language::English) => (
            "the payment card has expired or is closed.",
            "choose “Change card” at the kiosk, and give another payment card.",
        ),
        (Some(Stop::CardStopped), Language::Danish) => (
            "banken har spærret betalingskortet for gentagne betalinger.",
            "vælg »Skift kort« ved standeren, og oplys et andet betalingskort.",
        ),
        (Some(Stop::CardStopped), Language::English) => (
            "the bank has barred the payment card from repeated payments.",
            "choose “Change card” at the kiosk, and give another payment card.",
        ),
        (_, Language::Danish) => (
            "der er sket en fejl hos os, ikke hos dig eller din bank.",
            "vi ser på det; vælg »Start igen« ved standeren, når det passer dig.",
        ),
        (_, Language::English) => (
            "something went wrong on our side, not on yours or your bank's.",
            "we are looking into it; choose “Start again” at the kiosk when it suits you.",
        ),
    }
}
