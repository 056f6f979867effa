//! What tills and kiosks take while the server is out of reach, as the model has it: judged by its age, and by all that the same
//! device took in the same outage.

use jiff::Timestamp;
use madkort_protocol::Rule;

use super::{Model, Said, ensure};

/// What a school lets its devices take without the server, in øre: in one sale or order, of one card, of all; and for how many
/// seconds that may wait.
const OFFLINE: [i128; 3] = [10_000, 12_000, 15_000];
pub const OFFLINE_FOR: i64 = 86_400;
/// Seconds within which all that a device took in one outage reaches the server.
const ONE_OUTAGE: i64 = 600;

/// One sale of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selling {
    pub account: usize,
    pub ore: i64,
    pub subsidised: i64,
    pub vat: u8,
    pub authorisation: Option<u64>,
}

/// Something taken without the server.
#[derive(Clone, Debug)]
pub struct Taken {
    pub at: Timestamp,
    pub by: Taker,
    pub account: usize,
    pub ore: i128,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taker {
    Till,
    Kiosk,
}

impl Model {
    pub(super) fn sell_offline(&mut self, key: u64, sale: &Selling, age: i64, now: Timestamp) -> Said {
        let Selling { account, ore, subsidised, vat, authorisation } = *sale;
        ensure((1..=200_000).contains(&ore), Rule::Amount)?;
        self.check_card(account)?;
        ensure(age <= OFFLINE_FOR, Rule::OfflineAllowance)?;
        self.check_allowance(Taker::Till, account, ore.into(), now)?;
        ensure(vat <= 25 && (0..=ore).contains(&subsidised), Rule::Field)?;
        self.buy(key, account, ore.into(), subsidised.into(), vat, authorisation, now)?;
        self.offline.push(Taken { at: now, by: Taker::Till, account, ore: ore.into() });
        Ok(())
    }

    /// What the school lets a device take in one outage, by price, whoever pays it.
    pub(super) fn check_allowance(&self, by: Taker, account: usize, ore: i128, now: Timestamp) -> Said {
        let taken = |of: &dyn Fn(&Taken) -> bool| -> i128 {
            let lately = |taken: &&Taken| taken.by == by && now.as_second() - taken.at.as_second() < ONE_OUTAGE;
            self.offline.iter().filter(lately).filter(|taken| of(taken)).map(|taken| taken.ore).sum()
        };
        let [one, of_card, of_all] = OFFLINE;
        ensure(ore <= one, Rule::OfflineAllowance)?;
        ensure(taken(&|taken| taken.account == account) + ore <= of_card, Rule::OfflineAllowance)?;
        ensure(taken(&|_| true) + ore <= of_all, Rule::OfflineAllowance)
    }
}
