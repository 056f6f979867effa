//! What letters say, Danish and English.
//!
//! Pure. **Invariant:** a subject names no balance and no person: it is read on locked screens.

use jiff::Timestamp;
use madkort_ledger::danish;
use madkort_ledger::recharge::Stop;
use madkort_protocol::{Language, Money};

use crate::store::Letter;

/// The name beside the sender's address.
pub const SENDER: &str = "Madkort";

/// A letter in words: once, for whichever way it is shown.
#[derive(Debug, PartialEq, Eq)]
pub struct Text {
    /// Its subject.
    pub subject: String,
    /// What it says, from top to bottom.
    pub blocks: Vec<Block>,
}

/// A part of a letter.
#[derive(Debug, PartialEq, Eq)]
pub enum Block {
    /// A paragraph.
    Words(String),
    /// Names and what stands behind them.
    Figures(Vec<(&'static str, String)>),
    /// What a link is for, and where it leads.
    Link(&'static str, String),
    /// Somebody's own words, told apart from ours.
    Quote(String),
}

impl Text {
    fn new(subject: impl Into<String>) -> Self {
        Self { subject: subject.into(), blocks: Vec::new() }
    }

    fn words(self, words: impl Into<String>) -> Self {
        self.with(Block::Words(words.into()))
    }

    fn figures(self, figures: Vec<(&'static str, String)>) -> Self {
        self.with(Block::Figures(figures))
    }

    fn with(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// As plain text.
    #[must_use]
    pub fn plain(&self) -> String {
        let blocks = self.blocks.iter().map(|block| match block {
            Block::Words(words) => words.clone(),
            Block::Figures(figures) => lines(figures.iter().map(|(name, value)| format!("{name}: {value}"))),
            Block::Link(_, url) => url.clone(),
            Block::Quote(message) => lines(message.lines().map(|line| format!("> {line}"))),
        });
        blocks.collect::<Vec<_>>().join("\n\n") + "\n"
    }
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

/// Puts a letter into words. `link` is the one it leads to, if it has one.
#[must_use]
pub fn write(letter: &Letter, link: &str, language: Language) -> Text {
    let say = |danish: &'static str, english: &'static str| match language {
        Language::Danish => danish,
        Language::English => english,
    };
    match letter {
        Letter::PasswordReset { name, .. } => reset(name, link, language),
        Letter::Statement { account, statement, .. } => {
            let month = super::statement::month(statement.month, language);
            match language {
                Language::Danish => Text::new(format!("Kontoudtog for {month}"))
                    .words("Hej")
                    .words(format!("Her er kontoudtoget for {account}, {month}. Det ligger i den vedhæftede PDF.")),
                Language::English => Text::new(format!("Statement for {month}"))
                    .words("Hello")
                    .words(format!("Here is the statement of {account} for {month}. It is in the attached PDF.")),
            }
        }
        Letter::TicketReceived { school, number, name, message, support_email, support_phone } => {
            let reach = [support_email.as_str(), support_phone].into_iter().filter(|way| !way.is_empty());
            let reach = reach.collect::<Vec<_>>().join(" · ");
            let quote = Block::Quote(message.clone());
            match language {
                Language::Danish => Text::new(format!("Vi har fået din henvendelse, nr. {number}"))
                    .words(format!("Hej {name}"))
                    .words(format!("Din henvendelse til {school} har nummer {number}. Vi svarer dig hurtigst muligt."))
                    .words("Du skrev:")
                    .with(quote)
                    .words(format!("Haster det, så brug nummeret her: {reach}")),
                Language::English => Text::new(format!("We have received your request, no. {number}"))
                    .words(format!("Hello {name}"))
                    .words(format!("Your request to {school} has number {number}. We answer as soon as we can."))
                    .words("You wrote:")
                    .with(quote)
                    .words(format!("If it is urgent, use the number here: {reach}")),
            }
        }
        Letter::Ticket { school, number, name, email, phone, regarding, card, message, speaks } => {
            Text::new(format!("Henvendelse nr. {number}"))
                .words(format!("{school}, nr. {number}"))
                .figures(vec![
                    ("Navn", name.clone()),
                    ("E-mail", email.clone()),
                    ("Telefon", phone.clone()),
                    ("Vedrører", regarding.clone()),
                    ("Kort", card.clone()),
                    ("Sprog", speaks.tag().to_owned()),
                ])
                .with(Block::Quote(message.clone()))
                .words(format!("Svar på denne e-mail går til {email}."))
        }
        Letter::Stopped { account, why, amount, .. } => stopped(account, Stop::parse(why), *amount, link, language),
        Letter::DepositReceipt { account, issuer, amount, number, paid_at, balance, terms_version } => {
            let (amount, balance) = (amount.in_words(language), balance.in_words(language));
            let (subject, hello, told) = match language {
                Language::Danish => (
                    format!("Kvittering for indbetaling, nr. {number}"),
                    "Hej",
                    format!("Vi har modtaget {amount} til {account}. Pengene er på kontoen."),
                ),
                Language::English => (
                    format!("Receipt for a deposit, no. {number}"),
                    "Hello",
                    format!("We have received {amount} for {account}. The money is on the account."),
                ),
            };
            Text::new(subject).words(hello).words(told).figures(vec![
                (say("Kvittering", "Receipt"), number.clone()),
                (say("Betalt", "Paid"), moment(*paid_at)),
                (say("Beløb", "Amount"), amount),
                (say("Ny saldo", "New balance"), balance),
                (say("Pengene opbevares af", "The money is held by"), format!("{}, CVR {}", issuer.name, issuer.cvr)),
                (say("Betingelser", "Terms"), terms_version.clone()),
            ])
        }
        Letter::Receipt { account, amount, number, bought, bought_at, balance, terms_version } => {
            let amount = amount.in_words(language);
            let figures = vec![
                (say("Kvittering", "Receipt"), number.clone()),
                (say("Købet", "Purchase"), format!("{bought}, {}", moment(*bought_at))),
                (say("Ny saldo", "New balance"), balance.in_words(language)),
            ];
            match language {
                Language::Danish => Text::new(format!("Kvittering for auto-optank, nr. {number}"))
                    .words("Hej")
                    .words(format!(
                        "Vi har tanket {account} op med {amount}, fordi et køb bragte saldoen under grænsen."
                    ))
                    .figures(figures)
                    .words(format!(
                        "Aftalen følger betingelser {terms_version}. Du kan sætte auto-optank på pause eller stoppe den \
                         ved standeren i kantinen."
                    )),
                Language::English => Text::new(format!("Receipt for auto top-up, no. {number}"))
                    .words("Hello")
                    .words(format!(
                        "We have topped {account} up with {amount}, because a purchase took the balance below the limit."
                    ))
                    .figures(figures)
                    .words(format!(
                        "The agreement follows terms {terms_version}. You can pause or stop auto top-up at the kiosk in \
                         the canteen."
                    )),
            }
        }
    }
}

/// Danish time, as on a receipt.
pub fn moment(at: Timestamp) -> String {
    danish::zoned(at).strftime("%d.%m.%Y %H:%M").to_string()
}

fn reset(name: &str, link: &str, language: Language) -> Text {
    match language {
        Language::Danish => Text::new("Nulstil adgangskode")
            .words(format!("Hej {name}"))
            .words("Nogen har bedt om en ny adgangskode til dit madkort. Vælg den her:")
            .with(Block::Link("Vælg en ny adgangskode", link.to_owned()))
            .words("Linket virker én gang og i 60 minutter.")
            .words("Var det ikke dig, så gør ingenting: din adgangskode er den samme som før."),
        Language::English => Text::new("Reset password")
            .words(format!("Hello {name}"))
            .words("Somebody has asked for a new password for your canteen card. Choose it here:")
            .with(Block::Link("Choose a new password", link.to_owned()))
            .words("The link works once, for 60 minutes.")
            .words("If it was not you, do nothing: your password is the same as before."),
    }
}

fn stopped(account: &str, why: Option<Stop>, amount: Money, link: &str, language: Language) -> Text {
    let amount = amount.in_words(language);
    let (reason, how) = reason(why, language);
    let told = match language {
        Language::Danish => Text::new("Auto-optank er stoppet")
            .words("Hej")
            .words(format!("Auto-optank af {account} er stoppet: {reason} De {amount} er ikke trukket."))
            .words(format!("Sådan starter du den igen: {how}"))
            .words("Indtil da kan du indbetale ved standeren i kantinen."),
        Language::English => Text::new("Auto top-up has stopped")
            .words("Hello")
            .words(format!("Auto top-up of {account} has stopped: {reason} The {amount} was not charged."))
            .words(format!("To start it again: {how}"))
            .words("Until then you can pay in at the kiosk in the canteen."),
    };
    if link.is_empty() {
        return told;
    }
    let link = link.to_owned();
    match language {
        Language::Danish => told
            .words("Du kan også gøre det herfra: oplys kortet igen, og godkend det hos din bank, eller oplys et andet.")
            .with(Block::Link("Godkend eller skift kort", link))
            .words(
                "Linket virker én gang og i 7 dage. Der trækkes ingen penge ved det: først når et køb bringer saldoen \
                 under grænsen.",
            ),
        Language::English => told
            .words("You can also do it from here: give the card again and approve it with your bank, or give another one.")
            .with(Block::Link("Approve or change the card", link))
            .words(
                "The link works once, for 7 days. Nothing is charged by it: only once a purchase takes the balance below \
                 the limit.",
            ),
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
