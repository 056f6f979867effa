//! Any bytes as any message that a device sends.
//!
//! **Invariant:** whatever the bytes, reading them never panics; and what can be read is written so that it reads the same.

use std::fmt::Debug;

use madkort_protocol::{
    AllergiesChange, AuthorisationRequest, DepositRequest, Enrol, LoginRequest, MandatePageRequest, MandateRequest,
    PasswordChange, PasswordResetRequest, PickUpRequest, PicturePageRequest, ProfileChange, PurchaseBatch,
    PurchaseRequest, Push, QuoteRequest, Release, StatementMailRequest, TransferRequest, Undo, WithdrawalRequest,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Takes the bytes for each of these messages in turn, and says by name which of them they are.
macro_rules! each {
    ($bytes:ident: $($message:ident),+ $(,)?) => {
        [$((stringify!($message), same_again::<$message>($bytes))),+]
            .into_iter().filter(|(_, read)| *read).map(|(name, _)| name).collect()
    };
}

/// Takes the bytes for each message in turn, and says by name which of them they are.
pub fn check(bytes: &[u8]) -> Vec<&'static str> {
    each!(bytes:
        AllergiesChange, AuthorisationRequest, DepositRequest, Enrol, LoginRequest, MandatePageRequest, MandateRequest,
        PasswordChange, PasswordResetRequest, PickUpRequest, PicturePageRequest, ProfileChange, PurchaseBatch,
        PurchaseRequest, Push, QuoteRequest, Release, StatementMailRequest, TransferRequest, Undo, WithdrawalRequest,
    )
}

/// Whether the bytes are such a message. Codes, passwords and allergies are in no debug text, so a failure names the message alone.
fn same_again<T: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) -> bool {
    let Ok(message) = serde_json::from_slice::<T>(bytes) else { return false };
    let written = serde_json::to_vec(&message).expect("a message can be written");
    let again = serde_json::from_slice::<T>(&written).expect("what was written can be read");
    assert_eq!(again, message);
    true
}
