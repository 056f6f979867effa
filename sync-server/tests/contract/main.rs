//! What a store promises, told once and held to on every engine: each case has a fresh ledger, and the ledger has to prove itself
//! when the case is over.
#![allow(clippy::unwrap_used)]

mod cards;
mod ids;
mod kitchen;
#[path = "../ledgers/mod.rs"]
mod ledgers;
mod money;
mod moves;
mod orders;
mod portions;
mod restarts;
mod school;
mod servers;
mod subsidy;

use std::pin::Pin;

use ledgers::{Ledgers, START, World};

type Running = Pin<Box<dyn Future<Output = ()> + Send>>;
type Case = (&'static str, fn(World) -> Running);

/// Cases under their names. A case hands its world back, to be looked at.
macro_rules! cases {
    ($($module:ident: $($case:ident),+ $(,)?);+ $(;)?) => {
        &[$($((concat!(stringify!($module), "::", stringify!($case)), |world| Box::pin(async move {
            crate::$module::$case(&world).await;
            crate::proven(&world).await;
        })),)+)+]
    };
}

const CASES: &[Case] = cases![
    cards: a_card_is_blocked_opened_and_replaced_and_it_is_written_down;
    ids: the_same_body_again_is_posted_already, another_body_under_an_id_is_refused, an_id_is_taken_across_kinds,
        a_refusal_is_remembered, a_refusal_moves_nothing, a_group_shares_a_commit_and_not_its_faults,
        what_was_answered_is_there_after_reopening;
    orders: nobody_goes_below_nothing, what_may_be_ordered_offline_has_an_end, a_held_order_is_captured_once,
        an_order_is_given_back_once, sequence_numbers_have_no_gaps, statements_tell_it_again;
    money: a_deposit_is_opened_once_and_paid_once, money_that_fits_nothing_is_kept_apart,
        states_move_only_from_where_the_caller_thinks_they_are, one_purchase_causes_one_charge_at_a_time,
        charges_are_looked_at_when_they_are_due, an_account_has_one_mandate;
    kitchen: the_kitchen_hears_of_every_portion_that_stands, a_list_is_the_last_word_once,
        no_school_sees_anothers_kitchen;
    portions: the_last_portions_go_to_nobody_twice, what_is_given_back_can_be_ordered_again,
        an_offline_order_of_what_is_gone_comes_back_refused;
    restarts: what_nobody_looked_at_charges_once_and_names_its_cause, what_was_bought_without_a_mandate_charges_nobody,
        what_was_bought_in_a_pause_charges_nobody, what_was_bought_on_another_day_charges_nobody,
        what_was_taken_back_charges_nobody, what_was_bought_while_a_charge_was_open_charges_nobody;
    servers: what_another_program_wrote_counts_at_the_next_sale;
    school: changes_come_by_cursor, a_restored_feed_is_told_again, codes_run_out, devices_come_once_and_are_shut_out,
        request_counts_only_grow;
    subsidy: a_sale_takes_what_the_holder_pays, nobody_eats_free_on_nothing_but_their_class,
        an_order_holds_what_the_holder_pays, a_free_meal_is_ordered_and_called_off_without_money,
        an_authorisation_holds_what_the_holder_pays, no_answer_tells_the_class,
        no_allowance_tells_the_class, what_an_authorisation_held_counts_by_its_price;
];

/// Cases of books that several servers may share.
const SHARED: &[Case] = cases![
    servers: another_servers_sale_wakes_who_waits, two_servers_sell_from_one_account, two_servers_settle_an_id_once,
        a_server_that_comes_back_is_used_again_and_nothing_is_lost, a_key_that_is_taken_is_not_tried_for_ever;
    portions: two_servers_share_the_last_portions;
];

async fn proven(world: &World) {
    let verdict = world.store.verify(START).await.unwrap();
    assert!(verdict.is_ok(), "the books are wrong: {verdict:?}");
}

/// Runs them all, and names those that failed.
fn hold_to(ledgers: &Ledgers, cases: &'static [Case]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut failed = Vec::new();
    for (name, run) in cases {
        let url = ledgers.fresh();
        let case = async move { run(World::new(url).await).await };
        if let Err(ended) = runtime.block_on(runtime.spawn(case)) {
            let said = ended.try_into_panic().map_or_else(|_| "cancelled".to_owned(), |panic| words(&*panic));
            failed.push(format!("{name}: {said}"));
        }
    }
    assert!(failed.is_empty(), "{} of {} failed:\n{}", failed.len(), cases.len(), failed.join("\n"));
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without words").to_owned()
}

#[test]
fn sqlite() {
    hold_to(&Ledgers::sqlite(), CASES);
}

#[test]
fn postgres() {
    hold_to(&Ledgers::postgres(), CASES);
}

#[test]
fn postgres_with_two_servers() {
    let ledgers = Ledgers::postgres();
    hold_to(&ledgers, SHARED);
}
