//! Any bytes as a story, for a fuzzer that changes a byte and sees where that leads.
//!
//! **Invariant:** a wish is read from as many bytes whatever they say, so that a changed byte changes one wish.

use jiff::{SignedDuration, Timestamp};

use super::story::{Amount, What, Wish};
use super::{ACCOUNTS, Line, OFFLINE_FOR, Story};

/// Bytes of one wish.
const WISH: usize = 24;
/// The most wishes of one story: a fuzzer is to try many.
const WISHES: usize = 200;

const WHATS: [What; 25] = [
    What::Deposit,
    What::Recharge,
    What::Stray,
    What::Authorise,
    What::GiveUp,
    What::Expire,
    What::Buy,
    What::BuyAuthorised,
    What::Undo,
    What::Order,
    What::Cancel,
    What::Capture,
    What::Refund,
    What::Transfer,
    What::Withdraw,
    What::CallOff,
    What::Send,
    What::Settle,
    What::Return,
    What::Correct,
    What::Issue,
    What::TakeIn,
    What::Cap,
    What::Block,
    What::Repeat,
];
/// Seconds between wishes: at once, on each side of the limits, into the next day and week.
const WAITS: [i64; 10] = [0, 1, 59, 300, 301, 899, 900, 3_600, 90_000, 6 * 86_400];
/// Seconds that something waited for the server, if it did.
const AGES: [Option<i64>; 8] =
    [None, None, Some(0), Some(60), Some(OFFLINE_FOR), Some(OFFLINE_FOR + 1), Some(-60), None];
/// Amounts at the edges, in øre.
const EDGES: [i64; 8] = [0, -1, 1, 4_999, 5_000, 200_001, i64::MAX, i64::MIN];

impl Story {
    /// Whatever the bytes say.
    pub fn read(bytes: &[u8]) -> Self {
        let start = Timestamp::from_second(1_774_731_600).unwrap();
        let wishes = bytes.as_chunks::<WISH>().0.iter().take(WISHES).map(wish).collect();
        Self { start, wishes }
    }
}

fn wish(bytes: &[u8; WISH]) -> Wish {
    let [what, wait, account, other, amount, low, high, subsidy, s_low, s_high, vat, nth, flags, lines, rest @ ..] =
        *bytes;
    let line = |at: usize| Line {
        ore: i64::from(u16::from_le_bytes([rest[at], rest[at + 1]])) - 1,
        quantity: u32::from(rest[at + 2]) % 33,
        vat: [0, 12, 25][usize::from(rest[at + 2]) % 3],
    };
    let cap = |at: usize| (rest[at] > 40).then(|| i64::from(rest[at]) * 100 - 4_100);
    Wish {
        wait: SignedDuration::from_secs(pick(&WAITS, wait)),
        what: pick(&WHATS, what),
        account: usize::from(account) % ACCOUNTS,
        other: usize::from(other) % ACCOUNTS,
        amount: read(amount, low, high),
        subsidised: if subsidy < 128 { Amount::Ore(0) } else { read(subsidy, s_low, s_high) },
        vat: pick(&[0, 12, 25, 25, 26], vat),
        nth: usize::from(nth) % 8,
        flag: flags % 2 == 1,
        lines: (0..usize::from(lines) % 4).map(|n| line(n * 3)).collect(),
        caps: [cap(0), cap(1), cap(2)],
        age: pick(&AGES, flags / 2),
    }
}

fn read(kind: u8, low: u8, high: u8) -> Amount {
    match kind % 8 {
        0 => Amount::All,
        1 => Amount::OneOver,
        2 => Amount::Ore(pick(&EDGES, low)),
        _ => Amount::Ore(i64::from(u16::from_le_bytes([low, high]))),
    }
}

fn pick<T: Copy>(those: &[T], which: u8) -> T {
    those[usize::from(which) % those.len()]
}
