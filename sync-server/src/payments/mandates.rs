//! Mandates: a page is opened by a kiosk, a card is given on it, and auto top-up charges that card from then on.
//!
//! **Invariant:** a card is behind a mandate only when the gateway says that it keeps it, under the key that was written down before
//! the page was opened.

use jiff::Timestamp;
use madkort_protocol::{MandatePageState, OperationId};

use super::Payments;
use super::gateway::CardPageRequest;
use crate::store::{MandatePageOpening, MandatePageRow, Moved, NewMandatePage, StoreError};

/// What became of opening a page for a card.
#[derive(Debug)]
pub enum MandateOpening {
    /// There it is.
    Open(Box<MandatePageRow>),
    /// It is written down, and the gateway's page could not be opened: the same request may be sent again.
    NoPage,
    /// As the store says.
    Not(MandatePageOpening),
}

impl Payments {
    /// The address of a page for a card.
    #[must_use]
    pub fn mandate_url(&self, page: &str) -> String {
        format!("{}/mandate/{page}", self.public_url)
    }

    /// Opens a page for a card; asked again, finds it as it stands.
    pub async fn open_mandate_page(&self, new: NewMandatePage, now: Timestamp) -> Result<MandateOpening, StoreError> {
        let row = match self.store.open_mandate_page(new, now).await? {
            MandatePageOpening::Open(row) => *row,
            not => return Ok(MandateOpening::Not(not)),
        };
        if row.state == MandatePageState::Open && now < row.expires_at {
            let request = CardPageRequest {
                key: row.id,
                page: row.page.clone(),
                language: row.language,
                expires_at: row.expires_at,
            };
            if self.gateway.open_card_page(request).await.is_err() {
                return Ok(MandateOpening::NoPage);
            }
            return Ok(MandateOpening::Open(Box::new(row)));
        }
        Ok(MandateOpening::Open(Box::new(self.refresh_mandate_page(row, now).await?)))
    }

    /// A page for a card, brought up to the moment.
    pub async fn mandate_page(&self, id: OperationId, now: Timestamp) -> Result<Option<MandatePageRow>, StoreError> {
        match self.store.mandate_page(id).await? {
            Some(row) => self.refresh_mandate_page(row, now).await.map(Some),
            None => Ok(None),
        }
    }

    /// The page for a card behind an address, brought up to the moment.
    pub async fn mandate_page_of(&self, page: String, now: Timestamp) -> Result<Option<MandatePageRow>, StoreError> {
        match self.store.mandate_page_of(page).await? {
            Some(row) => self.refresh_mandate_page(row, now).await.map(Some),
            None => Ok(None),
        }
    }

    /// Learns from the gateway whether a card was given, and closes a page past its end.
    pub async fn refresh_mandate_page(
        &self,
        row: MandatePageRow,
        now: Timestamp,
    ) -> Result<MandatePageRow, StoreError> {
        if row.state != MandatePageState::Open {
            return Ok(row);
        }
        if let Some(card) = self.gateway.stored_card(row.id).await {
            return stands(self.store.give_card(row.id, card, now).await?);
        }
        if now < row.expires_at {
            return Ok(row);
        }
        stands(self.store.close_mandate_page(row.id, MandatePageState::Expired).await?)
    }

    /// Closes pages past their end that nobody looked at again, but for those on which a card was given; says how many.
    pub async fn close_stale_pages(&self, now: Timestamp, most: u32) -> Result<usize, StoreError> {
        let stale = self.store.stale_mandate_pages(now, most).await?;
        for id in &stale {
            self.mandate_page(*id, now).await?;
        }
        Ok(stale.len())
    }

    /// Takes a page back, unless a card was given on it.
    pub async fn cancel_mandate_page(&self, row: MandatePageRow, now: Timestamp) -> Result<MandatePageRow, StoreError> {
        let row = self.refresh_mandate_page(row, now).await?;
        if row.state != MandatePageState::Open {
            return Ok(row);
        }
        stands(self.store.close_mandate_page(row.id, MandatePageState::Cancelled).await?)
    }
}

fn stands(moved: Moved<MandatePageRow>) -> Result<MandatePageRow, StoreError> {
    match moved {
        Moved::Moved(row) | Moved::Stands(row) => Ok(row),
        // Rows are never deleted.
        Moved::Unknown => Err(StoreError::Corrupt { what: "page for a card" }),
    }
}
