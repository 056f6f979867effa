//! What products look like: fetched one by one after the products that name them.
//!
//! **Invariant:** a picture is kept under the digest of its bytes, and is gone when no product names it any more.

use std::collections::BTreeMap;

use madkort_protocol::{PictureDigest, ProductPicture};
use rusqlite::params;

use super::{Doing as _, Once as _, Store, StoreError};

impl Store {
    /// Pictures that products name and that have not come.
    pub fn missing_pictures(&self) -> Result<Vec<PictureDigest>, StoreError> {
        let sql = "SELECT DISTINCT json_extract(body, '$.picture') AS name FROM products
                   WHERE name IS NOT NULL AND name NOT IN (SELECT digest FROM pictures)";
        let mut statement = self.db.prepare_cached(sql).doing("look for missing pictures")?;
        let names = statement.query_map([], |row| row.get::<_, String>(0)).doing("look for missing pictures")?;
        let names: Vec<String> = names.collect::<Result<_, _>>().doing("read a picture's name")?;
        Ok(names.iter().filter_map(|name| PictureDigest::parse(name).ok()).collect())
    }

    /// Keeps one, and lets go of those that no product names any more.
    pub fn keep_picture(&mut self, picture: &ProductPicture) -> Result<(), StoreError> {
        let tx = self.write()?;
        let row = params![picture.digest().to_string(), picture.as_png()];
        tx.run("INSERT OR REPLACE INTO pictures VALUES (?1, ?2)", row).doing("keep a picture")?;
        let unnamed = "DELETE FROM pictures WHERE digest NOT IN
                       (SELECT json_extract(body, '$.picture') FROM products WHERE json_extract(body, '$.picture') IS NOT NULL)";
        tx.run(unnamed, []).doing("let go of old pictures")?;
        tx.commit().doing("keep a picture")
    }

    /// All that have come. One that cannot be read has not.
    pub(super) fn pictures(&self) -> Result<BTreeMap<PictureDigest, ProductPicture>, StoreError> {
        let mut statement = self.db.prepare_cached("SELECT digest, png FROM pictures").doing("look up pictures")?;
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?));
        let rows: Vec<_> =
            statement.query_map([], row).and_then(|rows| rows.collect::<Result<_, _>>()).doing("read a picture")?;
        let read =
            |(name, png): (String, Vec<u8>)| Some((PictureDigest::parse(&name).ok()?, ProductPicture::new(png).ok()?));
        Ok(rows.into_iter().filter_map(read).collect())
    }
}
