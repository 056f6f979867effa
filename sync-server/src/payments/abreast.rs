//! Many accounts looked after side by side.
//!
//! A gateway that hangs over one of them keeps it for as long as anybody waits for an answer; the others go on beside it.
//!
//! **Invariant:** at most [`AT_ONCE`] are looked after at a time, and one that fails keeps no other from its turn. Dropped, it ends what
//! is under way: what was written down before a call says how to go on.

use tokio::task::{JoinError, JoinSet};

use crate::store::StoreError;

/// Accounts looked after at a time: a handful of calls that hang leaves most of them free, and a gateway that hangs altogether is
/// not asked by hundreds at once.
pub const AT_ONCE: usize = 16;

/// Pieces of work, some of them under way.
#[derive(Default)]
pub struct Abreast {
    under_way: JoinSet<Result<(), StoreError>>,
    failed: Option<StoreError>,
}

impl Abreast {
    /// Begins a piece of work as soon as there is room for it.
    pub async fn begin(&mut self, work: impl Future<Output = Result<(), StoreError>> + Send + 'static) {
        while let Some(ended) = self.under_way.try_join_next() {
            self.ended(ended);
        }
        if self.under_way.len() >= AT_ONCE
            && let Some(ended) = self.under_way.join_next().await
        {
            self.ended(ended);
        }
        self.under_way.spawn(work);
    }

    /// Waits for all of it; says what failed first.
    pub async fn end(mut self) -> Result<(), StoreError> {
        while let Some(ended) = self.under_way.join_next().await {
            self.ended(ended);
        }
        self.failed.map_or(Ok(()), Err)
    }

    fn ended(&mut self, ended: Result<Result<(), StoreError>, JoinError>) {
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                self.failed.get_or_insert(error);
            }
            // A programmer's error, told by the panic itself; the account is looked after again another time.
            Err(error) => tracing::error!(%error, "looking after an account ended early"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    #[tokio::test]
    async fn what_hangs_keeps_the_others_from_nothing() {
        let mut abreast = Abreast::default();
        let (done, mut heard) = unbounded_channel();
        for _ in 1..AT_ONCE {
            abreast.begin(std::future::pending()).await;
        }
        for n in 0..3 * AT_ONCE {
            let done = done.clone();
            let work = async move {
                done.send(n).unwrap();
                Ok(())
            };
            abreast.begin(work).await;
        }
        for _ in 0..3 * AT_ONCE {
            heard.recv().await.unwrap();
        }
    }

    #[tokio::test]
    async fn no_more_than_so_many_are_under_way_and_all_have_their_turn() {
        let (now, most, done) = <(Arc<AtomicUsize>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let mut abreast = Abreast::default();
        for n in 0..3 * AT_ONCE {
            let (now, most, done) = (now.clone(), most.clone(), done.clone());
            let work = async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                now.fetch_sub(1, Ordering::SeqCst);
                done.fetch_add(1, Ordering::SeqCst);
                if n % 2 == 0 { Err(StoreError::Corrupt { what: "charge" }) } else { Ok(()) }
            };
            abreast.begin(work).await;
        }
        assert!(matches!(abreast.end().await, Err(StoreError::Corrupt { what: "charge" })), "and what failed is told");
        assert_eq!((most.load(Ordering::SeqCst), done.load(Ordering::SeqCst)), (AT_ONCE, 3 * AT_ONCE));
    }
}
