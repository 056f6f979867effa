//! Somebody is signed in at a kiosk: a random token for the kiosk, its hash for us.
//!
//! **Invariant:** [`Visitor`] exists only for whoever gave the code of an active card at this very device less than
//! [`LASTS`] ago, and did not leave since. The token is in no log and nowhere on a disk.

use axum::http::HeaderMap;
use jiff::SignedDuration;
use madkort_protocol::{
    AccountId, CardId, DeviceId, DeviceKind, HEADER_SESSION, PersonId, PersonKind, ProblemCode, SchoolId, SessionToken,
};
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::random;
use crate::rights::{Asker, Proof, What, Whose, may};
use crate::signed::SignedDevice;
use crate::state::AppState;
use crate::store::{Doer, NewSession};

/// How long a session may last: longer than any visit to a kiosk, shorter than a break.
pub const LASTS: SignedDuration = SignedDuration::from_mins(15);

/// Whoever is signed in at the device that asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// Who.
    pub person: PersonId,
    /// What they are.
    pub kind: PersonKind,
    /// The card whose code they gave.
    pub card: CardId,
    /// Whose school it is.
    pub school: SchoolId,
    device: DeviceId,
    at: DeviceKind,
    accounts: Vec<AccountId>,
    own: Vec<AccountId>,
}

impl Visitor {
    /// Whoever is signed in with this card. [`ProblemCode::SignIn`] if nobody is.
    pub async fn of(
        state: &AppState,
        signed: &SignedDevice,
        headers: &HeaderMap,
        card: CardId,
    ) -> Result<Self, Failure> {
        let visitor = Self::here(state, signed, headers).await?;
        if visitor.card == card { Ok(visitor) } else { Err(ProblemCode::SignIn.into()) }
    }

    /// Whoever is signed in, for routes that name no card.
    pub async fn here(state: &AppState, signed: &SignedDevice, headers: &HeaderMap) -> Result<Self, Failure> {
        let hash = shown(headers).ok_or(ProblemCode::SignIn)?;
        let session = state.store.session(hash, signed.device.id, state.now()).await?.ok_or(ProblemCode::SignIn)?;
        Ok(Self {
            person: session.person.id,
            kind: session.person.kind,
            card: session.card,
            school: signed.school(),
            device: signed.device.id,
            at: signed.device.kind,
            accounts: session.person.accounts,
            own: session.own,
        })
    }

    /// As the one who does something now, for the record of it.
    pub fn doing(&self) -> Result<Doer, Failure> {
        Ok(Doer { record: random::id()?, person: self.person, card: self.card, device: self.device })
    }

    /// Whether the account is one of theirs to use.
    #[must_use]
    pub fn may_use(&self, account: AccountId) -> bool {
        self.accounts.contains(&account)
    }

    /// Whether the table lets them do it with the account.
    #[must_use]
    pub fn may(&self, what: What, account: AccountId) -> bool {
        let whose = match account {
            account if !self.may_use(account) => Whose::Foreign,
            account if self.own.contains(&account) => Whose::Own,
            _ => Whose::Entrusted,
        };
        may(Asker { kind: self.kind, at: self.at, proof: Proof::Session }, what, whose)
    }

    /// Goes on only if it is about themselves, and the table lets them.
    pub fn must_for_themselves(&self, person: PersonId) -> Result<(), Failure> {
        if person != self.person {
            return Err(ProblemCode::NotFound.into());
        }
        let asker = Asker { kind: self.kind, at: self.at, proof: Proof::Session };
        if may(asker, What::ChangePassword, Whose::Own) { Ok(()) } else { Err(ProblemCode::NotAllowed.into()) }
    }

    /// Goes on only if the table lets them. An account that is not theirs to use does not exist for them.
    pub fn must(&self, what: What, account: AccountId) -> Result<(), Failure> {
        if !self.may_use(account) {
            return Err(ProblemCode::NotFound.into());
        }
        if self.may(what, account) { Ok(()) } else { Err(ProblemCode::NotAllowed.into()) }
    }
}

/// Begins a session after a right code; `None` if the card was shut in the same moment.
pub async fn begin(state: &AppState, signed: &SignedDevice, card: CardId) -> Result<Option<SessionToken>, Failure> {
    let (token, session) = new(state, signed, card)?;
    Ok(state.store.begin_session(session, state.now()).await?.then_some(token))
}

/// A session that has not begun yet, and its token.
pub(crate) fn new(
    state: &AppState,
    signed: &SignedDevice,
    card: CardId,
) -> Result<(SessionToken, NewSession), Failure> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|_| ProblemCode::Internal)?;
    let token = SessionToken::new(random);
    let session = NewSession {
        hash: hash(&token),
        school: signed.school(),
        device: signed.device.id,
        card,
        expires_at: state.now().saturating_add(LASTS).unwrap_or(jiff::Timestamp::MAX),
    };
    Ok((token, session))
}

/// Ends the session that a request shows, if it shows one.
pub async fn end(state: &AppState, signed: &SignedDevice, headers: &HeaderMap) -> Result<(), Failure> {
    if let Some(hash) = shown(headers) {
        state.store.end_session(hash, signed.device.id).await?;
    }
    Ok(())
}

/// What is stored of a token.
fn hash(token: &SessionToken) -> [u8; 32] {
    Sha256::digest(token.reveal().as_bytes()).into()
}

/// The hash of the token that a request shows.
pub(crate) fn shown(headers: &HeaderMap) -> Option<[u8; 32]> {
    let token = headers.get(HEADER_SESSION)?.to_str().ok()?;
    SessionToken::parse(token).ok().map(|token| hash(&token))
}
