//! The sandbox: a payment gateway that moves no money, for demos, training and tests.
//!
//! It is the *far side* of a payment and keeps its own books in its own database file, as a real gateway would: the server
//! learns what happened there only by asking. Its payment page is served by this server under `/pay/`.
//!
//! **Invariant:** one key is one payment: submitted twice, or from two phones at once, it is taken once; a closed page takes
//! nothing.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use madkort_ledger::recharge::DeclineClass;
use madkort_protocol::{Money, OperationId};
use rusqlite::{Connection, OptionalExtension, params};

use super::CURRENCY;
use super::cards::{Behaviour, TestCard, find};
use super::gateway::{Answer, CardPageRequest, Gateway, Outcome, PageRequest, StoredCharge, Taken, Unreachable};
use crate::store::StoredCard;

/// What intents remember the sandbox by.
pub const NAME: &str = "sandbox";

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS payments (
    key      TEXT PRIMARY KEY,
    amount   INTEGER NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('open', 'closed', 'approved', 'declined', 'pending', 'lost')),
    decline  TEXT,
    asks     INTEGER NOT NULL DEFAULT 0,
    stored   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS stored_cards (
    name     TEXT PRIMARY KEY,
    number   TEXT NOT NULL
) STRICT;
";

/// Why the sandbox's file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the sandbox's database")]
pub struct OpenError(#[from] rusqlite::Error);

/// The gateway.
pub struct Sandbox {
    books: Arc<Mutex<Connection>>,
    /// What it tells on its own: lost with the process, as a webhook that nobody took.
    notices: Arc<Mutex<Vec<OperationId>>>,
}

impl Sandbox {
    /// Opens its books, or begins new ones.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self { books: Arc::new(Mutex::new(connection)), notices: Arc::default() })
    }

    /// Somebody pays on the page. What came of it is learned by asking.
    pub fn pay(&self, key: OperationId, card: &'static TestCard) -> Answer<'_, Result<(), Unreachable>> {
        let (state, decline) = match card.behaviour {
            Behaviour::Approve
            | Behaviour::DeclineStored(_)
            | Behaviour::TakeSilently
            | Behaviour::Lose
            | Behaviour::TellTwice => ("approved", None),
            Behaviour::Decline(class) => ("declined", Some(word(class))),
            Behaviour::Hang => ("pending", None),
        };
        self.with_books(move |books| {
            let sql = "UPDATE payments SET state = ?2, decline = ?3 WHERE key = ?1 AND state = 'open'";
            books.execute(sql, params![key.to_string(), state, decline]).map(|_| ())
        })
    }

    /// Keeps a card for later charges, as if its holder had approved it on a page.
    pub fn store_card(&self, name: &str, card: &'static TestCard) -> Answer<'_, Result<(), Unreachable>> {
        let name = name.to_owned();
        self.with_books(move |books| {
            let sql = "INSERT OR REPLACE INTO stored_cards (name, number) VALUES (?1, ?2)";
            books.execute(sql, params![name, card.number]).map(|_| ())
        })
    }

    /// Somebody gives a card on a page, once: `false` if its bank says no. What came of it is learned by asking.
    pub fn give_card(&self, key: OperationId, card: &'static TestCard) -> Answer<'_, Result<bool, Unreachable>> {
        let good = !matches!(card.behaviour, Behaviour::Decline(_));
        self.with_books(move |books| {
            if good {
                let sql = "INSERT INTO stored_cards (name, number) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
                books.execute(sql, params![name_of(key), card.number])?;
            }
            Ok(good)
        })
    }

    /// The charges of stored cards that it took money for: its own books, for a test to hold ours against.
    pub fn taken(&self) -> Answer<'_, Result<Vec<(String, Money)>, Unreachable>> {
        self.with_books(|books| {
            let sql = "SELECT key, amount FROM payments WHERE stored = 1 AND state = 'approved' ORDER BY key";
            let mut taken = books.prepare(sql)?;
            let rows = taken.query_map([], |row| Ok((row.get(0)?, Money::from_ore(row.get(1)?))))?;
            rows.collect()
        })
    }

    /// Runs off the async threads: every change waits for the disk.
    fn with_books<T, F>(&self, work: F) -> Answer<'_, Result<T, Unreachable>>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let books = self.books.clone();
        Box::pin(async move {
            let done =
                tokio::task::spawn_blocking(move || work(&mut books.lock().unwrap_or_else(PoisonError::into_inner)));
            match done.await {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(error)) => {
                    tracing::error!(%error, "the sandbox cannot use its books");
                    Err(Unreachable)
                }
                Err(_) => Err(Unreachable),
            }
        })
    }
}

impl Gateway for Sandbox {
    fn name(&self) -> &'static str {
        NAME
    }

    fn open_page(&self, request: PageRequest) -> Answer<'_, Result<(), Unreachable>> {
        self.with_books(move |books| {
            let sql = "INSERT INTO payments (key, amount, state) VALUES (?1, ?2, 'open') ON CONFLICT DO NOTHING";
            books.execute(sql, params![request.key.to_string(), request.amount.ore()]).map(|_| ())
        })
    }

    /// The page is this server's own, and stands in nobody's books before a card is given.
    fn open_card_page(&self, _: CardPageRequest) -> Answer<'_, Result<(), Unreachable>> {
        Box::pin(async { Ok(()) })
    }

    fn stored_card(&self, key: OperationId) -> Answer<'_, Option<StoredCard>> {
        let answer = self.with_books(move |books| {
            let sql = "SELECT number FROM stored_cards WHERE name = ?1";
            books.query_row(sql, [name_of(key)], |row| row.get::<_, String>(0)).optional()
        });
        Box::pin(async move {
            let number = answer.await.ok().flatten()?;
            let last_four = number.get(number.len().checked_sub(4)?..)?.to_owned();
            Some(StoredCard { reference: name_of(key), last_four })
        })
    }

    fn close_page(&self, key: OperationId) -> Answer<'_, Option<Outcome>> {
        let answer = self.with_books(move |books| {
            let all = books.transaction()?;
            all.execute("UPDATE payments SET state = 'closed' WHERE key = ?1 AND state = 'open'", [key.to_string()])?;
            let outcome = look_up(&all, key)?;
            all.commit()?;
            Ok(outcome)
        });
        Box::pin(async move { answer.await.unwrap_or(Some(Outcome::Unknown)) })
    }

    fn notices(&self) -> Vec<OperationId> {
        std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn charge(&self, charge: StoredCharge) -> Answer<'_, Outcome> {
        let notices = Arc::clone(&self.notices);
        let answer = self.with_books(move |books| {
            let all = books.transaction()?;
            let number: Option<String> = all
                .query_row("SELECT number FROM stored_cards WHERE name = ?1", [&charge.card], |row| row.get(0))
                .optional()?;
            let behaviour = number.as_deref().and_then(find).map(|card| card.behaviour);
            let (state, decline) = match behaviour {
                None => ("declined", Some(word(DeclineClass::CardGone))),
                Some(Behaviour::Approve | Behaviour::TakeSilently | Behaviour::TellTwice) => ("approved", None),
                Some(Behaviour::Decline(class) | Behaviour::DeclineStored(class)) => ("declined", Some(word(class))),
                Some(Behaviour::Hang) => ("pending", None),
                Some(Behaviour::Lose) => ("lost", None),
            };
            let key = charge.key.to_string();
            let first = all.execute(
                "INSERT INTO payments (key, amount, state, decline, stored) VALUES (?1, ?2, ?3, ?4, 1) ON CONFLICT DO NOTHING",
                params![key, charge.amount.ore(), state, decline],
            )? == 1;
            if !first {
                // What was lost arrives the second time.
                all.execute("UPDATE payments SET state = 'approved' WHERE key = ?1 AND state = 'lost'", [&key])?;
            }
            let outcome = look_up(&all, charge.key)?;
            all.commit()?;
            if first && behaviour == Some(Behaviour::TellTwice) {
                notices.lock().unwrap_or_else(PoisonError::into_inner).extend([charge.key, charge.key]);
            }
            let silent = first && behaviour == Some(Behaviour::TakeSilently);
            Ok(outcome.filter(|_| !silent).unwrap_or(Outcome::Unknown))
        });
        Box::pin(async move { answer.await.unwrap_or(Outcome::Unknown) })
    }

    fn ask(&self, key: OperationId) -> Answer<'_, Option<Outcome>> {
        let answer = self.with_books(move |books| {
            let all = books.transaction()?;
            let outcome = look_up(&all, key)?;
            all.commit()?;
            Ok(outcome)
        });
        Box::pin(async move { answer.await.unwrap_or(Some(Outcome::Unknown)) })
    }
}

/// What the sandbox calls a card that was given on a page.
fn name_of(key: OperationId) -> String {
    format!("given-{key}")
}

/// How a payment stands. A pending one says nothing the first time and has paid the second.
fn look_up(books: &Connection, key: OperationId) -> rusqlite::Result<Option<Outcome>> {
    let key = key.to_string();
    books
        .execute("UPDATE payments SET state = 'approved' WHERE key = ?1 AND state = 'pending' AND asks > 0", [&key])?;
    books.execute("UPDATE payments SET asks = asks + 1 WHERE key = ?1 AND state = 'pending'", [&key])?;
    books
        .query_row("SELECT state, decline, amount FROM payments WHERE key = ?1", [&key], |row| {
            let (state, decline): (String, Option<String>) = (row.get(0)?, row.get(1)?);
            let amount = Money::from_ore(row.get(2)?);
            Ok(match state.as_str() {
                "open" | "closed" | "lost" => None,
                "approved" => {
                    let reference = format!("{NAME}-{key}");
                    Some(Outcome::Succeeded(Taken { reference, amount, currency: CURRENCY.to_owned() }))
                }
                "declined" => Some(Outcome::Declined(class(decline.as_deref()))),
                _ => Some(Outcome::Unknown),
            })
        })
        .optional()
        .map(Option::flatten)
}

const WORDS: [(DeclineClass, &str); 5] = [
    (DeclineClass::Soft, "soft"),
    (DeclineClass::ApprovalNeeded, "approval-needed"),
    (DeclineClass::CardGone, "card-gone"),
    (DeclineClass::Never, "never"),
    (DeclineClass::OurError, "our-error"),
];

fn word(class: DeclineClass) -> &'static str {
    WORDS.iter().find(|(known, _)| *known == class).map_or("soft", |(_, word)| word)
}

fn class(word: Option<&str>) -> DeclineClass {
    WORDS.iter().find(|(_, known)| Some(*known) == word).map_or(DeclineClass::Soft, |(class, _)| *class)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use jiff::Timestamp;
    use madkort_protocol::Language;
    use uuid::Uuid;

    use super::*;

    fn key(n: u128) -> OperationId {
        OperationId::new(Uuid::from_u128(n))
    }

    fn page(n: u128) -> PageRequest {
        PageRequest {
            key: key(n),
            amount: Money::from_kroner(100),
            page: String::new(),
            language: Language::Danish,
            expires_at: Timestamp::MAX,
        }
    }

    fn sandbox(folder: &tempfile::TempDir) -> Sandbox {
        Sandbox::open(&folder.path().join("sandbox.db")).unwrap()
    }

    #[tokio::test]
    async fn a_payment_is_what_the_first_card_made_it() {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox(&folder);
        sandbox.open_page(page(1)).await.unwrap();
        assert_eq!(sandbox.ask(key(1)).await, None, "nobody has paid");
        sandbox.pay(key(1), find("4242424242424242").unwrap()).await.unwrap();
        sandbox.pay(key(1), find("1000000000000016").unwrap()).await.unwrap();
        assert!(matches!(sandbox.ask(key(1)).await, Some(Outcome::Succeeded(taken)) if taken.amount.ore() == 10_000));
        assert!(matches!(sandbox.close_page(key(1)).await, Some(Outcome::Succeeded(_))), "too late to close");
    }

    #[tokio::test]
    async fn a_closed_page_takes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox(&folder);
        sandbox.open_page(page(1)).await.unwrap();
        assert_eq!(sandbox.close_page(key(1)).await, None);
        sandbox.pay(key(1), find("4242424242424242").unwrap()).await.unwrap();
        assert_eq!(sandbox.ask(key(1)).await, None);
        assert_eq!(sandbox.ask(key(2)).await, None, "never heard of");
    }

    #[tokio::test]
    async fn a_stored_card_is_charged_once_per_key_and_may_hang() {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox(&folder);
        let stored =
            |card: &str, n| StoredCharge { key: key(n), card: card.to_owned(), amount: Money::from_kroner(100) };
        sandbox.store_card("good", find("4242424242424242").unwrap()).await.unwrap();
        sandbox.store_card("slow", find("1000000000000099").unwrap()).await.unwrap();
        sandbox.store_card("later", find("1000000000000065").unwrap()).await.unwrap();
        assert!(matches!(sandbox.charge(stored("good", 1)).await, Outcome::Succeeded(_)));
        let other = StoredCharge { amount: Money::from_kroner(999), ..stored("good", 1) };
        assert!(matches!(sandbox.charge(other).await, Outcome::Succeeded(taken) if taken.amount.ore() == 10_000));
        assert_eq!(sandbox.charge(stored("slow", 2)).await, Outcome::Unknown);
        drop(sandbox);

        let sandbox = Sandbox::open(&folder.path().join("sandbox.db")).unwrap();
        assert!(matches!(sandbox.ask(key(2)).await, Some(Outcome::Succeeded(_))), "its books outlive a restart");
        assert_eq!(sandbox.charge(stored("later", 3)).await, Outcome::Declined(DeclineClass::Soft));
        assert_eq!(sandbox.charge(stored("nobody", 4)).await, Outcome::Declined(DeclineClass::CardGone));
    }
}
