//! Any story of movements: the ledger and a second, simpler model of the books say the same after every step; and a ledger
//! that is broken on purpose is found out.
#![allow(clippy::unwrap_used)]

mod books;
mod model;

use std::cell::RefCell;
use std::collections::BTreeMap;

use books::{Fault, Ledger};
use model::{Model, check_story, stories};
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};

/// Wishes in one story.
const WISHES: usize = 90;
/// Stories in the short form; `PROPTEST_CASES` asks for more, with another seed each time.
const STORIES: u32 = 150;
/// Stories within which a broken ledger must be found out.
const STORIES_FOR_A_CANARY: u32 = 150;

fn run(config: &Config, fault: Option<Fault>) -> Result<(), TestError<model::Story>> {
    let config = Config { failure_persistence: None, ..config.clone() };
    TestRunner::new(config).run(&stories(WISHES), |story| check_story(&mut Ledger::with(fault), &story))
}

/// The same stories each time.
fn fixed(cases: u32) -> Config {
    Config { cases, rng_seed: RngSeed::Fixed(0x006d_6164_6b6f_7274), max_shrink_iters: 0, ..Config::default() }
}

#[test]
fn the_ledger_and_the_model_tell_the_same_story() {
    let asked_for_more = std::env::var_os("PROPTEST_CASES").is_some();
    let config = if asked_for_more { Config::default() } else { fixed(STORIES) };
    if let Err(error) = run(&config, None) {
        panic!("{error}");
    }
}

/// A story in which nothing is possible proves nothing.
#[test]
fn the_stories_have_every_command_carried_out_and_refused() {
    let seen: RefCell<BTreeMap<String, [u32; 2]>> = RefCell::default();
    let told = TestRunner::new(Config { failure_persistence: None, ..fixed(STORIES) }).run(&stories(WISHES), |story| {
        let (mut model, mut now) = (Model::default(), story.start);
        for wish in &story.wishes {
            now += wish.wait;
            let step = model.ground(wish);
            let said = model.apply(&step, now);
            let command = format!("{:?}", step.command);
            let name = command.split(' ').next().unwrap_or_default().to_owned();
            seen.borrow_mut().entry(name).or_default()[usize::from(said.is_err())] += 1;
        }
        Ok(())
    });
    told.unwrap();
    let seen = seen.into_inner();
    assert_eq!(seen.len(), 24, "{seen:?}");
    for (name, [done, refused]) in &seen {
        assert!(*done > 10, "{name} was carried out {done} times");
        assert!(*refused > 10 || ["Cap", "Block"].contains(&name.as_str()), "{name} was refused {refused} times");
    }
}

#[test]
fn a_ledger_broken_on_purpose_is_found_out() {
    for fault in [
        Fault::LosesAnOre,
        Fault::MakesAnOre,
        Fault::ForgetsTheFloor,
        Fault::ForgetsTheCaps,
        Fault::PostsTwice,
        Fault::ReleasesTwice,
        Fault::NeverGivesBack,
        Fault::UndoesTwice,
        Fault::ForgetsTheOutage,
    ] {
        assert!(run(&fixed(STORIES_FOR_A_CANARY), Some(fault)).is_err(), "{fault:?} went unnoticed");
    }
}
