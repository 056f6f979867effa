//! Letters that somebody asks for: statements as a PDF, and what support and whoever wrote to it are told.
//!
//! **Invariant:** a letter is written in the step that it tells of, with all that it says: what happens afterwards does not
//! change it.

use jiff::Timestamp;
use madkort_protocol::{Account, AccountId, CardId, CardNumber, FileTicket, Language, PersonId};

use crate::store::{Asked, AskedStatement, DepositRow, Letter, Letters, Pending, topic_of};

use super::deeds::record;
use super::mails::{Envelope, put};
use super::operations::Settling;
use super::session::{First, Session};
use super::value::{Db, corrupt, values};
use super::write::Write;
use super::{SqlStore, rows, statements};

impl Letters for SqlStore {
    fn mail_statement(&self, asked: AskedStatement, now: Timestamp) -> Pending<'_, Asked> {
        self.write("writing a statement as a letter", move |write| mail_statement(write, &asked, now))
    }
}

fn mail_statement(write: &Write<'_>, asked: &AskedStatement, now: Timestamp) -> Db<Asked> {
    let db = write.db()?;
    let kind = "statement";
    let known = db.first("SELECT id FROM mails WHERE about = $1 AND kind = $2", &values![asked.id.uuid(), kind])?;
    if known.is_some() {
        return Ok(Asked::Written);
    }
    let row = db.first(
        "SELECT count(*) AS n, min(created_at) AS oldest FROM mails
         WHERE kind = 'statement' AND lower(recipient) = $1 AND created_at > $2",
        &values![asked.email.to_lowercase(), asked.rate.since(now)],
    )?;
    let row = row.ok_or(corrupt("count"))?;
    if let Some(too_often) = asked.rate.after(row.col("n")?, row.col("oldest")?, now) {
        return Ok(Asked::TooOften(too_often));
    }
    let Some(statement) = statements::statement(db, asked.school, asked.account, asked.month)? else {
        return Ok(Asked::Unknown);
    };
    let row = db.first("SELECT label, owner FROM accounts WHERE id = $1", &values![asked.account.uuid()])?;
    let row = row.ok_or(corrupt("account"))?;
    let (label, owner): (String, _) = (row.col("label")?, PersonId::new(row.col("owner")?));
    let school = rows::school(db, asked.school)?.ok_or(corrupt("school"))?;
    let letter = Letter::Statement {
        school: school.name,
        issuer: school.issuer,
        account: label,
        card: masked(db, asked.by.card)?,
        copy: letters_of(db, &topic_of(&statement))?.saturating_add(1),
        statement: Box::new(statement),
    };
    let envelope =
        Envelope { school: asked.school, about: asked.id, recipient: &asked.email, language: asked.language };
    put(write, &envelope, &letter, now)?;
    record(write, asked.school, owner, "statement-mailed", &asked.by, now)?;
    Ok(Asked::Written)
}

/// How many letters there are of the same; one that no mail server took is none.
fn letters_of(db: &dyn Session, topic: &str) -> Db<u32> {
    let row = db.first("SELECT count(*) AS n FROM mails WHERE topic = $1 AND failed_at IS NULL", &values![topic])?;
    row.ok_or(corrupt("count"))?.col("n")
}

/// What whoever wrote is told, unless they were told too often, and what support reads.
pub fn ticket(write: &Write<'_>, settling: &Settling<'_>, ticket: &FileTicket) -> Db<()> {
    let (school, id, now) = (settling.device.school, settling.operation.id, settling.now);
    let db = write.db()?;
    let Some(at_school) = rows::school(db, school)? else { return Ok(()) };
    let letter = Letter::TicketReceived {
        school: at_school.name.clone(),
        number: ticket.number.clone(),
        name: ticket.name.clone(),
        message: ticket.message.clone(),
        support_email: at_school.support_email.clone(),
        support_phone: at_school.support_phone.clone(),
    };
    let envelope = Envelope { school, about: id, recipient: &ticket.email, language: ticket.language };
    if !settling.quiet {
        put(write, &envelope, &letter, now)?;
    }
    let letter = Letter::Ticket {
        school: at_school.name,
        number: ticket.number.clone(),
        name: ticket.name.clone(),
        email: ticket.email.clone(),
        phone: ticket.phone.clone(),
        regarding: label(db, ticket.regarding)?,
        card: masked(db, ticket.card)?,
        message: ticket.message.clone(),
        speaks: ticket.language,
    };
    // Support is the school's, and reads Danish.
    let envelope = Envelope { school, about: id, recipient: &at_school.support_email, language: Language::Danish };
    put(write, &envelope, &letter, now)
}

/// The receipt of a deposit, to the address it was made with.
pub fn deposit_receipt(
    write: &Write<'_>,
    deposit: &DepositRow,
    account: &Account,
    number: &str,
    now: Timestamp,
) -> Db<()> {
    let school = rows::school(write.db()?, deposit.school)?.ok_or(corrupt("school"))?;
    let letter = Letter::DepositReceipt {
        account: account.label.clone(),
        issuer: school.issuer,
        amount: deposit.amount,
        number: number.to_owned(),
        paid_at: now,
        balance: account.balance,
        terms_version: deposit.terms_version.clone(),
    };
    let envelope =
        Envelope { school: deposit.school, about: deposit.id, recipient: &deposit.email, language: deposit.language };
    put(write, &envelope, &letter, now)
}

fn label(db: &dyn Session, account: AccountId) -> Db<String> {
    let row = db.first("SELECT label FROM accounts WHERE id = $1", &values![account.uuid()])?;
    row.map_or(Ok(String::new()), |row| row.col("label"))
}

fn masked(db: &dyn Session, card: CardId) -> Db<String> {
    let row = db.first("SELECT number FROM cards WHERE id = $1", &values![card.uuid()])?;
    let number: String = row.map_or(Ok(String::new()), |row| row.col("number"))?;
    Ok(CardNumber::parse(&number).map(|number| number.masked()).unwrap_or_default())
}
