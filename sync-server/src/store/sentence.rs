//! What went wrong with the database, for whoever stands at the console: what it is and what to do, in both languages.
//!
//! **Invariant:** as of [`StoreError`] itself: no password of a database is in a sentence.

use madkort_protocol::Language;

use super::StoreError;

impl StoreError {
    /// A sentence for staff.
    #[must_use]
    pub fn sentence(&self, language: Language) -> String {
        match language {
            Language::Danish => self.in_danish(),
            Language::English => self.in_english(),
        }
    }

    fn in_danish(&self) -> String {
        match self {
            Self::Open { path, source } => format!(
                "Databasen {path} kan ikke åbnes ({source}). Er adressen rigtig, og må serveren læse og skrive der? En ny database laves \
                 med sync-server migrate."
            ),
            Self::Setting { name, found, wanted } => {
                format!("Databasen siger, at {name} er {found}, og det skal være {wanted}. Uden det bruges den ikke.")
            }
            Self::Schema { found, known, .. } if found < known => format!(
                "Databasen er fra en ældre version (skema {found}, denne kender {known}). Kør sync-server migrate først."
            ),
            Self::Schema { found, known, .. } => format!(
                "Databasen er fra en nyere version (skema {found}, denne kender {known}). Installér den nyere version igen."
            ),
            Self::Engine { .. } | Self::Corrupt { .. } | Self::Broken(_) | Self::Copy { .. } => format!(
                "Databasen er beskadiget eller svigtede: {self}. Lad den ligge, som den er, tag en kopi af filerne, og kør sync-server \
                 verify; er den beskadiget, hentes den seneste sikkerhedskopi frem (sync-server/LEDGER.md)."
            ),
            Self::Unreachable => "Databasen kan ikke nås. Kører den, og er adressen rigtig?".to_owned(),
            Self::NotEmpty { place } => format!("{place} er ikke tom, og intet er skrevet i den."),
            Self::Moved { place } => format!("Databasen er flyttet til {place}. Brug den der."),
            Self::Arriving { place } => {
                format!("Databasen er på vej hertil fra {place}. Kør den samme sync-server migrate --from igen.")
            }
            Self::Busy => {
                "Et andet program holder databasen, eller for meget arbejde venter. Prøv igen om lidt.".to_owned()
            }
            Self::Closed => "Databasen er lukket, fordi serveren er ved at stoppe.".to_owned(),
        }
    }

    fn in_english(&self) -> String {
        match self {
            Self::Open { path, source } => format!(
                "The database {path} cannot be opened ({source}). Is the address right, and may the server read and write there? A new \
                 database is made with sync-server migrate."
            ),
            Self::Setting { name, found, wanted } => {
                format!(
                    "The database says that {name} is {found}, and it must be {wanted}. Without that it is not used."
                )
            }
            Self::Schema { found, known, .. } if found < known => format!(
                "The database is of an older version (schema {found}, this one knows {known}). Run sync-server migrate first."
            ),
            Self::Schema { found, known, .. } => format!(
                "The database is of a newer version (schema {found}, this one knows {known}). Install the newer version again."
            ),
            Self::Engine { .. } | Self::Corrupt { .. } | Self::Broken(_) | Self::Copy { .. } => format!(
                "The database is damaged or failed: {self}. Leave it as it is, take a copy of its files, and run sync-server verify; if it \
                 is damaged, the newest backup is brought back (sync-server/LEDGER.md)."
            ),
            Self::Unreachable => "The database cannot be reached. Does it run, and is the address right?".to_owned(),
            Self::NotEmpty { place } => format!("{place} is not empty, and nothing was written to it."),
            Self::Moved { place } => format!("The database has moved to {place}. Use it there."),
            Self::Arriving { place } => {
                format!("The database is on its way here from {place}. Run the same sync-server migrate --from again.")
            }
            Self::Busy => {
                "Another program holds the database, or too much work is waiting. Try again in a moment.".to_owned()
            }
            Self::Closed => "The database is closed because the server is stopping.".to_owned(),
        }
    }
}
