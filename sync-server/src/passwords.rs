//! Hashing what people type, and the links that let them choose anew.
//!
//! **Invariant:** hashing runs on threads of its own, a few at a time; a link's token stands in one letter and nowhere else.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use madkort_protocol::{CodeVerifier, ProblemCode};
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::state::AppState;

/// Whether what was typed fits. Takes tens of milliseconds on purpose.
pub async fn fits(state: &AppState, verifier: CodeVerifier, typed: String) -> Result<bool, Failure> {
    let permit = state.hashing.clone().acquire_owned().await.map_err(|_| ProblemCode::Unavailable)?;
    let hashing = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let hash = PasswordHash::new(verifier.phc()).map_err(|_| ProblemCode::Internal)?;
        Ok(Argon2::default().verify_password(typed.as_bytes(), &hash).is_ok())
    });
    hashing.await.map_err(|_| ProblemCode::Internal)?
}

/// The argon2id hash of a password, with a salt of its own.
pub async fn hash(state: &AppState, password: String) -> Result<CodeVerifier, Failure> {
    let permit = state.hashing.clone().acquire_owned().await.map_err(|_| ProblemCode::Unavailable)?;
    let hashing = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|_| ProblemCode::Internal)?;
        let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
        hash.map(|hash| CodeVerifier::new(hash.to_string())).map_err(|_| ProblemCode::Internal)
    });
    Ok(hashing.await.map_err(|_| ProblemCode::Internal)??)
}

/// What is stored of a link's token.
#[must_use]
pub fn link_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// 32 random bytes in hexadecimal.
pub fn new_token() -> Result<String, getrandom::Error> {
    let mut random = [0; 32];
    getrandom::fill(&mut random)?;
    Ok(hex::encode(random))
}
