//! What the server gave for a right code, for as long as the visit lasts.
//!
//! **Invariant:** a token lives in this process's memory, belongs to one visit, and is given to nobody who came after it.

use std::sync::{Mutex, PoisonError};

use madkort_protocol::SessionToken;

/// The visit that is going on, and its token once it has one.
#[derive(Default)]
pub(super) struct Session(Mutex<Visit>);

#[derive(Default)]
struct Visit {
    number: u64,
    token: Option<SessionToken>,
}

impl Session {
    /// The number of the visit that is going on.
    pub(super) fn visit(&self) -> u64 {
        self.now().number
    }

    /// What to show the server, if somebody is signed in.
    pub(super) fn token(&self) -> Option<SessionToken> {
        self.now().token.clone()
    }

    /// Keeps the token of a visit. Answers one that is not needed any more: the one before, or this one if that visit is over.
    pub(super) fn keep(&self, visit: u64, token: SessionToken) -> Option<SessionToken> {
        let mut now = self.now();
        if now.number == visit { now.token.replace(token) } else { Some(token) }
    }

    /// The visit is over; answers its token, to be ended.
    pub(super) fn next_visit(&self) -> Option<SessionToken> {
        let mut now = self.now();
        now.number = now.number.wrapping_add(1);
        now.token.take()
    }

    fn now(&self) -> std::sync::MutexGuard<'_, Visit> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_comes_too_late_is_nobodys() {
        let session = Session::default();
        let token = |n| SessionToken::new([n; 32]);
        let visit = session.visit();
        assert_eq!((session.keep(visit, token(1)), session.token()), (None, Some(token(1))));
        assert_eq!(session.keep(visit, token(2)), Some(token(1)), "given again, the first is spare");
        assert_eq!((session.next_visit(), session.token()), (Some(token(2)), None));
        assert_eq!((session.keep(visit, token(3)), session.token()), (Some(token(3)), None));
        assert_eq!(session.next_visit(), None);
    }
}
