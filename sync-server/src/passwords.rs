//! Hashing what people type, and the links that let them choose anew.
//!
//! **Invariant:** hashing runs on threads of its own, a few at a time; a link's token stands in one letter and nowhere else.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use jiff::Timestamp;
use madkort_protocol::{CardId, CardStatus, CodeVerifier, ProblemCode, SchoolId};
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::state::AppState;
use crate::store::CodeTry;

/// What somebody gave for a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// Its code, or its holder's password.
    Right,
    /// Neither.
    Wrong {
        /// Tries before a wait.
        tries_left: u32,
    },
    /// Not looked at: too many wrong ones.
    Wait {
        /// When the next try is looked at.
        until: Timestamp,
    },
}

/// Looks at a code or a password of a card that stands so. The try is counted before it is looked at, and both count together.
pub async fn given(
    state: &AppState,
    school: SchoolId,
    (card, stands): (CardId, CardStatus),
    typed: String,
) -> Result<Given, Failure> {
    let (verifier, tries_left) = match state.store.take_code_try(school, card, stands, state.now()).await? {
        CodeTry::Unknown => return Err(ProblemCode::NotFound.into()),
        CodeTry::Wait { until } => return Ok(Given::Wait { until }),
        CodeTry::Look { verifier, tries_left } => (verifier, tries_left),
    };
    let password = state.store.password(school, card).await?;
    let mut right = fits(state, verifier, typed.clone()).await?;
    if let Some(password) = password.filter(|_| !right) {
        right = fits(state, password, typed).await?;
    }
    if !right {
        return Ok(Given::Wrong { tries_left });
    }
    state.store.code_was_right(card).await?;
    Ok(Given::Right)
}

/// Whether what was typed fits. Takes tens of milliseconds on purpose.
async fn fits(state: &AppState, verifier: CodeVerifier, typed: String) -> Result<bool, Failure> {
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
        hash_now(&password).ok_or(ProblemCode::Internal)
    });
    Ok(hashing.await.map_err(|_| ProblemCode::Internal)??)
}

/// The same, on this very thread; `None` where the system gives no random bytes.
#[must_use]
pub fn hash_now(password: &str) -> Option<CodeVerifier> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).ok()?;
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).ok()?;
    Some(CodeVerifier::new(hash.to_string()))
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
