//! PostgreSQL, or what speaks its wire: for more than one server, or a ledger beside the school's other databases.
//!
//! The store's statements are the same as on SQLite. A group of work is one serializable transaction; rows are looked up and
//! written in bulk, so that its cost is a few round trips whatever its size.
//!
//! **Invariant:** a commit that was answered is on disk: `fsync` and `synchronous_commit` are read back before anything is
//! written, and a server that has them off is not used.

mod others;
mod tls;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::future::try_join_all;
use rustls_tokio_postgres::MakeRustlsConnect;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type as Wire, to_sql_checked};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage, Statement};

use self::others::Others;
use super::sql::session::{Engine, Lookup, Session};
use super::sql::tables::{Table, Type};
use super::sql::value::{Db, DbError, Row, Value, corrupt};
use super::sql::{moves, schema};
use super::{StoreError, engine};

/// How long a connection may take to come about: a school's network is near.
const CONNECT: Duration = Duration::from_secs(5);
/// Rows in one statement: what a group of 512 purchases appends, and no more memory than that when a ledger is copied.
const ROWS: usize = 2048;
/// The isolation in which a group is the only one that ever was; two servers on one school's books get one conflict, not a wrong sum.
const BEGIN: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE";

/// Tables whose rows are changed with every purchase leave half of each page free: the new row then stands beside the old one, no index
/// has to hear of it, and the old one's place is free again at the next (heap-only tuples).
const ROOMY: &str = "ALTER TABLE books SET (fillfactor = 50); ALTER TABLE shards SET (fillfactor = 50); \
    ALTER TABLE requests SET (fillfactor = 50); ALTER TABLE changes SET (fillfactor = 50);";

/// A ledger in a PostgreSQL database.
#[derive(Clone)]
pub struct PostgresServer {
    config: Config,
    /// None: a plain line.
    tls: Option<MakeRustlsConnect>,
    shown: String,
}

impl std::fmt::Debug for PostgresServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PostgresServer").field(&self.shown).finish()
    }
}

impl PostgresServer {
    /// Reads a URL. `shown` is what errors call it: without its password.
    pub fn parse(url: &str, shown: &str) -> Result<Self, StoreError> {
        let failed = |source: Box<dyn Error + Send + Sync>| StoreError::Open { path: shown.to_owned(), source };
        let (url, trust) = tls::read(url).map_err(|error| failed(error.into()))?;
        let no_url = |_| failed("this is no PostgreSQL URL: postgres://user@host/database".into());
        let mut config: Config = url.parse().map_err(no_url)?;
        config.connect_timeout(CONNECT).application_name("madkort");
        let tls = trust.as_ref().map(tls::connector).transpose().map_err(|error| failed(error.into()))?;
        Ok(Self { config, tls, shown: shown.to_owned() })
    }

    /// Creates the tables or brings the schema up to date. Says which schema it had and has.
    pub fn migrate(&self) -> Result<(u32, u32), StoreError> {
        let session = self.open()?;
        session.check_durable()?;
        let found = session.schema()?;
        let foreign = found == 0 && session.holds_something()?;
        schema::migrate(found, foreign, |version, sql| session.run_migration(version, sql))
    }

    /// Refuses a database whose schema is not this program's, or whose ledger is still on its way.
    pub fn check(&self) -> Result<(), StoreError> {
        let session = self.open()?;
        schema::check(session.schema()?)?;
        moves::check(&session).map_err(engine("looking whether the ledger has arrived"))
    }

    /// A client, whose connection runs beside it from now on.
    async fn connect(&self) -> Result<Client, tokio_postgres::Error> {
        if let Some(tls) = &self.tls {
            let (client, connection) = self.config.connect(tls.clone()).await?;
            tokio::spawn(drive(connection));
            return Ok(client);
        }
        let (client, connection) = self.config.connect(NoTls).await?;
        tokio::spawn(drive(connection));
        Ok(client)
    }

    fn open(&self) -> Result<PostgresSession, StoreError> {
        let failed = |source: Box<dyn Error + Send + Sync>| StoreError::Open { path: self.shown.clone(), source };
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| failed(error.into()))?;
        let client = runtime.block_on(self.connect()).map_err(|error| failed(error.into()))?;
        Ok(PostgresSession {
            runtime: Loop(Some(runtime)),
            client,
            statements: RefCell::default(),
            bulk: RefCell::default(),
            tells_of_others: false,
            others: Cell::default(),
        })
    }
}

async fn drive(connection: impl Future<Output = Result<(), tokio_postgres::Error>>) {
    if let Err(error) = connection.await {
        tracing::warn!(%error, "a connection to the database ended");
    }
}

impl Engine for PostgresServer {
    fn connect(&self) -> Result<Box<dyn Session>, StoreError> {
        let mut session = self.open()?;
        session.check_durable()?;
        session.plan_by_keys()?;
        session.tells_of_others = session.can_tell_of_others()?;
        Ok(Box::new(session))
    }

    fn connect_reader(&self) -> Result<Box<dyn Session>, StoreError> {
        let session = self.open()?;
        session.batch("SET default_transaction_read_only = on").map_err(engine("setting up a reader"))?;
        Ok(Box::new(session))
    }

    fn shared(&self) -> bool {
        true
    }
}

/// A statement and the names of its columns.
type Prepared = (Statement, Arc<[String]>);

struct PostgresSession {
    client: Client,
    runtime: Loop,
    /// By the address of their text: statements are constants.
    statements: RefCell<HashMap<usize, Prepared>>,
    bulk: RefCell<HashMap<(usize, &'static str), Prepared>>,
    tells_of_others: bool,
    /// As the transaction that writes found them.
    others: Cell<Others>,
}

/// What the connection runs on. A task may be the last to hold a session, and where tasks run nothing may wait for one to end.
struct Loop(Option<Runtime>);

impl Drop for Loop {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl PostgresSession {
    fn wait<T>(&self, work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Db<T> {
        let runtime = self.runtime.0.as_ref().ok_or(DbError::Unreachable)?;
        runtime.block_on(work).map_err(|error| if lost(&error) { DbError::Unreachable } else { error.into() })
    }

    fn batch(&self, sql: &str) -> Db<()> {
        self.wait(self.client.batch_execute(sql))
    }

    /// A setting; none if the engine has no such setting.
    fn show(&self, setting: &'static str) -> Result<Option<String>, StoreError> {
        match self.wait(self.client.query_one(&format!("SHOW {setting}"), &[])) {
            Ok(row) => row.try_get(0).map(Some).map_err(engine("reading a setting back")),
            Err(DbError::Postgres(error)) if error.code() == Some(&SqlState::UNDEFINED_OBJECT) => Ok(None),
            Err(error) => Err(engine("reading a setting back")(error)),
        }
    }

    fn check_durable(&self) -> Result<(), StoreError> {
        for name in ["fsync", "synchronous_commit", "full_page_writes"] {
            // CockroachDB has no `fsync` to be turned off.
            let Some(found) = self.show(name)? else { continue };
            if !matches!(found.as_str(), "on" | "remote_write" | "remote_apply") {
                return Err(StoreError::Setting { name, found, wanted: "on" });
            }
        }
        Ok(())
    }

    /// The writer looks rows up by their keys and by nothing else. Left to itself, the planner reads whole tables, and keeps doing so,
    /// where it prepared a statement while they were small: a group of 512 on a new ledger took ten times as long. An engine
    /// that has no such setting is not asked.
    fn plan_by_keys(&self) -> Result<(), StoreError> {
        for name in ["enable_seqscan", "enable_hashjoin", "enable_mergejoin"] {
            if self.show(name)?.is_some() {
                self.batch(&format!("SET {name} = off")).map_err(engine("setting up the connection"))?;
            }
        }
        Ok(())
    }

    /// Whether the engine tells what a snapshot has seen, and which transaction this is.
    fn can_tell_of_others(&self) -> Result<bool, StoreError> {
        match self.batch(others::ASK) {
            Ok(()) => Ok(true),
            Err(DbError::Postgres(error)) if error.as_db_error().is_some() => Ok(false),
            Err(error) => Err(engine("setting up the connection")(error)),
        }
    }

    fn schema(&self) -> Result<u32, StoreError> {
        let doing = "reading the schema version";
        let there = "SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'schema_version'";
        if self.query(there, &[]).map_err(engine(doing))?.is_empty() {
            return Ok(0);
        }
        let rows = self.query("SELECT version FROM schema_version", &[]).map_err(engine(doing))?;
        rows.first().map_or(Ok(0), |row| row.col("version")).map_err(engine(doing))
    }

    fn holds_something(&self) -> Result<bool, StoreError> {
        let any = "SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() LIMIT 1";
        Ok(!self.query(any, &[]).map_err(engine("reading the schema"))?.is_empty())
    }

    fn run_migration(&self, version: u32, sql: &str) -> Result<(), StoreError> {
        let mark = if version == 1 {
            format!(
                "{ROOMY} CREATE TABLE schema_version (version BIGINT PRIMARY KEY); INSERT INTO schema_version VALUES (1);"
            )
        } else {
            format!("UPDATE schema_version SET version = {version};")
        };
        self.batch(&format!("BEGIN; {sql} {mark} COMMIT;")).map_err(engine("migrating the schema"))
    }

    fn prepared(&self, sql: &'static str) -> Db<Prepared> {
        let key = sql.as_ptr().addr();
        if let Some(known) = self.statements.borrow().get(&key) {
            return Ok(known.clone());
        }
        let known = self.prepare(sql)?;
        self.statements.borrow_mut().insert(key, known.clone());
        Ok(known)
    }

    fn bulk(&self, key: (usize, &'static str), sql: impl FnOnce() -> String) -> Db<Prepared> {
        if let Some(known) = self.bulk.borrow().get(&key) {
            return Ok(known.clone());
        }
        let known = self.prepare(&sql())?;
        self.bulk.borrow_mut().insert(key, known.clone());
        Ok(known)
    }

    fn prepare(&self, sql: &str) -> Db<Prepared> {
        let statement = self.wait(self.client.prepare(sql))?;
        let columns = statement.columns().iter().map(|column| column.name().to_owned()).collect();
        Ok((statement, columns))
    }

    fn appending(&self, table: &'static Table) -> Db<Prepared> {
        self.bulk((table.name.as_ptr().addr(), "append"), || insert(table))
    }

    /// Sends statements after one another without waiting in between, and waits for all their answers. The first that fails is the
    /// one that is told of: the ones after it fail because it did.
    fn at_once<T>(
        &self,
        statements: impl Iterator<Item = impl Future<Output = Result<T, tokio_postgres::Error>>>,
    ) -> Db<Vec<T>> {
        self.wait(try_join_all(statements))
    }

    fn each(&self, sql: &'static str, fixed: usize) -> Db<Prepared> {
        let last = format!("= ${}", fixed + 1);
        let listed = format!("= ANY(${})", fixed + 1);
        self.bulk((sql.as_ptr().addr(), "each"), || sql.replace(&last, &listed))
    }

    async fn query_list(
        &self,
        statement: &Statement,
        fixed: &[Value],
        keys: &[Value],
    ) -> Result<Vec<tokio_postgres::Row>, tokio_postgres::Error> {
        let keys = List(keys);
        let mut parameters = dynamic(fixed);
        parameters.push(&keys);
        self.client.query(statement, &parameters).await
    }

    async fn append_some(
        &self,
        statement: &Statement,
        table: &'static Table,
        rows: &[Vec<Value>],
    ) -> Result<u64, tokio_postgres::Error> {
        let columns: Vec<Column<'_>> = (0..table.columns.len()).map(|place| Column { rows, place }).collect();
        let parameters: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect();
        self.client.execute(statement, &parameters).await
    }
}

impl Session for PostgresSession {
    fn query(&self, sql: &'static str, parameters: &[Value]) -> Db<Vec<Row>> {
        let (statement, columns) = self.prepared(sql)?;
        let rows = self.wait(self.client.query(&statement, &dynamic(parameters)))?;
        rows.iter().map(|row| read(row, &columns)).collect()
    }

    fn execute(&self, sql: &'static str, parameters: &[Value]) -> Db<u64> {
        let (statement, _) = self.prepared(sql)?;
        self.wait(self.client.execute(&statement, &dynamic(parameters)))
    }

    fn query_each(&self, sql: &'static str, fixed: &[Value], keys: &[Value]) -> Db<Vec<Row>> {
        let lookup = Lookup { sql, fixed: fixed.to_vec(), keys: keys.to_vec() };
        self.query_each_of(&[lookup]).map(|found| found.into_iter().flatten().collect())
    }

    fn query_each_of(&self, asked: &[Lookup]) -> Db<Vec<Vec<Row>>> {
        let prepared = asked.iter().map(|lookup| self.each(lookup.sql, lookup.fixed.len())).collect::<Db<Vec<_>>>()?;
        let found = self.at_once(asked.iter().zip(&prepared).map(|(lookup, (statement, _))| async move {
            if lookup.keys.is_empty() {
                Ok(Vec::new())
            } else {
                self.query_list(statement, &lookup.fixed, &lookup.keys).await
            }
        }))?;
        let rows = |(rows, (_, columns)): (Vec<_>, &Prepared)| rows.iter().map(|row| read(row, columns)).collect();
        found.into_iter().zip(&prepared).map(rows).collect()
    }

    fn append(&self, table: &'static Table, rows: &[Vec<Value>]) -> Db<()> {
        let (statement, _) = self.appending(table)?;
        rows.chunks(ROWS).try_for_each(|some| self.wait(self.append_some(&statement, table, some)).map(|_| ()))
    }

    fn append_to(&self, tables: &[(&'static Table, Vec<Vec<Value>>)]) -> Db<()> {
        let prepared = tables.iter().map(|(table, _)| self.appending(table)).collect::<Db<Vec<_>>>()?;
        let parts = tables.iter().zip(&prepared).flat_map(|((table, rows), (statement, _))| {
            rows.chunks(ROWS).map(move |some| self.append_some(statement, table, some))
        });
        self.at_once(parts).map(|_| ())
    }

    fn page(&self, table: &'static Table, after: Option<&[Value]>, most: u32) -> Db<Vec<Row>> {
        let which = if after.is_some() { "page after" } else { "first page" };
        let (statement, columns) = self.bulk((table.name.as_ptr().addr(), which), || table.page(after.is_some()))?;
        let mut parameters = after.unwrap_or_default().to_vec();
        parameters.push(Value::from(most));
        let rows = self.wait(self.client.query(&statement, &dynamic(&parameters)))?;
        rows.iter().map(|row| read(row, &columns)).collect()
    }

    fn clear(&self, table: &'static Table) -> Db<()> {
        self.batch(&format!("DELETE FROM {}", table.name))
    }

    /// Asks in the same round trip whether the ledger is used here, and who else has written.
    fn begin(&self) -> Db<()> {
        let ask = if self.tells_of_others { others::ASK } else { "" };
        let begin = format!("{BEGIN}; {}; {ask}", moves::FIND);
        let told = self.wait(self.client.simple_query(&begin))?;
        let rows = told.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let (others, moved): (Vec<_>, Vec<_>) = rows.partition(|row| row.try_get(others::SNAPSHOT).is_ok());
        if let Some(row) = others.first() {
            self.others.set(self.others.get().then(row.try_get(others::SNAPSHOT)?, row.try_get(others::XID)?));
        }
        if moved.is_empty() {
            return Ok(());
        }
        let standing = moves::standing(self);
        self.rollback()?;
        moves::refuse(standing?)
    }

    fn begin_moving(&self) -> Db<()> {
        self.batch(BEGIN)
    }

    fn begin_snapshot(&self) -> Db<()> {
        self.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    }

    fn mark_of_others(&self) -> Db<Option<i64>> {
        Ok(self.tells_of_others.then(|| self.others.get().mark()))
    }

    fn commit(&self) -> Db<()> {
        self.batch("COMMIT")
    }

    fn rollback(&self) -> Db<()> {
        self.batch("ROLLBACK")
    }
}

/// Whether the server is gone, or on its way out, rather than unwilling.
fn lost(error: &tokio_postgres::Error) -> bool {
    let ending = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::CONNECTION_FAILURE,
        SqlState::CONNECTION_EXCEPTION,
        SqlState::TOO_MANY_CONNECTIONS,
    ];
    match error.code() {
        Some(code) => ending.contains(code),
        None => error.is_closed() || error.source().is_some_and(<dyn Error>::is::<std::io::Error>),
    }
}

fn dynamic(parameters: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    parameters.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn read(row: &tokio_postgres::Row, columns: &Arc<[String]>) -> Db<Row> {
    let values = (0..columns.len()).map(|place| value(row, place)).collect::<Db<Vec<_>>>()?;
    Ok(Row::new(Arc::clone(columns), values))
}

fn value(row: &tokio_postgres::Row, place: usize) -> Db<Value> {
    let wire = row.columns().get(place).ok_or(corrupt("column"))?.type_();
    let value = match *wire {
        Wire::INT8 => row.try_get::<_, Option<i64>>(place)?.map(Value::Int),
        Wire::INT4 => row.try_get::<_, Option<i32>>(place)?.map(|number| Value::Int(number.into())),
        Wire::BOOL => row.try_get::<_, Option<bool>>(place)?.map(Value::from),
        Wire::TEXT | Wire::VARCHAR => row.try_get::<_, Option<String>>(place)?.map(Value::Text),
        Wire::BYTEA => row.try_get::<_, Option<Vec<u8>>>(place)?.map(Value::Bytes),
        _ => return Err(corrupt("type")),
    };
    Ok(value.unwrap_or(Value::Null))
}

impl ToSql for Value {
    fn to_sql(&self, wire: &Wire, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) if *wire == Wire::INT4 => i32::try_from(*number)?.to_sql(wire, out),
            Self::Int(number) => number.to_sql(wire, out),
            Self::Text(text) => text.as_str().to_sql(wire, out),
            Self::Bytes(bytes) => bytes.as_slice().to_sql(wire, out),
        }
    }

    fn accepts(_: &Wire) -> bool {
        true
    }

    to_sql_checked!();
}

/// One parameter that is a list of values.
#[derive(Debug)]
struct List<'a>(&'a [Value]);

impl ToSql for List<'_> {
    fn to_sql(&self, wire: &Wire, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.0.to_sql(wire, out)
    }

    fn accepts(_: &Wire) -> bool {
        true
    }

    to_sql_checked!();
}

/// One parameter that is a column of many rows.
#[derive(Debug)]
struct Column<'a> {
    rows: &'a [Vec<Value>],
    place: usize,
}

impl ToSql for Column<'_> {
    fn to_sql(&self, wire: &Wire, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let values: Vec<&Value> = self.rows.iter().filter_map(|row| row.get(self.place)).collect();
        values.to_sql(wire, out)
    }

    fn accepts(_: &Wire) -> bool {
        true
    }

    to_sql_checked!();
}

fn insert(table: &Table) -> String {
    let lists: Vec<_> = table
        .columns
        .iter()
        .zip(1..)
        .map(|((_, holds), place)| match holds {
            Type::Int => format!("${place}::BIGINT[]"),
            Type::Text => format!("${place}::TEXT[]"),
            Type::Bytes => format!("${place}::BYTEA[]"),
        })
        .collect();
    format!(
        "INSERT INTO {} ({}) SELECT * FROM unnest({}) {}",
        table.name,
        table.names(),
        lists.join(", "),
        table.on_conflict
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use madkort_postgres::Postgres;

    use super::*;

    #[test]
    fn a_setting_that_is_off_is_refused_and_one_that_is_unknown_is_not_asked_for() {
        let postgres = Postgres::temporary().unwrap();
        let server = PostgresServer::parse(&postgres.url("postgres"), "postgres").unwrap();
        let session = server.open().unwrap();
        assert_eq!(session.show("fsync").unwrap().as_deref(), Some("on"));
        assert_eq!(session.show("no_such_setting").unwrap(), None);
        assert!(session.check_durable().is_ok());
        session.batch("SET synchronous_commit = off").unwrap();
        let refused = session.check_durable();
        assert!(matches!(refused, Err(StoreError::Setting { name: "synchronous_commit", .. })), "{refused:?}");
    }
}
