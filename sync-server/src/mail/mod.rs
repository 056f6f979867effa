//! Letters go out: from the outbox to a mail server, at least once, under the Message-ID they keep.
//!
//! A mail server that takes a letter and loses the line before it says so makes us send it again: then the two have one
//! Message-ID, one date and one text, and a mailbox can tell that they are one.
//!
//! **Invariant:** a try is noted before it is made, and a letter is marked as sent only after the mail server took it. No
//! address and no text of a letter reaches the log.

mod html;
mod page;
mod statement;
mod words;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MessageBuilder, MultiPart, MultiPartKind, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use madkort_ledger::recharge::Stop;

use crate::passwords;
use crate::payments::Payments;
use crate::store::{Letter, Mail, Store, StoreError};

/// Letters taken in one round: a backlog is worked off over several rounds, and a round stays short.
const ROUND: u32 = 16;
/// How long the mail server may take for one step of the conversation (RFC 5321 section 4.5.3.2 asks for minutes; it is near).
const STEP: Duration = Duration::from_mins(1);
/// When a letter is tried again, counted from the last try: then every six hours. The first is longer than a try lasts.
const AGAIN_AFTER: [SignedDuration; 5] = [
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(10),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(3),
];
const AGAIN_AT_LAST: SignedDuration = SignedDuration::from_hours(6);

/// How the mail server is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpSettings {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the line is protected.
    pub security: Security,
    /// User and password, where it wants them.
    pub login: Option<(String, String)>,
    /// Who letters are from.
    pub from: String,
}

impl std::fmt::Debug for SmtpSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmtpSettings").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

/// How a line to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (`smtps://`).
    Tls,
    /// STARTTLS, and nothing without it (`smtp://`).
    StartTls,
    /// Nothing: only to this machine.
    Plain,
}

/// The settings do not make a mailer.
#[derive(Debug, thiserror::Error)]
pub enum NoMailer {
    /// The sender is no address.
    #[error("smtp_from is no e-mail address")]
    From(#[source] lettre::address::AddressError),
    /// TLS cannot be set up.
    #[error("TLS to the mail server cannot be set up")]
    Tls(#[source] lettre::transport::smtp::Error),
}

/// What became of one try.
#[derive(Debug, PartialEq, Eq)]
enum Tried {
    Sent,
    Never(String),
    Later,
}

/// The outbox's hands.
pub struct Mailer {
    store: Arc<dyn Store>,
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    public_url: Arc<str>,
    payments: Option<Payments>,
}

impl Mailer {
    /// With a mail server.
    pub fn new(store: Arc<dyn Store>, settings: &SmtpSettings) -> Result<Self, NoMailer> {
        let address: Address = settings.from.parse().map_err(NoMailer::From)?;
        let tls = || TlsParameters::new(settings.host.clone()).map_err(NoMailer::Tls);
        let tls = match settings.security {
            Security::Tls => Tls::Wrapper(tls()?),
            Security::StartTls => Tls::Required(tls()?),
            Security::Plain => Tls::None,
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(STEP));
        if let Some((user, password)) = &settings.login {
            transport = transport.credentials(Credentials::new(user.clone(), password.clone()));
        }
        let from = Mailbox::new(Some(words::SENDER.to_owned()), address);
        Ok(Self { store, transport: transport.build(), from, public_url: Arc::from(""), payments: None })
    }

    /// With the address, without a slash at its end, under which links in letters reach this server.
    #[must_use]
    pub fn reached_at(self, public_url: &str) -> Self {
        Self { public_url: public_url.trim_end_matches('/').into(), ..self }
    }

    /// With who opens pages for payment cards, for letters that lead to one.
    #[must_use]
    pub fn with_payments(self, payments: Payments) -> Self {
        Self { payments: Some(payments), ..self }
    }

    /// Sends what is due; says how many letters the mail server took.
    pub async fn send_due(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut sent = 0;
        for mail in self.store.lease_mails(now, ROUND, try_again).await? {
            match self.send(&mail, now).await {
                Tried::Sent => {
                    self.store.mail_sent(mail.id, now).await?;
                    sent += 1;
                }
                Tried::Never(code) => {
                    tracing::warn!(mail = %mail.id, code, "a letter cannot be delivered");
                    self.store.mail_failed(mail.id, code, now).await?;
                }
                Tried::Later => tracing::warn!(mail = %mail.id, attempts = mail.attempts, "a letter has to wait"),
            }
        }
        Ok(sent)
    }

    async fn send(&self, mail: &Mail, now: Timestamp) -> Tried {
        let link = match self.link(&mail.letter, now).await {
            Ok(link) => link,
            Err(error) => {
                tracing::error!(%error, "a letter waits for its link");
                return Tried::Later;
            }
        };
        let Ok(message) = self.message(mail, &link) else { return Tried::Never("unwritable".to_owned()) };
        match self.transport.send(message).await {
            Ok(_) => Tried::Sent,
            // Also a 5xx in the greeting or to our login: staff see the mark, and the reason is in the code.
            Err(error) if error.is_permanent() => {
                Tried::Never(error.status().map_or_else(|| "5xx".to_owned(), |code| code.to_string()))
            }
            Err(_) => Tried::Later,
        }
    }

    /// The link in a letter; empty if it has none. Made anew at every try, so that no token waits on a disk.
    async fn link(&self, letter: &Letter, now: Timestamp) -> Result<String, NoLink> {
        match letter {
            Letter::PasswordReset { school, person, .. } => {
                let token = passwords::new_token()?;
                self.store.add_reset_link(passwords::link_hash(&token), *school, *person, now).await?;
                Ok(format!("{}/reset/{token}", self.public_url))
            }
            Letter::Stopped { mandate, why, .. } if Stop::parse(why).is_some_and(Stop::ends_with_another_card) => {
                let Some(payments) = &self.payments else { return Ok(String::new()) };
                Ok(payments.open_letter_page(*mandate, now).await?.unwrap_or_default())
            }
            _ => Ok(String::new()),
        }
    }

    /// The letter: the same bytes at every try, but for a link and who takes it.
    fn message(&self, mail: &Mail, link: &str) -> Result<Message, Unwritable> {
        let text = words::write(&mail.letter, link, mail.language);
        let to: Address = mail.recipient.parse().map_err(|_| Unwritable)?;
        let id = format!("<{}@{}>", mail.id, self.from.email.domain());
        let mut message = MessageBuilder::new()
            .message_id(Some(id))
            .date(SystemTime::from(mail.created_at))
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(text.subject.as_str());
        if let Letter::Ticket { email, .. } = &mail.letter {
            // Whoever answers a ticket answers whoever wrote it.
            message = message.reply_to(Mailbox::new(None, email.parse().map_err(|_| Unwritable)?));
        }
        let page = html::page(&text, mail.language).map_err(|_| Unwritable)?;
        let words = parts(mail, MultiPartKind::Alternative, "words")
            .singlepart(SinglePart::plain(text.plain()))
            .singlepart(SinglePart::html(page));
        let whole = match enclosed(mail)? {
            None => words,
            Some(paper) => parts(mail, MultiPartKind::Mixed, "papers").multipart(words).singlepart(paper),
        };
        message.multipart(whole).map_err(|_| Unwritable)
    }
}

/// Parts of a letter. The boundary between them, too, is the same at every try.
fn parts(mail: &Mail, kind: MultiPartKind, what: &str) -> MultiPart {
    MultiPart::builder().kind(kind).boundary(format!("madkort-{}-{what}", mail.id.simple())).build()
}

/// The paper that goes with a letter.
fn enclosed(mail: &Mail) -> Result<Option<SinglePart>, Unwritable> {
    let Letter::Statement { school, issuer, account, card, statement, copy } = &mail.letter else { return Ok(None) };
    let heads = statement::Heads { school, issuer, account, card, written: mail.created_at, copy: *copy };
    let pdf = statement::pdf(&heads, statement, mail.language);
    let kind = ContentType::parse("application/pdf").map_err(|_| Unwritable)?;
    let name = statement::file_name(statement.month, mail.language);
    Ok(Some(Attachment::new(name).body(pdf, kind)))
}

struct Unwritable;

/// A link could not be made.
#[derive(Debug, thiserror::Error)]
enum NoLink {
    #[error("the system gives no random bytes")]
    Random(#[from] getrandom::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// When a letter is tried again after so many tries.
fn try_again(attempts: u32, now: Timestamp) -> Timestamp {
    let nth = usize::try_from(attempts.saturating_sub(1)).ok();
    let wait = nth.and_then(|nth| AGAIN_AFTER.get(nth).copied()).unwrap_or(AGAIN_AT_LAST);
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}
