//! Pictures, and links to change them.

use jiff::{SignedDuration, Timestamp};
use madkort_protocol::{CardId, DeviceId, OperationId, PersonId, PicturePageState, SchoolId};
use uuid::Uuid;

use crate::store::pictures::PICTURE_LINK_LASTS;
use crate::store::{Doer, NewPicturePage, Pending, PicturePageRow, Pictures};

use super::SqlStore;
use super::deeds::record;
use super::session::{First, Session};
use super::value::{Db, Row, corrupt, values, word};
use super::write::Write;

/// How long a page is remembered past its time: whoever still looks at it is told what became of it.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(1);

impl Pictures for SqlStore {
    fn picture(&self, school: SchoolId, person: PersonId) -> Pending<'_, Option<Vec<u8>>> {
        self.read("looking up a picture", move |db| {
            db.first(
                "SELECT picture FROM pictures WHERE person = $1 AND school = $2",
                &values![person.uuid(), school.uuid()],
            )?
            .map(|row| row.col("picture"))
            .transpose()
        })
    }

    fn open_picture_page(&self, new: NewPicturePage, now: Timestamp) -> Pending<'_, Option<PicturePageRow>> {
        self.write("opening a page for a picture", move |write| open(write, &new, now))
    }

    fn picture_page(&self, school: SchoolId, id: OperationId, now: Timestamp) -> Pending<'_, Option<PicturePageRow>> {
        self.read("looking up a page for a picture", move |db| page(db, school, id, now))
    }

    fn picture_link(&self, hash: [u8; 32], now: Timestamp) -> Pending<'_, Option<PicturePageRow>> {
        self.read("looking up a link to a picture", move |db| {
            let row = db.first("SELECT id, school FROM picture_pages WHERE hash = $1", &values![hash])?;
            let Some(row) = row else { return Ok(None) };
            let (school, id) = (SchoolId::new(row.col("school")?), OperationId::new(row.col("id")?));
            Ok(page(db, school, id, now)?.filter(|page| page.state == PicturePageState::Open))
        })
    }

    fn cancel_picture_page(
        &self,
        school: SchoolId,
        id: OperationId,
        now: Timestamp,
    ) -> Pending<'_, Option<PicturePageRow>> {
        self.write("giving up a page for a picture", move |write| {
            let found = page(write.db()?, school, id, now)?;
            if found.as_ref().is_some_and(|page| page.state == PicturePageState::Open) {
                set_state(write, id, PicturePageState::Cancelled)?;
            }
            page(write.db()?, school, id, now)
        })
    }

    fn use_picture_link(
        &self,
        hash: [u8; 32],
        picture: Option<Vec<u8>>,
        record: Uuid,
        now: Timestamp,
    ) -> Pending<'_, bool> {
        self.write("changing a picture", move |write| change(write, hash, picture.as_deref(), record, now))
    }
}

fn open(write: &Write<'_>, new: &NewPicturePage, now: Timestamp) -> Db<Option<PicturePageRow>> {
    let db = write.db()?;
    if let Some(before) = db.first("SELECT * FROM picture_pages WHERE id = $1", &values![new.id.uuid()])? {
        let same = before.col::<Uuid>("school")? == new.school.uuid()
            && before.col::<Uuid>("about")? == new.about.uuid()
            && before.col::<Uuid>("card")? == new.by.card.uuid();
        if !same {
            return Ok(None);
        }
        // Asked again: the answer was lost, and nobody has seen its link.
        db.execute(
            "UPDATE picture_pages SET hash = $1 WHERE id = $2 AND state = $3",
            &values![new.hash, new.id.uuid(), word(&PicturePageState::Open)?],
        )?;
        return page(write.db()?, new.school, new.id, now);
    }
    let until = now.saturating_add(PICTURE_LINK_LASTS).unwrap_or(Timestamp::MAX);
    let forgotten = now.saturating_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
    db.execute("DELETE FROM picture_pages WHERE expires_at <= $1", &values![forgotten])?;
    db.execute(
        "UPDATE picture_pages SET state = $1 WHERE about = $2 AND state = $3",
        &values![word(&PicturePageState::Cancelled)?, new.about.uuid(), word(&PicturePageState::Open)?],
    )?;
    db.execute(
        "INSERT INTO picture_pages (id, school, hash, about, person, card, device, language, state, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &values![
            new.id.uuid(),
            new.school.uuid(),
            new.hash,
            new.about.uuid(),
            new.by.person.uuid(),
            new.by.card.uuid(),
            new.by.device.uuid(),
            word(&new.language)?,
            word(&PicturePageState::Open)?,
            until
        ],
    )?;
    page(write.db()?, new.school, new.id, now)
}

fn page(db: &dyn Session, school: SchoolId, id: OperationId, now: Timestamp) -> Db<Option<PicturePageRow>> {
    let row =
        db.first("SELECT * FROM picture_pages WHERE id = $1 AND school = $2", &values![id.uuid(), school.uuid()])?;
    let Some(row) = row else { return Ok(None) };
    let about = PersonId::new(row.col("about")?);
    let has_picture = db.exists("SELECT 1 FROM pictures WHERE person = $1", &values![about.uuid()])?;
    read(&row, has_picture, now).map(Some)
}

fn read(row: &Row, has_picture: bool, now: Timestamp) -> Db<PicturePageRow> {
    let expires_at: Timestamp = row.col("expires_at")?;
    let state = match row.word("state")? {
        PicturePageState::Open if expires_at <= now => PicturePageState::Expired,
        state => state,
    };
    Ok(PicturePageRow {
        id: OperationId::new(row.col("id")?),
        school: SchoolId::new(row.col("school")?),
        about: PersonId::new(row.col("about")?),
        language: row.word("language")?,
        state,
        expires_at,
        has_picture,
    })
}

fn change(write: &Write<'_>, hash: [u8; 32], picture: Option<&[u8]>, id: Uuid, now: Timestamp) -> Db<bool> {
    let row = write.db()?.first(
        "SELECT * FROM picture_pages WHERE hash = $1 AND state = $2 AND expires_at > $3",
        &values![hash, word(&PicturePageState::Open)?, now],
    )?;
    let Some(row) = row else { return Ok(false) };
    let (school, about) = (SchoolId::new(row.col("school")?), PersonId::new(row.col("about")?));
    let by = Doer {
        record: id,
        person: PersonId::new(row.col("person")?),
        card: CardId::new(row.col("card")?),
        device: DeviceId::new(row.col("device")?),
    };
    set_state(write, OperationId::new(row.col("id")?), PicturePageState::Changed)?;
    let what = if let Some(picture) = picture {
        write.db()?.execute(
            "INSERT INTO pictures (person, school, picture, at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (person) DO UPDATE SET picture = excluded.picture, at = excluded.at",
            &values![about.uuid(), school.uuid(), picture, now],
        )?;
        "picture"
    } else {
        write.db()?.execute("DELETE FROM pictures WHERE person = $1", &values![about.uuid()])?;
        "picture-removed"
    };
    record(write, school, about, what, &by, now)?;
    Ok(true)
}

fn set_state(write: &Write<'_>, id: OperationId, state: PicturePageState) -> Db<()> {
    let touched =
        write.db()?.execute("UPDATE picture_pages SET state = $1 WHERE id = $2", &values![word(&state)?, id.uuid()])?;
    if touched == 1 { Ok(()) } else { Err(corrupt("page")) }
}
