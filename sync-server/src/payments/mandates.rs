//! Mandates: a page is opened by a kiosk, a card is given on it, and auto top-up charges that card from then on.
//!
//! **Invariant:** a card is behind a mandate only when the gateway says that it keeps it, under the key that was written down before
//! the page was opened.

use jiff::Timestamp;
use madkort_protocol::{MandateId, MandatePageState, OperationId};

use super::gateway::CardPageRequest;
use super::{Payments, new_id};
use crate::passwords::{link_hash, new_token};
use crate::store::{MandatePageOpening, MandatePageRow, Moved, NewLetterPage, NewMandatePage, StoreError};

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
                page: row.page().unwrap_or_default().to_owned(),
                language: row.language,
                expires_at: row.expires_at,
            };
            return Ok(match self.patiently(self.gateway.open_card_page(request)).await {
                Some(Ok(())) => MandateOpening::Open(Box::new(row)),
                Some(Err(_)) | None => MandateOpening::NoPage,
            });
        }
        Ok(MandateOpening::Open(Box::new(self.refresh_mandate_page(row, now).await?)))
    }

    /// Opens a page for another card, and says its address: for the letter that leads to it, and for nobody else. `None` if there is
    /// nothing to give a card to any more, or nobody to keep one.
    pub async fn open_letter_page(&self, mandate: MandateId, now: Timestamp) -> Result<Option<String>, StoreError> {
        if !self.are_set_up() {
            return Ok(None);
        }
        let (Ok(token), Some(id)) = (new_token(), new_id(now)) else {
            tracing::error!("the system gives no random bytes: a letter goes without its link");
            return Ok(None);
        };
        let new = NewLetterPage { id, hash: link_hash(&token), mandate, gateway: self.gateway_name().to_owned() };
        let Some(row) = self.store.open_letter_page(new, now).await? else { return Ok(None) };
        let request =
            CardPageRequest { key: row.id, page: token.clone(), language: row.language, expires_at: row.expires_at };
        let opened = self.patiently(self.gateway.open_card_page(request)).await;
        Ok(matches!(opened, Some(Ok(()))).then(|| self.mandate_url(&token)))
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
        let hash = link_hash(&page);
        match self.store.mandate_page_of(page, hash).await? {
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
        if let Some(card) = self.patiently(self.gateway.stored_card(row.id)).await.flatten() {
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
