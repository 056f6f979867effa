//! What the server does unasked: it sells orders at their cut-off, gives back what tills left held, tops accounts up, looks after
//! undecided payments, and tidies away what nobody needs any more.
//!
//! **Invariant:** a job that fails says so and goes on with its next round; each does nothing that it cannot do twice.

use std::collections::BTreeSet;
use std::time::Duration;

use madkort_protocol::{AccountId, OperationId};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::payments::Abreast;
use crate::state::AppState;
use crate::store::StoreError;

/// How often due orders are looked for: the kitchen's list is right seconds after the cut-off.
const CAPTURE_EVERY: Duration = Duration::from_secs(5);
/// How often undecided payments are looked at; who is asked when is for `payments` to say.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often the outbox is looked into: a receipt is there before its payer looks for it.
const LETTERS_EVERY: Duration = Duration::from_secs(10);
/// How often authorisations whose time is up are looked for: seconds after it, the money can be spent again.
const RELEASE_EVERY: Duration = Duration::from_secs(5);
/// How often what is past its time is tidied away: nobody waits for it.
const TIDY_EVERY: Duration = Duration::from_mins(5);
/// Orders sold, or authorisations given back, in one step, so that purchases get their turn between steps.
const AT_ONCE: u32 = 100;

/// Runs until the server is asked to stop.
pub async fn run(state: AppState) {
    let (capturing, releasing, writing) = (capture(&state), release(&state), send_letters(&state));
    let (settling, asking, counting) = (settle_deposits(&state), settle_charges(&state), count_undecided(&state));
    let (topping_up, tidying) = (top_up(&state), tidy(&state));
    let all = async {
        tokio::join!(capturing, releasing, writing, settling, asking, counting, topping_up, tidying);
    };
    tokio::select! {
        () = all => {}
        () = state.stopped() => {}
    }
}

/// Sells every held order whose cut-off has passed by the server's clock, and says which.
pub async fn capture_due(state: &AppState) -> Result<Vec<OperationId>, StoreError> {
    let mut sold = Vec::new();
    loop {
        let step = state.store.capture_due(state.now(), AT_ONCE).await?;
        let more = step.len() == AT_ONCE as usize;
        sold.extend(step);
        if !more {
            return Ok(sold);
        }
    }
}

/// Gives back every authorisation whose time is up by the server's clock, and says which.
pub async fn release_expired(state: &AppState) -> Result<Vec<OperationId>, StoreError> {
    let mut released = Vec::new();
    loop {
        let step = state.store.expire_due(state.now(), AT_ONCE).await?;
        let more = step.len() == AT_ONCE as usize;
        released.extend(step);
        if !more {
            return Ok(released);
        }
    }
}

async fn capture(state: &AppState) {
    let mut every = ticking(CAPTURE_EVERY);
    loop {
        every.tick().await;
        match capture_due(state).await {
            Ok(sold) if sold.is_empty() => {}
            Ok(sold) => tracing::info!(orders = sold.len(), "sold at the cut-off"),
            Err(error) => tracing::error!(%error, "orders could not be sold"),
        }
    }
}

async fn release(state: &AppState) {
    let mut every = ticking(RELEASE_EVERY);
    loop {
        every.tick().await;
        match release_expired(state).await {
            Ok(released) if released.is_empty() => {}
            Ok(released) => tracing::info!(authorisations = released.len(), "given back: their time was up"),
            Err(error) => tracing::error!(%error, "authorisations could not be given back"),
        }
    }
}

/// Deposits and charges have a round each: a gateway that hangs over one of them holds up no round but its own.
async fn settle_deposits(state: &AppState) {
    let mut every = ticking(LOOK_EVERY);
    loop {
        every.tick().await;
        if let Err(error) = state.payments.look_at_deposits(state.now()).await {
            tracing::error!(%error, "undecided deposits could not be looked at");
        }
    }
}

async fn settle_charges(state: &AppState) {
    let mut every = ticking(LOOK_EVERY);
    let mut at_start = true;
    loop {
        every.tick().await;
        match state.payments.look_at_top_ups(state.now(), at_start).await {
            Ok(()) => at_start = false,
            Err(error) => tracing::error!(%error, "undecided top-ups could not be looked at"),
        }
    }
}

async fn count_undecided(state: &AppState) {
    let mut every = ticking(LOOK_EVERY);
    loop {
        every.tick().await;
        match state.payments.outstanding().await {
            Ok((deposits, charges)) => state.metrics.outstanding(deposits, charges),
            Err(error) => tracing::error!(%error, "undecided payments could not be counted"),
        }
    }
}

/// Closes pages for payment cards past their end, and empties bank accounts of withdrawals long over; says how many of each.
pub async fn tidy_away(state: &AppState) -> Result<(usize, u32), StoreError> {
    let pages = state.payments.close_stale_pages(state.now(), AT_ONCE).await?;
    let payees = state.store.forget_payees(state.now(), AT_ONCE).await?;
    Ok((pages, payees))
}

async fn tidy(state: &AppState) {
    let mut every = ticking(TIDY_EVERY);
    loop {
        every.tick().await;
        match tidy_away(state).await {
            Ok((0, 0)) => {}
            Ok((pages, payees)) => tracing::info!(pages, payees, "tidied away"),
            Err(error) => tracing::error!(%error, "what is past its time could not be tidied away"),
        }
    }
}

async fn send_letters(state: &AppState) {
    let Some(mailer) = &state.mailer else { return };
    let mut every = ticking(LETTERS_EVERY);
    loop {
        every.tick().await;
        if let Err(error) = mailer.send_due(state.now()).await {
            tracing::error!(%error, "the outbox could not be used");
        }
    }
}

async fn top_up(state: &AppState) {
    let Some(mut waiting) = state.take_waiting() else { return };
    let mut abreast = Abreast::default();
    while let Some(first) = waiting.recv().await {
        for account in batch(first, &mut waiting) {
            let state = state.clone();
            let considering = async move {
                if let Err(error) = state.payments.consider(account, state.now()).await {
                    tracing::error!(%account, %error, "an account could not be considered for auto top-up");
                }
                Ok(())
            };
            abreast.begin(considering).await;
        }
    }
}

/// Everything that waits, each account once: many purchases are one question, on the balance they leave.
fn batch(first: AccountId, waiting: &mut mpsc::Receiver<AccountId>) -> BTreeSet<AccountId> {
    let mut accounts = BTreeSet::from([first]);
    while let Ok(account) = waiting.try_recv() {
        accounts.insert(account);
    }
    accounts
}

fn ticking(every: Duration) -> tokio::time::Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
