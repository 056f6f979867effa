//! A page on somebody's telephone, asked about until it has ended: where a payment is made, where a payment card is given, where a
//! picture is changed.
//!
//! **Invariant:** whoever stands there is told when it is not as it was known, and when the server went out of sight or came back, and
//! nothing twice.

use std::time::Duration;

/// How often it is asked about while somebody stands there.
const EVERY: Duration = Duration::from_secs(1);

/// What can be followed.
pub(super) trait Follow {
    /// How it stands.
    type Page: PartialEq;

    /// How it stands now; nothing if the server cannot be asked.
    fn look(&self) -> impl Future<Output = Result<Option<Self::Page>, SignedOut>> + Send;

    /// Until it is asked about again.
    fn pause(&self) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(EVERY)
    }

    /// Whether nothing more can come of it.
    fn has_ended(page: &Self::Page) -> bool;

    /// Tells whoever stands there.
    fn tell(&self, now: Result<Option<&Self::Page>, SignedOut>);
}

/// The server does not, or no longer, know that the code was given: it says nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SignedOut;

/// Asks until it has ended. What is `known` has been told.
pub(super) async fn follow<F: Follow>(followed: &F, mut known: Option<F::Page>) {
    while known.as_ref().is_none_or(|page| !F::has_ended(page)) {
        followed.pause().await;
        let now = match followed.look().await {
            Ok(now) => now,
            Err(signed_out) => return followed.tell(Err(signed_out)),
        };
        if now != known {
            followed.tell(Ok(now.as_ref()));
            known = now;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use super::*;

    type Looked = Result<Option<u8>, SignedOut>;

    /// A page that counts down to nought, and says what the test wants.
    struct Counted {
        looks: Mutex<VecDeque<Looked>>,
        told: Mutex<Vec<Looked>>,
    }

    impl Follow for Counted {
        type Page = u8;

        async fn look(&self) -> Looked {
            self.looks.lock().unwrap().pop_front().unwrap()
        }

        fn pause(&self) -> impl Future<Output = ()> + Send {
            std::future::ready(())
        }

        fn has_ended(page: &u8) -> bool {
            *page == 0
        }

        fn tell(&self, now: Result<Option<&u8>, SignedOut>) {
            self.told.lock().unwrap().push(now.map(Option::<&u8>::copied));
        }
    }

    /// What is told of a page that is known so and looks so from then on; every look is used up.
    fn told(known: Option<u8>, looks: &[Looked]) -> Vec<Looked> {
        let counted = Counted { looks: Mutex::new(looks.iter().copied().collect()), told: Mutex::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(follow(&counted, known));
        assert_eq!(counted.looks.lock().unwrap().len(), 0, "asked on after its end");
        counted.told.into_inner().unwrap()
    }

    #[test]
    fn a_page_is_told_when_it_changes_and_no_more_once_it_has_ended() {
        let looks = [Ok(Some(2)), Ok(Some(2)), Ok(Some(1)), Ok(Some(1)), Ok(Some(0))];
        assert_eq!(told(Some(2), &looks), [Ok(Some(1)), Ok(Some(0))]);
        assert_eq!(told(Some(0), &[]), [], "what has ended is not asked about");
    }

    #[test]
    fn a_server_that_goes_out_of_sight_and_comes_back_is_told_once_each() {
        let looks = [Ok(None), Ok(None), Ok(Some(2)), Ok(None), Ok(Some(0))];
        assert_eq!(told(Some(2), &looks), [Ok(None), Ok(Some(2)), Ok(None), Ok(Some(0))]);
        assert_eq!(told(None, &[Ok(None), Ok(Some(0))]), [Ok(Some(0))], "out of sight from the first");
    }

    #[test]
    fn whoever_is_signed_out_is_told_so_and_asks_no_more() {
        assert_eq!(told(Some(2), &[Ok(Some(1)), Err(SignedOut)]), [Ok(Some(1)), Err(SignedOut)]);
    }
}
