//! Any bytes as any message that a device sends.
//!
//! **Invariant:** whatever the bytes, reading them never panics; and what can be read is written so that it reads the same.

use std::fmt::Debug;

use madkort_protocol::{
    DepositRequest, Enrol, LoginRequest, MandatePageRequest, MandateRequest, PasswordChange, PasswordResetRequest,
    PicturePageRequest, ProfileChange, PurchaseRequest, Push, TransferRequest, WithdrawalRequest,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Takes the bytes for each message in turn.
pub fn check(bytes: &[u8]) {
    same_again::<DepositRequest>(bytes);
    same_again::<Enrol>(bytes);
    same_again::<MandatePageRequest>(bytes);
    same_again::<MandateRequest>(bytes);
    same_again::<PasswordResetRequest>(bytes);
    same_again::<PicturePageRequest>(bytes);
    same_again::<ProfileChange>(bytes);
    same_again::<PurchaseRequest>(bytes);
    same_again::<Push>(bytes);
    same_again::<TransferRequest>(bytes);
    same_again::<WithdrawalRequest>(bytes);
    // A code or password that was typed is in no debug text, so these are compared as they are written.
    if let Ok(change) = serde_json::from_slice::<PasswordChange>(bytes) {
        let written = serde_json::to_vec(&change).expect("a message can be written");
        assert!(serde_json::from_slice::<PasswordChange>(&written).is_ok_and(|again| again == change));
    }
    if let Ok(login) = serde_json::from_slice::<LoginRequest>(bytes) {
        let written = serde_json::to_vec(&login).expect("a message can be written");
        assert!(serde_json::from_slice::<LoginRequest>(&written).is_ok_and(|again| again == login));
    }
}

fn same_again<T: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) {
    let Ok(message) = serde_json::from_slice::<T>(bytes) else { return };
    let written = serde_json::to_vec(&message).expect("a message can be written");
    let again = serde_json::from_slice::<T>(&written).expect("what was written can be read");
    assert_eq!(again, message);
}
