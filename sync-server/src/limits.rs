//! How often something may be asked for: one table, and one place where it is counted.
//!
//! Each row can be said otherwise in the configuration. What is recorded at a kiosk and what is sold at a till is in no row: it has
//! happened, and is never turned away. Nor are the waits after a wrong code, which grow: they are the kiosk's rule too, and stand in
//! [`madkort_protocol::Throttle`].
//!
//! Letters are counted where they are written, on the disk; all else in memory, by each server for itself, and anew after a start.
//!
//! **Invariant:** memory is bounded, whoever asks: an asker who finds no room is let through, and nobody is turned away for another.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use madkort_protocol::{CardId, DeviceId, OperationId};
use sha2::{Digest, Sha256};

/// Askers remembered at once, each some 100 bytes.
const MOST_ASKERS: usize = 16_384;
/// The most that can be said of how many, and of how long: what is more is not meant.
const HIGHEST: u32 = 1_000_000;
const LONGEST: u32 = 24 * 60 * 60;
/// Where a proxy says whom it speaks for.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// So many times, within so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub most: u32,
    /// In how many seconds.
    pub seconds: u32,
}

/// The text is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be how many in how long, such as 10/5m: from 1 to 1000000, in seconds (s), minutes (m) or hours (h), at most 24h"
)]
pub struct NoRate;

/// By what askers are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The kiosk or till.
    Device,
    /// The person, by the card on the reader.
    Card,
    /// The network address, as [`address_of`] finds it.
    Address,
    /// The e-mail address that is written to.
    Mail,
}

/// One row of the table.
#[derive(Debug)]
pub struct Row {
    /// Its key in the configuration.
    pub key: &'static str,
    /// What holds where nobody says anything.
    pub usual: Rate,
    /// By what it is counted.
    pub by: By,
    /// What is counted, and why not more.
    pub why: &'static str,
}

macro_rules! table {
    ($($kind:ident $key:literal $most:literal in $seconds:literal by $by:ident: $why:literal;)+) => {
        /// What may be asked for only so often.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind {$(
            #[doc = $why]
            $kind,
        )+}

        impl Kind {
            /// Every row.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// Its row.
            #[must_use]
            pub const fn row(self) -> &'static Row {
                match self {$(
                    Self::$kind => &Row {
                        key: $key,
                        usual: Rate { most: $most, seconds: $seconds },
                        by: By::$by,
                        why: $why,
                    },
                )+}
            }
        }
    };
}

table! {
    Enrolments "limit_enrolments" 10 in 60 by Address:
        "Wrong enrolment codes: an installer's slips, and no search of 60 bits.";
    LogIns "limit_log_ins" 60 in 60 by Device:
        "Codes and passwords typed, each of which costs a processor a moment: more than a queue can type, and no way to tire the server.";
    Deposits "limit_deposits" 10 in 600 by Card:
        "Payment pages: whoever mistyped the amount begins again, and no gateway is flooded.";
    Quotes "limit_quotes" 300 in 60 by Device:
        "What an order would take: five for every second that somebody chooses.";
    Transfers "limit_transfers" 20 in 600 by Card:
        "Money moved between one's own accounts: each is a line of a statement for ever.";
    Withdrawals "limit_withdrawals" 10 in 600 by Card:
        "Payouts: each is a line in the bank's file that somebody looks at.";
    MandatePages "limit_mandate_pages" 10 in 600 by Card:
        "Pages for a payment card: as for deposits.";
    PicturePages "limit_picture_pages" 10 in 600 by Card:
        "Pages for a picture: whoever closed one opens another.";
    Pages "limit_pages" 600 in 60 by Address:
        "Looks at the pages that QR codes and letters lead to: a school's telephones, which often share one address, and no search.";
    Uploads "limit_uploads" 60 in 600 by Address:
        "Pictures sent: one takes the server a second, and a class sends thirty.";
    Resets "limit_resets" 20 in 3600 by Device:
        "Links for forgotten passwords asked for at one kiosk: a class that forgot, and no list of addresses gone through.";
    ResetLetters "limit_reset_letters" 3 in 3600 by Mail:
        "Letters with such a link, to one address: who lost one asks again. Beyond it the answer is the same, and no letter is written.";
    StatementLetters "limit_statement_letters" 13 in 3600 by Mail:
        "Statements as letters, to one address: a year and one more, and nobody's mailbox is filled.";
    TicketLetters "limit_ticket_letters" 10 in 3600 by Mail:
        "Letters that a ticket has come, to the address typed in it. Beyond it the ticket is kept, and only support is written to.";
}

/// Who asks, as one row tells askers apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// By [`By::Device`].
    Device(DeviceId),
    /// By [`By::Card`].
    Card(CardId),
    /// By [`By::Address`].
    Address(IpAddr),
    /// By [`By::Mail`]: the hash of the address.
    Mail([u8; 32]),
}

impl Who {
    /// Whoever has an e-mail address, however it is capitalised.
    #[must_use]
    pub fn mail(address: &str) -> Self {
        Self::Mail(Sha256::digest(address.to_lowercase().as_bytes()).into())
    }
}

/// Not now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooOften {
    /// How long until it is let through again; at least a second.
    pub wait: SignedDuration,
}

impl TooOften {
    /// Until a moment, as seen now.
    #[must_use]
    pub fn until(moment: Timestamp, now: Timestamp) -> Self {
        Self { wait: moment.duration_since(now).max(SignedDuration::from_secs(1)) }
    }
}

impl Rate {
    /// Reads `10/5m`: so many, in so many seconds (`s`), minutes (`m`) or hours (`h`).
    pub fn parse(text: &str) -> Result<Self, NoRate> {
        let (most, within) = text.split_once('/').ok_or(NoRate)?;
        let (number, unit) = within.split_at_checked(within.len().saturating_sub(1)).ok_or(NoRate)?;
        let unit = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => return Err(NoRate),
        };
        // Digits and nothing else: `u32` would read a plus sign as well.
        let whole = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u32>().ok()).flatten();
        let most = whole(most).filter(|most| (1..=HIGHEST).contains(most)).ok_or(NoRate)?;
        let seconds = whole(number).and_then(|number| number.checked_mul(unit));
        let seconds = seconds.filter(|seconds| (1..=LONGEST).contains(seconds)).ok_or(NoRate)?;
        Ok(Self { most, seconds })
    }

    /// In how long.
    #[must_use]
    pub fn within(self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.seconds))
    }

    /// What lies before the time that counts.
    #[must_use]
    pub fn since(self, now: Timestamp) -> Timestamp {
        now.checked_sub(self.within()).unwrap_or(Timestamp::MIN)
    }

    /// Whether one more is too many after so many, the first of which was then.
    #[must_use]
    pub fn after(self, times: u32, first: Option<Timestamp>, now: Timestamp) -> Option<TooOften> {
        let free = first.unwrap_or(now).checked_add(self.within()).unwrap_or(Timestamp::MAX);
        (times >= self.most).then(|| TooOften::until(free, now))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match self.seconds {
            seconds if seconds % 3600 == 0 => (seconds / 3600, 'h'),
            seconds if seconds % 60 == 0 => (seconds / 60, 'm'),
            seconds => (seconds, 's'),
        };
        write!(f, "{}/{number}{unit}", self.most)
    }
}

/// The table as it is in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rates(HashMap<Kind, Rate>);

impl Rates {
    /// What is in force for a row.
    #[must_use]
    pub fn of(&self, kind: Kind) -> Rate {
        self.0.get(&kind).copied().unwrap_or(kind.row().usual)
    }

    /// Says otherwise for a row.
    pub fn set(&mut self, kind: Kind, rate: Rate) {
        self.0.insert(kind, rate);
    }
}

/// Counts who asks for what.
#[derive(Debug, Default)]
pub struct Limiter {
    rates: Rates,
    counted: Mutex<Counted>,
}

type Counted = HashMap<(Kind, Who), Window>;

/// What somebody has asked for since the first time that counts.
#[derive(Clone, Copy, Debug)]
struct Window {
    times: u32,
    since: Timestamp,
    /// The id of the last that had one.
    last: Option<OperationId>,
}

impl Limiter {
    /// One that has counted nothing yet.
    #[must_use]
    pub fn new(rates: Rates) -> Self {
        Self { rates, counted: Mutex::default() }
    }

    /// What is in force for a row.
    #[must_use]
    pub fn rate(&self, kind: Kind) -> Rate {
        self.rates.of(kind)
    }

    /// Counts one more, if it is not one too many.
    pub fn count(&self, kind: Kind, who: Who, now: Timestamp) -> Result<(), TooOften> {
        let mut counted = self.counted();
        self.judge(&counted, (kind, who), now)?;
        self.add(&mut counted, (kind, who), now);
        Ok(())
    }

    /// Counts one more that has an id, if it is not one too many. Asked again under the id it had last, it is the same one: whoever lost
    /// the answer to what moved money gets it, and is not told that nothing moved.
    pub fn count_once(&self, kind: Kind, who: Who, id: OperationId, now: Timestamp) -> Result<(), TooOften> {
        let mut counted = self.counted();
        let asked = (kind, who);
        if counted.get(&asked).is_some_and(|window| window.last == Some(id)) {
            return Ok(());
        }
        self.judge(&counted, asked, now)?;
        self.add(&mut counted, asked, now);
        if let Some(window) = counted.get_mut(&asked) {
            window.last = Some(id);
        }
        Ok(())
    }

    /// Whether one more would be one too many.
    pub fn look(&self, kind: Kind, who: Who, now: Timestamp) -> Result<(), TooOften> {
        self.judge(&self.counted(), (kind, who), now)
    }

    /// Counts one more, whatever was counted before.
    pub fn note(&self, kind: Kind, who: Who, now: Timestamp) {
        self.add(&mut self.counted(), (kind, who), now);
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn judge(&self, counted: &Counted, asked: (Kind, Who), now: Timestamp) -> Result<(), TooOften> {
        let rate = self.rate(asked.0);
        let window = counted.get(&asked).filter(|window| !window.is_over(rate, now));
        window.and_then(|window| rate.after(window.times, Some(window.since), now)).map_or(Ok(()), Err)
    }

    fn add(&self, counted: &mut Counted, asked: (Kind, Who), now: Timestamp) {
        if counted.len() >= MOST_ASKERS && !counted.contains_key(&asked) {
            counted.retain(|(kind, _), window| !window.is_over(self.rate(*kind), now));
            if counted.len() >= MOST_ASKERS {
                return;
            }
        }
        let fresh = Window { times: 0, since: now, last: None };
        let window = counted.entry(asked).or_insert(fresh);
        if window.is_over(self.rate(asked.0), now) {
            *window = fresh;
        }
        window.times = window.times.saturating_add(1);
    }
}

impl Window {
    fn is_over(&self, rate: Rate, now: Timestamp) -> bool {
        now.duration_since(self.since) >= rate.within()
    }
}

/// Whose address it is: the other end's, or, where that is a proxy on this machine, the one that it says it speaks for. Of an IPv6
/// address the half counts that a network is given (RFC 6177): whoever has one has all of it.
#[must_use]
pub fn address_of(peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
    let said = || {
        let last = headers.get_all(FORWARDED_FOR).iter().next_back()?.to_str().ok()?.rsplit(',').next()?;
        last.trim().parse().ok()
    };
    let address = if peer.ip().is_loopback() { said().unwrap_or(peer.ip()) } else { peer.ip() };
    match address.to_canonical() {
        IpAddr::V6(six) if !six.is_loopback() => {
            let [a, b, c, d, ..] = six.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        other => other,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::KEYS;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn every_row_can_be_said_otherwise_and_its_default_is_what_holds() {
        for kind in Kind::ALL {
            let row = kind.row();
            let key = KEYS.iter().find(|key| key.name == row.key).unwrap();
            assert_eq!(Rate::parse(key.default.unwrap()), Ok(row.usual), "{}", row.key);
            assert_eq!(row.usual.to_string(), key.default.unwrap());
            assert!(row.why.ends_with('.'), "{}", row.key);
        }
        let keys = KEYS.iter().filter(|key| key.name.starts_with("limit_")).count();
        assert_eq!(keys, Kind::ALL.len());
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for bad in ["", "10", "/", "10/", "/m", "0/1m", "10/0s", "10/m", "10/1d", "-1/1m", "+1/1m", "1 /1m", "10/25h"] {
            assert!(Rate::parse(bad).is_err(), "{bad}");
        }
        for bad in ["1000001/1m", "10/86401s", "10/4294967295h", "10/1æ", "10/ m"] {
            assert!(Rate::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Rate::parse("1000000/24h"), Ok(Rate { most: 1_000_000, seconds: 86_400 }));
    }

    #[test]
    fn every_row_lets_through_as_many_as_it_says_and_then_says_how_long_to_wait() {
        for kind in Kind::ALL {
            let limiter = Limiter::default();
            let (rate, one) = (limiter.rate(*kind), Who::Card(CardId::new(uuid::Uuid::from_u128(1))));
            for _ in 0..rate.most {
                assert_eq!(limiter.count(*kind, one, at(0)), Ok(()));
            }
            let wait = rate.within() - SignedDuration::from_secs(1);
            assert_eq!(limiter.count(*kind, one, at(1)), Err(TooOften { wait }), "{kind:?}");
            // Nobody else pays for it, and nothing else does.
            let other = Who::Card(CardId::new(uuid::Uuid::from_u128(2)));
            assert_eq!(limiter.count(*kind, other, at(1)), Ok(()));
            for another in Kind::ALL.iter().filter(|another| *another != kind) {
                assert_eq!(limiter.look(*another, one, at(1)), Ok(()));
            }
            assert_eq!(limiter.count(*kind, one, at(i64::from(rate.seconds))), Ok(()), "{kind:?}");
        }
    }

    #[test]
    fn what_is_asked_again_under_its_id_is_never_one_too_many() {
        let (limiter, id) = (Limiter::default(), |n| OperationId::new(uuid::Uuid::from_u128(n)));
        let one = Who::Card(CardId::new(uuid::Uuid::from_u128(1)));
        let count = |n| limiter.count_once(Kind::Transfers, one, id(n), at(0));
        let most = u128::from(limiter.rate(Kind::Transfers).most);
        for n in 1..=most {
            assert_eq!((count(n), count(n)), (Ok(()), Ok(())));
        }
        assert!(count(most + 1).is_err());
        assert_eq!(count(most), Ok(()));
        assert!(count(most + 1).is_err(), "it is not its id that lets it through");
    }

    #[test]
    fn a_flood_of_askers_takes_no_more_memory_and_turns_nobody_away() {
        let limiter = Limiter::default();
        let asker = |n: usize| Who::Card(CardId::new(uuid::Uuid::from_u128(n as u128)));
        for n in 0..MOST_ASKERS + 100 {
            assert_eq!(limiter.count(Kind::Deposits, asker(n), at(0)), Ok(()));
        }
        assert_eq!(limiter.counted.lock().unwrap().len(), MOST_ASKERS);
        assert_eq!(limiter.count(Kind::Deposits, asker(MOST_ASKERS + 7), at(600)), Ok(()));
        assert_eq!(limiter.counted.lock().unwrap().len(), 1, "what is over makes room");
    }

    #[test]
    fn only_a_proxy_on_this_machine_speaks_for_another() {
        let said = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(FORWARDED_FOR, text.parse().unwrap());
            headers
        };
        let (proxy, stranger) = ("127.0.0.1:1".parse().unwrap(), "192.0.2.9:1".parse().unwrap());
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(address_of(proxy, &said("198.51.100.1, 203.0.113.7")), ip("203.0.113.7"));
        assert_eq!(address_of(stranger, &said("203.0.113.7")), ip("192.0.2.9"));
        assert_eq!(address_of(proxy, &said("somebody")), ip("127.0.0.1"));
        assert_eq!(address_of(proxy, &HeaderMap::new()), ip("127.0.0.1"));
        assert_eq!(address_of(proxy, &said("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
        assert_eq!(address_of(proxy, &said("::ffff:203.0.113.7")), ip("203.0.113.7"));
    }
}
