//! Letters go out: from the outbox to a mail server, at least once, under the Message-ID they keep.
//!
//! A mail server that takes a letter and loses the line before it says so makes us send it again: then the two have one
//! Message-ID, one date and one text, and a mailbox can tell that they are one.
//!
//! **Invariant:** a try is noted before it is made, and a letter is marked as sent only after the mail server took it. No
//! address and no text of a letter reaches the log.

mod html;
mod line;
mod page;
mod statement;
mod words;

use std::sync::Arc;
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MessageBuilder, MultiPart, MultiPartKind, SinglePart};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use madkort_ledger::recharge::Stop;

use crate::passwords;
use crate::payments::Payments;
use crate::store::{Letter, Mail, Store, StoreError};
pub use line::{Authorities, NoAuthorities, NoMailer, Security, SmtpSettings};

use line::{NotTaken, not_taken};

/// Letters taken in one round: a backlog is worked off over several rounds, and a round stays short.
const ROUND: u32 = 16;
/// When a letter is tried again, counted from the last try: then every six hours. The first is longer than a try lasts.
const AGAIN_AFTER: [SignedDuration; 5] = [
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(10),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(3),
];
const AGAIN_AT_LAST: SignedDuration = SignedDuration::from_hours(6);

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
        let from = Mailbox::new(Some(words::SENDER.to_owned()), address);
        Ok(Self { store, transport: line::transport(settings)?, from, public_url: Arc::from(""), payments: None })
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
                Ok(()) => {
                    self.store.mail_sent(mail.id, now).await?;
                    sent += 1;
                }
                Err(NotTaken::Never(code)) => {
                    tracing::warn!(mail = %mail.id, code, "a letter cannot be delivered");
                    self.store.mail_failed(mail.id, code, now).await?;
                }
                Err(NotTaken::WeAreRefused(code)) => {
                    tracing::error!(code, alarm = "mail-refused", "the mail server turns us down: letters wait");
                    // So it would with the next letter, and too many wrong passwords shut an account for longer.
                    break;
                }
                Err(NotTaken::Later(why)) => {
                    tracing::warn!(mail = %mail.id, attempts = mail.attempts, why, "a letter has to wait");
                }
            }
        }
        Ok(sent)
    }

    async fn send(&self, mail: &Mail, now: Timestamp) -> Result<(), NotTaken> {
        let link = self.link(&mail.letter, now).await.map_err(|error| {
            tracing::error!(%error, "a letter waits for its link");
            NotTaken::Later("no link".to_owned())
        })?;
        let message = self.message(mail, &link).map_err(|_| NotTaken::Never("unwritable".to_owned()))?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => Err(not_taken(&self.transport, error).await),
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
