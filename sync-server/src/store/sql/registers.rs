//! What tills ask for beside plain purchases.

use std::sync::Arc;

use jiff::Timestamp;
use madkort_protocol::{
    Answer, AuthorisationRequest, DeviceId, OperationId, Outcome, PickUpAnswer, PickUpRequest, PurchaseBatch, Refusal,
    Release, Undo,
};

use crate::store::{AtTill, Device, Pending, Registers};

use super::posting::{BodyDigest, Note};
use super::purchases::without_figures;
use super::value::Db;
use super::write::Write;
use super::{SqlStore, authorisations, pick_ups, purchases, undo};

impl Registers for SqlStore {
    fn authorise(
        &self,
        device: DeviceId,
        request: AuthorisationRequest,
        now: Timestamp,
    ) -> Pending<'_, AtTill<Answer>> {
        self.write("authorising", move |write| authorisations::hold(write, device, &request, now))
    }

    fn release(
        &self,
        device: DeviceId,
        authorisation: OperationId,
        release: Release,
        now: Timestamp,
    ) -> Pending<'_, AtTill<Answer>> {
        self.write("releasing an authorisation", move |write| {
            authorisations::release(write, device, authorisation, release.id, now)
        })
    }

    fn expire_due(&self, now: Timestamp, most: u32) -> Pending<'_, Vec<OperationId>> {
        self.write("releasing what has expired", move |write| authorisations::expire_due(write, now, most))
    }

    fn undo(&self, device: DeviceId, purchase: OperationId, undo: Undo, now: Timestamp) -> Pending<'_, AtTill<Answer>> {
        self.write("undoing a purchase", move |write| undo::settle(write, device, purchase, undo.id, now))
    }

    fn pick_up(&self, device: DeviceId, request: PickUpRequest, now: Timestamp) -> Pending<'_, AtTill<PickUpAnswer>> {
        self.write("handing out orders", move |write| pick_ups::settle(write, device, &request, now))
    }

    fn purchase_batch(
        &self,
        device: DeviceId,
        batch: PurchaseBatch,
        now: Timestamp,
    ) -> Pending<'_, AtTill<Vec<Answer>>> {
        self.write("posting purchases made offline", move |write| purchases::settle_batch(write, device, &batch, now))
    }
}

/// One thing a till asks for, as it is being settled.
pub struct Asked {
    pub device: Arc<Device>,
    pub id: OperationId,
    pub digest: BodyDigest,
    pub now: Timestamp,
}

/// Whether there is anything left to do.
pub enum Before<T> {
    /// It is new.
    New(Asked),
    /// It was settled before, so.
    Settled(Outcome),
    /// It is not looked at.
    Not(AtTill<T>),
}

impl Asked {
    /// Looks the till and the id up.
    pub fn look_up<T>(
        write: &Write<'_>,
        device: DeviceId,
        id: OperationId,
        digest: BodyDigest,
        now: Timestamp,
    ) -> Db<Before<T>> {
        let Some(device) = write.device(device)?.filter(|device| !device.revoked) else {
            return Ok(Before::Not(AtTill::UnknownDevice));
        };
        Ok(match write.settled(id)? {
            Some(before) if before.digest != digest => Before::Not(AtTill::IdReused(id)),
            Some(before) => Before::Settled(before.outcome()),
            None => Before::New(Self { device, id, digest, now }),
        })
    }

    /// What is written down about it, whatever becomes of it.
    pub fn note<'a>(&self, kind: &'a str) -> Note<'a> {
        Note { device: Some(self.device.id), ..Note::new(self.id, self.device.school, self.digest, kind, self.now) }
    }
}

/// An answer after which nobody's balance needs to be looked at.
pub const fn settled(id: OperationId, outcome: Outcome) -> AtTill<Answer> {
    AtTill::Settled { answer: Answer { id, outcome }, accounts: Vec::new() }
}

/// Settles that nothing moves. A till is told the rule alone.
pub fn refused(write: &Write<'_>, note: Note<'_>, refusal: &Refusal) -> Db<AtTill<Answer>> {
    let refusal = without_figures(refusal);
    write.settle(&Note { refusal: Some(&refusal), ..note }, None)?;
    Ok(settled(note.id, Outcome::Refused(refusal)))
}
