//! Letters on their way.
//!
//! **Invariant:** a letter is written in the step that it tells of, once for each thing and kind, under an id that follows from
//! the two: however often it is sent, it is the same letter.

use jiff::Timestamp;
use madkort_ledger::recharge::{Facts, Stop};
use madkort_protocol::{Language, Money, OperationId, SchoolId};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::store::{Charge, Letter, Mail, Mails, Mandate, Pending};

use super::SqlStore;
use super::session::{First, Session};
use super::value::{Db, Row, corrupt, json, values, word};
use super::write::Write;

impl Mails for SqlStore {
    fn lease_mails(&self, now: Timestamp, most: u32, again: fn(u32, Timestamp) -> Timestamp) -> Pending<'_, Vec<Mail>> {
        self.write("taking letters to be sent", move |write| lease(write, now, most, again))
    }

    fn mail_sent(&self, id: Uuid, now: Timestamp) -> Pending<'_, ()> {
        self.write("noting a letter as sent", move |write| {
            write.db()?.execute("UPDATE mails SET sent_at = $1 WHERE id = $2", &values![now, id])?;
            Ok(())
        })
    }

    fn mail_failed(&self, id: Uuid, code: String, now: Timestamp) -> Pending<'_, ()> {
        self.write("noting a letter as undeliverable", move |write| {
            write
                .db()?
                .execute("UPDATE mails SET failed_at = $1, failure = $2 WHERE id = $3", &values![now, &code, id])?;
            Ok(())
        })
    }

    fn waiting_mails(&self) -> Pending<'_, u64> {
        self.read("counting letters", |db| {
            let row =
                db.first("SELECT count(*) AS waiting FROM mails WHERE sent_at IS NULL AND failed_at IS NULL", &[])?;
            row.ok_or(corrupt("count"))?.col("waiting")
        })
    }
}

/// The mail that says why auto top-up has stopped.
pub fn stopped(
    write: &Write<'_>,
    mandate: &Mandate,
    charge: OperationId,
    why: Stop,
    facts: &Facts,
    now: Timestamp,
) -> Db<()> {
    let account = label(write.db()?, mandate)?;
    let letter = Letter::Stopped { account, why: why.word().to_owned(), amount: facts.amount, mandate: mandate.id };
    put(write, &to_holder(mandate, charge), &letter, now)
}

/// The receipt of a charge, which names the purchase that caused it.
pub fn receipt(write: &Write<'_>, mandate: &Mandate, charge: &Charge, number: &str, now: Timestamp) -> Db<()> {
    let cause = write
        .db()?
        .first("SELECT kind, text, number, at FROM transactions WHERE id = $1", &values![charge.cause.uuid()])?
        .ok_or(corrupt("cause of a charge"))?;
    let (text, slip): (String, String) = (cause.col("text")?, cause.col("number")?);
    let balance = write.db()?.first(
        "SELECT b.balance FROM accounts a JOIN books b ON b.id = a.book WHERE a.id = $1",
        &values![charge.account.uuid()],
    )?;
    let letter = Letter::Receipt {
        account: label(write.db()?, mandate)?,
        amount: charge.amount,
        number: number.to_owned(),
        bought: if text.is_empty() { slip } else { text },
        bought_at: cause.col("at")?,
        balance: balance.ok_or(corrupt("account"))?.col::<Money>("balance")?,
        terms_version: mandate.terms_version.clone(),
    };
    put(write, &to_holder(mandate, charge.id), &letter, now)
}

fn label(db: &dyn Session, mandate: &Mandate) -> Db<String> {
    let row = db.first("SELECT label FROM accounts WHERE id = $1", &values![mandate.account.uuid()])?;
    row.ok_or(corrupt("account"))?.col("label")
}

/// Who a letter goes to, and what it is about.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    pub school: SchoolId,
    pub about: OperationId,
    /// The address; empty if there is nobody to write to.
    pub recipient: &'a str,
    pub language: Language,
}

fn to_holder(mandate: &Mandate, about: OperationId) -> Envelope<'_> {
    Envelope { school: mandate.school, about, recipient: &mandate.email, language: mandate.language }
}

/// Puts a letter into the outbox, unless one of that kind about the same is there.
pub fn put(write: &Write<'_>, envelope: &Envelope<'_>, letter: &Letter, now: Timestamp) -> Db<()> {
    // A mandate without an address is one of a demo or an import; a school need not have one for support.
    if envelope.recipient.is_empty() {
        return Ok(());
    }
    let about = envelope.about;
    write.db()?.execute(
        "INSERT INTO mails (id, school, about, kind, topic, recipient, language, body, created_at, try_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (about, kind) DO NOTHING",
        &values![
            id_of(about, letter.kind()),
            envelope.school.uuid(),
            about.uuid(),
            letter.kind(),
            letter.topic(),
            envelope.recipient,
            word(&envelope.language)?,
            json(letter)?,
            now,
            now
        ],
    )?;
    Ok(())
}

/// A version 8 UUID (RFC 9562, section 5.8) of what the letter is about and its kind.
fn id_of(about: OperationId, kind: &str) -> Uuid {
    let digest = Sha256::new().chain_update(about.uuid().as_bytes()).chain_update(kind).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Takes what is due, and notes the try as made before it is made: a server that dies over a letter comes back to it later.
fn lease(write: &Write<'_>, now: Timestamp, most: u32, again: fn(u32, Timestamp) -> Timestamp) -> Db<Vec<Mail>> {
    let due = write.db()?.query(
        "SELECT * FROM mails WHERE sent_at IS NULL AND failed_at IS NULL AND try_at <= $1 ORDER BY try_at, id LIMIT $2",
        &values![now, most],
    )?;
    let mut mails = Vec::new();
    for row in &due {
        let mail = read(row)?;
        write.db()?.execute(
            "UPDATE mails SET attempts = $1, try_at = $2 WHERE id = $3",
            &values![mail.attempts, again(mail.attempts, now), mail.id],
        )?;
        mails.push(mail);
    }
    Ok(mails)
}

fn read(row: &Row) -> Db<Mail> {
    let attempts: u32 = row.col("attempts")?;
    Ok(Mail {
        id: row.col("id")?,
        recipient: row.col("recipient")?,
        language: row.word("language")?,
        letter: row.json("body")?,
        created_at: row.col("created_at")?,
        attempts: attempts.saturating_add(1),
    })
}
