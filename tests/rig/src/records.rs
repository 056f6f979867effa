//! What the server keeps beside the books, read from the outside: who is signed in, how cards and agreements stand, who is who.
//!
//! **Invariant:** read-only, and of one person or one account, named as the school names them.

use anyhow::{Context, Result};
use rusqlite::OptionalExtension as _;
use rusqlite::types::FromSql;

use crate::ledger::Ledger;
use crate::school::Card;

/// What somebody has told about themselves, and what may be spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileRow {
    /// Where letters go, if told.
    pub email: Option<String>,
    /// Empty if not told.
    pub phone: String,
    /// Postcode and town, empty if not told.
    pub place: (String, String),
    /// In øre, if there is such a limit.
    pub day_cap: Option<i64>,
    /// How often it was changed by somebody.
    pub changes: i64,
}

/// A withdrawal as the server has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithdrawalRow {
    /// The key under which the money is held, as hexadecimal digits.
    pub id: String,
    /// Registration and account number, as the bank gets them.
    pub bank: (String, String),
    /// In øre.
    pub amount: i64,
    /// `held`, `captured`, `released`.
    pub hold: String,
    /// The bank was told.
    pub sent: bool,
    /// The money came back.
    pub back: bool,
}

impl WithdrawalRow {
    /// What a person asks by: the end of the id.
    pub fn number(&self) -> &str {
        self.id.get(24..).unwrap_or_default()
    }
}

/// Auto top-up of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MandateRow {
    /// `active`, `suspended`, `cancelled`.
    pub state: String,
    /// Why it is suspended.
    pub stopped_by: Option<String>,
    /// What is charged each time, in øre.
    pub amount: i64,
    /// The terms under which it was given.
    pub terms_version: String,
    /// What the gateway calls the payment card.
    pub reference: String,
}

/// One charge of a mandate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeRow {
    /// `succeeded`, `declined`, ….
    pub state: String,
    /// What the purchase that caused it is called.
    pub cause: String,
}

impl Ledger {
    /// How many are signed in with a card.
    pub fn sessions(&self, card: &Card) -> Result<i64> {
        let sql = "SELECT count(*) FROM sessions JOIN cards ON cards.id = sessions.card WHERE cards.number = ?1";
        self.one(sql, &card.number)
    }

    /// `active`, `blocked_by_holder`, `blocked_by_guardian`, `blocked` or `replaced`.
    pub fn card_status(&self, card: &Card) -> Result<String> {
        self.one("SELECT status FROM cards WHERE number = ?1", &card.number)
    }

    /// What the owner of the account with this label has told.
    pub fn profile(&self, label: &str) -> Result<ProfileRow> {
        let sql = "SELECT email, phone, postcode, town, day_cap, (SELECT count(*) FROM deeds WHERE about = people.id)
                   FROM people JOIN accounts ON accounts.owner = people.id WHERE label = ?1";
        let profile = self.open()?.query_row(sql, [label], |row| {
            Ok(ProfileRow {
                email: row.get(0)?,
                phone: row.get(1)?,
                place: (row.get(2)?, row.get(3)?),
                day_cap: row.get(4)?,
                changes: row.get(5)?,
            })
        });
        profile.with_context(|| format!("who is {label:?}?"))
    }

    /// The picture of the owner of the account with this label, if there is one, as the server keeps it.
    pub fn picture(&self, label: &str) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT picture FROM pictures JOIN accounts ON accounts.owner = pictures.person WHERE label = ?1";
        Ok(self.open()?.query_row(sql, [label], |row| row.get(0)).optional()?)
    }

    /// What the owner of the account with this label cannot eat, by the words of the wire, and whether it is blocked.
    pub fn allergies(&self, label: &str) -> Result<Option<(Vec<String>, bool)>> {
        let sql = "SELECT allergens, block FROM allergies l JOIN accounts a ON a.owner = l.person WHERE label = ?1";
        let row = self.open()?.query_row(sql, [label], |row| Ok((row.get::<_, String>(0)?, row.get(1)?))).optional()?;
        row.map(|(allergens, block)| Ok((serde_json::from_str(&allergens)?, block))).transpose()
    }

    /// How every deposit to the account with this label stands, oldest first: `open`, `paid`, `cancelled`, ….
    pub fn deposits(&self, label: &str) -> Result<Vec<String>> {
        let sql = "SELECT state FROM deposits d JOIN accounts ON accounts.id = d.account
                   WHERE label = ?1 ORDER BY created_at, d.id";
        self.all(sql, label)
    }

    /// How every page for a payment card for auto top-up of that account stands, oldest first.
    pub fn mandate_pages(&self, label: &str) -> Result<Vec<String>> {
        let sql = "SELECT state FROM mandate_pages p JOIN accounts ON accounts.id = p.account
                   WHERE label = ?1 ORDER BY p.created_at, p.id";
        self.all(sql, label)
    }

    /// Every withdrawal from the account with this label, oldest first.
    pub fn withdrawals(&self, label: &str) -> Result<Vec<WithdrawalRow>> {
        let books = self.open()?;
        let sql = "SELECT hex(w.id), registration, number, amount, state, sent_at IS NOT NULL, back_at IS NOT NULL
                   FROM withdrawals w JOIN holds ON holds.id = w.id JOIN accounts ON accounts.id = w.account
                   WHERE label = ?1 ORDER BY w.at, w.id";
        let mut statement = books.prepare(sql)?;
        let rows = statement.query_map([label], |row| {
            Ok(WithdrawalRow {
                id: row.get::<_, String>(0)?,
                bank: (row.get(1)?, row.get(2)?),
                amount: row.get(3)?,
                hold: row.get(4)?,
                sent: row.get(5)?,
                back: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The newest mandate of the account with this label.
    pub fn mandate(&self, label: &str) -> Result<MandateRow> {
        let sql = "SELECT state, stopped_by, amount, terms_version, reference FROM mandates m
                   JOIN accounts ON accounts.id = m.account WHERE label = ?1 ORDER BY created_at DESC LIMIT 1";
        let mandate = self.open()?.query_row(sql, [label], |row| {
            Ok(MandateRow {
                state: row.get(0)?,
                stopped_by: row.get(1)?,
                amount: row.get(2)?,
                terms_version: row.get(3)?,
                reference: row.get(4)?,
            })
        });
        mandate.with_context(|| format!("no mandate of {label:?}"))
    }

    /// Every charge of the account with this label, the newest first.
    pub fn charges(&self, label: &str) -> Result<Vec<ChargeRow>> {
        let books = self.open()?;
        let sql = "SELECT c.state, t.text FROM charges c JOIN transactions t ON t.id = c.cause
                   JOIN accounts ON accounts.id = c.account WHERE label = ?1 ORDER BY c.created_at DESC, c.id DESC";
        let mut statement = books.prepare(sql)?;
        let rows = statement.query_map([label], |row| Ok(ChargeRow { state: row.get(0)?, cause: row.get(1)? }))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn all(&self, sql: &str, of: &str) -> Result<Vec<String>> {
        let books = self.open()?;
        let mut statement = books.prepare(sql)?;
        let rows = statement.query_map([of], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn one<T: FromSql>(&self, sql: &str, of: &str) -> Result<T> {
        self.open()?.query_row(sql, [of], |row| row.get(0)).with_context(|| format!("{sql} of {of:?}"))
    }
}
