//! Devices: kiosks and cash registers, and the codes that let them in.

use jiff::Timestamp;
use madkort_protocol::{DeviceId, DeviceKind, PublicKey, SchoolId};

use super::Pending;

/// An enrolled device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// The only school it hears about.
    pub school: SchoolId,
    /// What it is.
    pub kind: DeviceKind,
    /// What staff call it.
    pub name: String,
    /// The prefix of its slips, unique in its school: `K1`, `R2`.
    pub short_name: String,
    /// With which its requests are signed.
    pub public_key: PublicKey,
    /// The last operation that is settled.
    pub last_seq: u64,
    /// The highest request count that came with a request that writes.
    pub request_count: u64,
    /// Whether it has been shut out.
    pub revoked: bool,
}

/// A one-time enrolment code; only its hash is kept.
#[derive(Clone, Debug)]
pub struct NewCode {
    /// SHA-256 of the code.
    pub hash: [u8; 32],
    /// Where the device will stand.
    pub school: SchoolId,
    /// What it lets in.
    pub kind: DeviceKind,
    /// For whom it was made out.
    pub name: String,
    /// When it dies unused.
    pub expires_at: Timestamp,
}

/// A device that shows a code.
#[derive(Clone, Debug)]
pub struct NewDevice {
    /// The id it will have.
    pub id: DeviceId,
    /// SHA-256 of the code it shows.
    pub code_hash: [u8; 32],
    /// What it says it is.
    pub kind: DeviceKind,
    /// What staff call it.
    pub name: String,
    /// With which its requests will be signed.
    pub public_key: PublicKey,
}

/// Devices and enrolment codes.
pub trait Devices {
    /// Writes a one-time code down.
    fn add_enrolment_code(&self, code: NewCode) -> Pending<'_, ()>;

    /// Lets a device in and uses the code up. `None` if the code is wrong, used, too old, or for another kind of device.
    /// The same key with the same code gets the same device again: the first answer may have been lost on the way.
    fn enrol(&self, device: NewDevice, now: Timestamp) -> Pending<'_, Option<Device>>;

    /// Who it is.
    fn device(&self, id: DeviceId) -> Pending<'_, Option<Device>>;

    /// Those of these devices that there are, at once.
    fn devices(&self, ids: Vec<DeviceId>) -> Pending<'_, Vec<Device>>;

    /// Shuts a device out for good; `false` if there is none by that id.
    fn revoke(&self, id: DeviceId, now: Timestamp) -> Pending<'_, bool>;

    /// Notes the request count of a request that writes, to be durable no later than what that request writes next.
    /// Does not wait.
    fn note_request(&self, id: DeviceId, count: u64);
}
