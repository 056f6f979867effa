//! A gateway that hangs over a deposit holds no top-up up, nor the other way round: the jobs as they run, and their time in the
//! test's hand.
//!
//! Time stands still while a task is ready to run, and here one always is: a round begins when the test says so, and nobody ever
//! loses patience with the gateway.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use madkort_protocol::{DepositState, Money, OperationId};
use support::{School, Scripted};
use sync_server::jobs;
use sync_server::payments::{Outcome, Taken};
use sync_server::store::ChargeState;

/// From one round of the jobs to the next, and a little more; far below the patience that a gateway is waited for with.
const ROUND: Duration = Duration::from_secs(6);
/// For a machine that is busy with other tests.
const DEADLINE: Duration = Duration::from_mins(1);

/// The jobs of a school whose clock stands still.
struct Jobs {
    school: School,
    gateway: Arc<Scripted>,
    begun: tokio::time::Instant,
}

impl Jobs {
    async fn start(school: School, gateway: Arc<Scripted>) -> Self {
        tokio::time::pause();
        tokio::spawn(async {
            loop {
                tokio::task::yield_now().await;
            }
        });
        tokio::spawn(jobs::run(school.state.clone()));
        tokio::task::yield_now().await;
        // A timer counts whole milliseconds, and the first round is due in the one that has begun.
        tokio::time::advance(Duration::from_millis(2)).await;
        Self { school, gateway, begun: tokio::time::Instant::now() }
    }

    async fn until(&self, what: &str, mut so: impl AsyncFnMut() -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !so().await {
            assert!(Instant::now() < deadline, "{what}");
            tokio::task::yield_now().await;
        }
    }

    async fn next_round(&self) {
        tokio::time::advance(ROUND).await;
    }

    async fn deposit(&self, id: OperationId) -> DepositState {
        self.school.store.deposit(id).await.unwrap().unwrap().state
    }

    async fn charge(&self, id: OperationId) -> ChargeState {
        self.school.store.charge(id).await.unwrap().unwrap().state
    }
}

/// A deposit whose page has run out, and a charge that nobody knows the end of.
async fn undecided(school: &School) -> (OperationId, OperationId) {
    let deposit = school.deposit("Alma", 100);
    school.post_deposit(&deposit).await;
    school.wait(SignedDuration::from_mins(11));
    school.purchase("Malthe", 1_000).await;
    let charge = school.payments.consider(school.card("Malthe").account, school.now()).await.unwrap().unwrap();
    assert_eq!(charge.state, ChargeState::Unknown);
    (deposit.id, charge.id)
}

#[tokio::test]
async fn a_top_up_is_settled_while_the_gateway_hangs_over_a_deposit() {
    let (school, gateway) = School::scripted().await;
    let (deposit, charge) = undecided(&school).await;
    *gateway.silent_about.lock().unwrap() = Some(deposit);
    let jobs = Jobs::start(school, gateway).await;
    jobs.until("both are asked about", async || {
        jobs.gateway.has_heard_of(deposit) && jobs.gateway.has_heard_of(charge)
    })
    .await;
    // The deposit's call hangs. The gateway learns what became of the charge, and it is due to be asked about again.
    let amount = Money::from_kroner(100);
    let taken = Taken { reference: "far-1".to_owned(), amount, currency: "DKK".to_owned() };
    jobs.gateway.will_say(Some(Outcome::Succeeded(taken)));
    jobs.school.wait(SignedDuration::from_mins(2));
    jobs.next_round().await;
    jobs.until("the charge waits for the deposit", async || jobs.charge(charge).await == ChargeState::Succeeded).await;
    assert_eq!(jobs.deposit(deposit).await, DepositState::Open, "nobody has lost patience with it");
    assert_eq!(jobs.begun.elapsed(), ROUND);
    jobs.school.audit().await;
}

#[tokio::test]
async fn a_deposit_is_settled_while_the_gateway_hangs_over_a_top_up() {
    let (school, gateway) = School::scripted().await;
    let (first, charge) = undecided(&school).await;
    let second = school.deposit("Ida", 100);
    school.post_deposit(&second).await;
    *gateway.silent_about.lock().unwrap() = Some(charge);
    let jobs = Jobs::start(school, gateway).await;
    jobs.until("the charge is asked about", async || jobs.gateway.has_heard_of(charge)).await;
    jobs.until("the deposit waits for the charge", async || jobs.deposit(first).await == DepositState::Expired).await;
    // The other one's page runs out while the charge's call still hangs.
    jobs.school.wait(SignedDuration::from_mins(11));
    jobs.next_round().await;
    jobs.until("the deposit waits for the charge", async || jobs.deposit(second.id).await == DepositState::Expired)
        .await;
    assert_eq!(jobs.charge(charge).await, ChargeState::Unknown);
    assert_eq!(jobs.begun.elapsed(), ROUND);
    jobs.school.audit().await;
}
