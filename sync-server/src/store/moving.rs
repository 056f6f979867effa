//! Moving a ledger out of its SQLite file into PostgreSQL, while a server uses it.
//!
//! The file is held against writes, copied in one transaction that also says that the ledger is on its way, then marked as moved;
//! only then is the new database opened for use.
//!
//! **Invariant:** whenever a move is cut off, either the file is still the ledger, or nobody's: the new database takes no writes
//! before the file is marked. The same call made again ends the move.

use std::path::Path;

use jiff::Timestamp;

use super::postgres::PostgresServer;
use super::sql::copy;
use super::sql::moves::{self, End, Standing};
use super::sql::session::{Engine, Session};
use super::sqlite::SqliteFile;
use super::{Audited, DatabaseUrl, StoreError, apart, engine};

/// How far a move has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveStep {
    /// The new database has its tables, and the file takes no writes for now.
    Held,
    /// The copy is durable, and proven.
    Copied,
    /// The file takes no writes any more.
    Marked,
    /// The new database takes them.
    Opened,
}

/// Moves a ledger out of its SQLite file, which takes no more writes from then on, into an empty database, and proves it equal.
/// Devices that write meanwhile are told to come back.
pub fn move_ledger(from: &Path, to: &DatabaseUrl, now: Timestamp) -> Result<Audited, StoreError> {
    move_step_by_step(from, to, now, &|_| Ok(()))
}

/// The same, asking after each step whether to go on; an error leaves everything as it stands then.
pub fn move_step_by_step(
    from: &Path,
    to: &DatabaseUrl,
    now: Timestamp,
    go_on: &(dyn Fn(MoveStep) -> Result<(), StoreError> + Sync),
) -> Result<Audited, StoreError> {
    let DatabaseUrl::Postgres(_) = to else {
        let source = "a ledger moves into PostgreSQL; `sync-server backup` copies it into a file".into();
        return Err(StoreError::Open { path: to.to_string(), source });
    };
    let server = PostgresServer::parse(&to.reveal(), &to.to_string())?;
    apart(|| {
        let file = SqliteFile::new(from).connect_moving()?;
        server.migrate()?;
        let place = from
            .canonicalize()
            .map_err(|source| StoreError::Open { path: from.display().to_string(), source: Box::new(source) })?;
        let from = format!("sqlite:{}", place.display());
        Removal { file: &*file, server: &*server.connect()?, from, to: to.to_string(), now, go_on }.run()
    })
}

/// A move under way.
struct Removal<'a> {
    file: &'a dyn Session,
    server: &'a dyn Session,
    from: String,
    to: String,
    now: Timestamp,
    go_on: &'a (dyn Fn(MoveStep) -> Result<(), StoreError> + Sync),
}

impl Removal<'_> {
    fn run(&self) -> Result<Audited, StoreError> {
        self.file.begin_moving().map_err(engine("holding the ledger"))?;
        (self.go_on)(MoveStep::Held)?;
        let gone = moves::standing(self.file).map_err(engine("looking whether the ledger has moved"))?;
        let coming = moves::standing(self.server).map_err(engine("looking into the new database"))?;
        let audited = match (gone, coming) {
            (Standing::Used, coming) => self.carry(&coming)?,
            // It was cut off after the file was marked.
            (Standing::Moved(gone), Standing::Arriving(coming)) if gone.token == coming.token => self.prove()?,
            (Standing::Moved(end), _) => return Err(StoreError::Moved { place: end.place }),
            (Standing::Arriving(end), _) => return Err(StoreError::Arriving { place: end.place }),
        };
        self.open()?;
        Ok(audited)
    }

    /// Copies the ledger and marks the file.
    fn carry(&self, coming: &Standing) -> Result<Audited, StoreError> {
        let filling = "filling the new database";
        self.server.begin_moving().map_err(engine(filling))?;
        match coming {
            // It was cut off before the file was marked: the file may have been written to since.
            Standing::Arriving(end) if end.place == self.from => {
                copy::clear(self.server).and_then(|()| moves::forget(self.server)).map_err(engine(filling))?;
            }
            Standing::Arriving(end) => return Err(StoreError::Arriving { place: end.place.clone() }),
            Standing::Moved(end) => return Err(StoreError::Moved { place: end.place.clone() }),
            Standing::Used => {
                if !copy::is_empty(self.server).map_err(engine("looking into the new database"))? {
                    return Err(StoreError::NotEmpty { place: self.to.clone() });
                }
            }
        }
        let token = token()?;
        let audited = copy::fill(self.file, self.server, self.now)?;
        let arriving = moves::arriving(self.server, &End { place: self.from.clone(), token });
        arriving.and_then(|()| self.server.commit()).map_err(engine(filling))?;
        (self.go_on)(MoveStep::Copied)?;
        let moved = moves::moved(self.file, &End { place: self.to.clone(), token });
        moved.and_then(|()| self.file.commit()).map_err(engine("marking the ledger as moved"))?;
        (self.go_on)(MoveStep::Marked)?;
        Ok(audited)
    }

    /// Proves once more what was copied before.
    fn prove(&self) -> Result<Audited, StoreError> {
        self.server.begin_snapshot().map_err(engine("reading the copy"))?;
        let audited = copy::compare(self.file, self.server, self.now)?;
        self.server.rollback().map_err(engine("reading the copy"))?;
        Ok(audited)
    }

    /// Lets the new database be used.
    fn open(&self) -> Result<(), StoreError> {
        let opened = || {
            self.server.begin_moving()?;
            moves::arrived(self.server)?;
            self.server.commit()
        };
        opened().map_err(engine("opening the new ledger"))?;
        (self.go_on)(MoveStep::Opened)
    }
}

/// What nobody else's move has.
fn token() -> Result<moves::Token, StoreError> {
    let mut token = moves::Token::default();
    getrandom::fill(&mut token)
        .map_err(|source| StoreError::Engine { doing: "drawing lots", source: Box::new(source) })?;
    Ok(token)
}
