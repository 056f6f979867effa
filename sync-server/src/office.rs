//! What the office does to a card, what a bare tap opens, what was done to somebody, and what the kitchen cooks: commands of
//! `sync-server`.
//!
//! **Invariant:** a card's number and its code come on the standard input and in no argument; a code that is made here is printed once,
//! on the standard output, and stored as its hash.

use std::fmt::Write as _;
use std::io::Read;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;
use madkort_protocol::{CardId, CardNumber, Language, PersonId, SchoolId, TapPolicy};
use sync_server::card_line::{self, CODE_DIGITS};
use sync_server::kitchen::{self, NoMenu};
use sync_server::passwords;
use sync_server::store::{self, Blocking, Deed, NewCard, Replacing, Store};
use uuid::{Builder, Uuid};
use zeroize::Zeroizing;

use crate::{OfSchool, which_school};

/// What can be done to a card.
#[derive(Subcommand)]
pub enum Card {
    /// Block a card, so that only unblock opens it again: its number on standard input
    Block(OfSchool),
    /// Open a card again, whoever has blocked it: its number on standard input
    Unblock(OfSchool),
    /// Put a new card in the place of an old one, with the same account, rights and history: a line of
    /// OLD-NUMBER;NEW-NUMBER;NEW-UID on standard input. Prints the new card's verification code, once; where one is printed on the
    /// card already, the line ends in ;CODE
    Replace(OfSchool),
}

/// What a bare tap opens.
#[derive(Subcommand)]
pub enum Tap {
    /// Each card decides: whether its code is asked for stands with the card
    CardDecides(OfSchool),
    /// Nothing: every tap is asked for its code, whatever the card says
    AlwaysAskCode(OfSchool),
}

/// What was done to whom.
#[derive(Args)]
pub struct Deeds {
    #[command(flatten)]
    of: OfSchool,
}

/// What the kitchen cooks.
#[derive(Args)]
pub struct KitchenList {
    #[command(flatten)]
    of: OfSchool,
    /// The day of delivery, yyyy-mm-dd
    #[arg(long)]
    date: Date,
    /// In English instead of Danish
    #[arg(long)]
    english: bool,
}

/// Carries out a command about a card.
pub async fn card(asked: Card) -> anyhow::Result<()> {
    let (of, blocked) = match asked {
        Card::Replace(of) => return replace(of).await,
        Card::Block(of) => (of, true),
        Card::Unblock(of) => (of, false),
    };
    let number = card_line::number(&standard_input()?)?;
    let (store, school) = open(of).await?;
    match (store.block_at_office(school, number, blocked, Timestamp::now()).await?, blocked) {
        (Blocking::Done, true) => println!("the card is blocked"),
        (Blocking::Done, false) => println!("the card is open again"),
        (Blocking::Already, true) => println!("the card was blocked by the office before"),
        (Blocking::Already, false) => println!("the card was open before"),
        (Blocking::Replaced, _) => bail!("another card has taken the place of this one: nothing was changed"),
        (Blocking::Unknown, _) => bail!("the school has no card of that number"),
    }
    Ok(())
}

async fn replace(of: OfSchool) -> anyhow::Result<()> {
    let asked = card_line::replacement(&standard_input()?)?;
    let (code, is_new) = match asked.code {
        Some(code) => (code, false),
        None => (new_code()?, true),
    };
    let verifier = passwords::hash_now(&code).context("the code cannot be hashed")?;
    let mut random = [0; 16];
    getrandom::fill(&mut random).context("the system gives no random bytes")?;
    let id = CardId::new(Builder::from_random_bytes(random).into_uuid());
    let new = NewCard { id, uid: asked.uid, number: asked.new, code: verifier };
    let (store, school) = open(of).await?;
    match store.replace_card(school, asked.old, new, Timestamp::now()).await? {
        Replacing::Done => {}
        Replacing::Unknown => bail!("the school has no card of the old number: nothing was changed"),
        Replacing::Replaced => bail!("another card has taken the old one's place already: nothing was changed"),
        Replacing::NumberTaken => bail!("there is a card of the new number already: nothing was changed"),
        Replacing::UidTaken => bail!("there is a card with that UID already: nothing was changed"),
    }
    println!("the new card has taken the old one's place");
    if is_new {
        println!("verification code: {}", *code);
    }
    Ok(())
}

/// As good as any other: four digits, the throttle does the rest.
fn new_code() -> anyhow::Result<Zeroizing<String>> {
    let mut code = Zeroizing::new(String::new());
    while code.len() < CODE_DIGITS {
        let mut byte = [0];
        getrandom::fill(&mut byte).context("the system gives no random bytes")?;
        // 250 is a multiple of 10: each digit as often as any other.
        if byte[0] < 250 {
            code.push(char::from(b'0' + byte[0] % 10));
        }
    }
    Ok(code)
}

/// Says what a bare tap opens from now on.
pub async fn tap(asked: Tap) -> anyhow::Result<()> {
    let (of, tap) = match asked {
        Tap::CardDecides(of) => (of, TapPolicy::CardDecides),
        Tap::AlwaysAskCode(of) => (of, TapPolicy::AlwaysAskCode),
    };
    let (store, school) = open(of).await?;
    let changed = store.set_tap_policy(school, tap, Timestamp::now()).await?.context("there is no such school")?;
    match (changed, tap) {
        (true, TapPolicy::CardDecides) => println!("each card decides whether a tap is asked for its code"),
        (true, TapPolicy::AlwaysAskCode) => println!("every tap is asked for its code"),
        (false, TapPolicy::CardDecides) => println!("each card decided before"),
        (false, TapPolicy::AlwaysAskCode) => println!("every tap was asked for its code before"),
    }
    Ok(())
}

/// Prints what was done to a person, a device or the school.
pub async fn deeds(asked: Deeds) -> anyhow::Result<()> {
    let text = standard_input()?;
    let (store, school) = open(asked.of).await?;
    let about = whom(&*store, school, card_line::only(&text)?).await?;
    for deed in store.deeds(school, about).await? {
        println!("{}", line(&deed));
    }
    Ok(())
}

/// Prints what the kitchen cooks for a day. Written down before it is printed: whoever lost the paper gets a copy, and nobody two
/// lists that both look like the only one.
pub async fn kitchen_list(asked: KitchenList) -> anyhow::Result<()> {
    let language = if asked.english { Language::English } else { Language::Danish };
    let (store, school) = open(asked.of).await?;
    let name = store.school(school).await?.context("there is no such school")?.name;
    let day = store.kitchen_day(school, asked.date, Timestamp::now()).await?;
    print!("{}", kitchen::text(&name, &day.ok_or(NoMenu { date: asked.date })?, language));
    Ok(())
}

async fn whom(store: &dyn Store, school: SchoolId, named: &str) -> anyhow::Result<Uuid> {
    if let Ok(number) = CardNumber::parse(named) {
        let holder = store.holders(school, vec![number]).await?.into_iter().next().flatten();
        return holder.map(PersonId::uuid).context("the school has no card of that number");
    }
    // The ids of all of them look alike.
    let id = PersonId::parse(named).ok().map(PersonId::uuid);
    id.context("must be a card number, or the id of a person, a device or the school")
}

fn line(deed: &Deed) -> String {
    let mut line = format!("{} {}", deed.at, deed.what);
    if !deed.detail.is_empty() {
        let _ = write!(line, " {}", deed.detail);
    }
    match (&deed.by_name, deed.by) {
        (Some(name), _) if !name.is_empty() => {
            let _ = write!(line, ", by {name}");
        }
        (_, Some(person)) => {
            let _ = write!(line, ", by {person}");
        }
        (_, None) => line.push_str(", by the office"),
    }
    if let Some(device) = &deed.at_device {
        let _ = write!(line, " at {device}");
    }
    line
}

fn standard_input() -> anyhow::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    std::io::stdin().read_to_string(&mut text).context("cannot read the line")?;
    Ok(text)
}

async fn open(of: OfSchool) -> anyhow::Result<(std::sync::Arc<dyn Store>, SchoolId)> {
    let store = store::open(&of.place.read()?.database)?;
    let school = which_school(&*store, of.school).await?;
    Ok((store, school))
}
