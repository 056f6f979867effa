//! How a device signs a request: Ed25519 (RFC 8032) over a fixed text that names the request whole.
//!
//! Pure. **Invariant:** every byte that decides what a request does is under the signature: method, path with query, device,
//! the device's request count, and the body's SHA-256.

use ed25519_dalek::{Signer, Verifier};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::DeviceId;

/// Carries [`crate::API_VERSION`], both ways.
pub const HEADER_API: &str = "madkort-api";
/// Carries the [`DeviceId`].
pub const HEADER_DEVICE: &str = "madkort-device";
/// Carries the device's request count: grows with every request, so that none can be played again.
pub const HEADER_REQUEST: &str = "madkort-request";
/// Carries the [`Signature`] as 128 hexadecimal digits.
pub const HEADER_SIGNATURE: &str = "madkort-signature";

/// The signature does not belong to the request, or is no signature at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not fit the request")]
pub struct BadSignature;

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub struct RequestToSign<'a> {
    /// `GET`, `POST`, `DELETE`.
    pub method: &'a str,
    /// Path with query, as sent.
    pub path: &'a str,
    /// Who signs.
    pub device: DeviceId,
    /// The device's request count.
    pub count: u64,
    /// The body, as sent.
    pub body: &'a [u8],
}

impl RequestToSign<'_> {
    fn text(&self) -> String {
        let body = hex::encode(Sha256::digest(self.body));
        format!("madkort-v1\n{}\n{}\n{}\n{}\n{body}", self.method, self.path, self.device, self.count)
    }
}

/// A device's private key. Wiped from memory when dropped, never printed.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// From 32 random bytes.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(&seed))
    }

    /// What the server must know.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs a request.
    #[must_use]
    pub fn sign(&self, request: &RequestToSign<'_>) -> Signature {
        Signature(self.0.sign(request.text().as_bytes()).to_bytes())
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// A device's public key, 32 bytes; hexadecimal on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Reads 64 hexadecimal digits. Whether the bytes are a point on the curve shows when a signature is checked.
    pub fn parse(hex_text: &str) -> Result<Self, BadSignature> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(hex_text, &mut bytes).map_err(|_| BadSignature)?;
        Ok(Self(bytes))
    }

    /// 64 hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }

    /// The key, ready for many signatures, if it is a point on the curve and of large order.
    pub fn check(self) -> Result<VerifyingKey, BadSignature> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(&self.0).map_err(|_| BadSignature)?;
        if key.is_weak() { Err(BadSignature) } else { Ok(VerifyingKey(key)) }
    }

    /// Checks a signature strictly (no malleability, no small-order keys).
    pub fn verify(self, request: &RequestToSign<'_>, signature: &Signature) -> Result<(), BadSignature> {
        self.check()?.verify(request, signature)
    }
}

/// A [`PublicKey`] that was looked at: what costs as much as a signature is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifyingKey(ed25519_dalek::VerifyingKey);

impl VerifyingKey {
    /// Checks a signature strictly (no malleability).
    pub fn verify(&self, request: &RequestToSign<'_>, signature: &Signature) -> Result<(), BadSignature> {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        self.0.verify(request.text().as_bytes(), &signature).map_err(|_| BadSignature)
    }

    /// As it was enrolled.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.to_bytes())
    }
}

impl TryFrom<String> for PublicKey {
    type Error = BadSignature;

    fn try_from(text: String) -> Result<Self, BadSignature> {
        Self::parse(&text)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_hex()
    }
}

/// 64 bytes; hexadecimal in [`HEADER_SIGNATURE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Reads 128 hexadecimal digits.
    pub fn parse(hex_text: &str) -> Result<Self, BadSignature> {
        let mut bytes = [0; 64];
        hex::decode_to_slice(hex_text, &mut bytes).map_err(|_| BadSignature)?;
        Ok(Self(bytes))
    }

    /// 128 hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn only_the_very_request_carries_the_signature() {
        let key = SigningKey::from_seed([7; 32]);
        let device = DeviceId::new(Uuid::from_u128(1));
        let request = RequestToSign { method: "POST", path: "/v1/operations", device, count: 3, body: b"{}" };
        let signature = Signature::parse(&key.sign(&request).to_hex()).unwrap();
        let public = PublicKey::parse(&key.public().to_hex()).unwrap();
        assert_eq!(public.verify(&request, &signature), Ok(()));

        let other = DeviceId::new(Uuid::from_u128(2));
        let changed = [
            RequestToSign { method: "GET", ..request },
            RequestToSign { path: "/v1/operations?x", ..request },
            RequestToSign { device: other, ..request },
            RequestToSign { count: 4, ..request },
            RequestToSign { body: b"{ }", ..request },
        ];
        for request in changed {
            assert_eq!(public.verify(&request, &signature), Err(BadSignature), "{request:?}");
        }
        let stranger = SigningKey::from_seed([8; 32]).public();
        assert_eq!(stranger.verify(&request, &signature), Err(BadSignature));
    }

    #[test]
    fn nonsense_is_no_signature() {
        for text in ["", "zz", &"0".repeat(127)] {
            assert!(Signature::parse(text).is_err());
        }
    }
}
