//! `register`: a cash register without a drawer, for trying the server's API and for tests.
//!
//! It says first under which id it asks, then what a till shows. Exit codes: 0 done, 1 refused, 2 the server could not be asked
//! or did not take the request.
//!
//! **Invariant:** whatever moves money is asked under an id that was shown before, so that an answer that got lost can be asked
//! for again; what is sold offline is on disk before it counts as sold.

mod show;
mod state;
mod till;

use std::io::BufRead;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use madkort_protocol::{
    Answer, AuthorisationRequest, CardUid, Money, OfflinePurchase, OperationId, Outcome, PickUpAnswer, PickUpRequest,
    PurchaseAnswer, PurchaseBatch, PurchaseBatchAnswer, PurchaseRequest, Release, TillChanges, Undo,
};

use crate::state::State;
use crate::till::Till;

/// A cash register for the command line.
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// Where the register keeps its key, its id, its request count and its offline sales
    #[arg(long, default_value = "register.json")]
    state: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Enrol with the one-time code on standard input
    Enrol(Enrol),
    /// Hold money for a sale
    Authorise(Amount),
    /// Give an authorisation up
    Release(About),
    /// Sell, or with --offline remember a sale for the next batch
    Purchase(Purchase),
    /// Take a sale back
    Undo(About),
    /// Hand out today's orders of a card
    PickUp(Tap),
    /// Send what was sold offline, and list what stayed unpaid
    Batch,
    /// List the cards that changed since this was asked last, or all of them
    Cards,
}

#[derive(Args)]
struct Enrol {
    /// `http://127.0.0.1:8080`
    #[arg(long)]
    server: String,
    /// What staff call it
    #[arg(long, default_value = "Kasse")]
    name: String,
}

#[derive(Args)]
struct Tap {
    /// The UID of the card that was tapped, hexadecimal
    #[arg(long, value_parser = CardUid::parse)]
    card: CardUid,
    /// The id to ask under, if it was asked before
    #[arg(long, value_parser = OperationId::parse)]
    id: Option<OperationId>,
}

#[derive(Args)]
struct Amount {
    #[command(flatten)]
    tap: Tap,
    /// Kroner, `35,00`
    #[arg(long, value_parser = Money::parse)]
    amount: Money,
}

#[derive(Args)]
struct Purchase {
    #[command(flatten)]
    sale: Amount,
    /// What is sold
    #[arg(long, default_value = "Frokost")]
    text: String,
    /// VAT inside the price, in percent
    #[arg(long, default_value_t = 25)]
    vat: u8,
    /// The authorisation it captures
    #[arg(long, value_parser = OperationId::parse)]
    authorisation: Option<OperationId>,
    /// As if the server were out of reach
    #[arg(long)]
    offline: bool,
}

#[derive(Args)]
struct About {
    /// The sale or the authorisation it is about
    #[arg(value_parser = OperationId::parse)]
    about: OperationId,
    /// The id to ask under, if it was asked before
    #[arg(long, value_parser = OperationId::parse)]
    id: Option<OperationId>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether it was done.
fn run(cli: &Cli) -> Result<bool> {
    if let Command::Enrol(asked) = &cli.command {
        return enrol(cli, asked);
    }
    let mut till = Till::open(State::read(&cli.state)?)?;
    match &cli.command {
        Command::Enrol(_) => Ok(true),
        Command::Authorise(asked) => {
            let id = shown(asked.tap.id)?;
            let request = AuthorisationRequest { id, card_uid: asked.tap.card.clone(), amount: asked.amount };
            let answer: Answer = till.post("/v1/authorisations", &request)?;
            Ok(say("RESERVERET", &answer.outcome))
        }
        Command::Release(asked) => {
            let id = shown(asked.id)?;
            let path = format!("/v1/authorisations/{}/release", asked.about);
            let answer: Answer = till.post(&path, &Release { id })?;
            Ok(say("FRIGIVET", &answer.outcome))
        }
        Command::Purchase(asked) => purchase(&mut till, asked),
        Command::Undo(asked) => {
            let id = shown(asked.id)?;
            let answer: Answer = till.post(&format!("/v1/purchases/{}/undo", asked.about), &Undo { id })?;
            Ok(say("FORTRUDT", &answer.outcome))
        }
        Command::PickUp(asked) => {
            let request = PickUpRequest { id: shown(asked.id)?, card_uid: asked.card.clone() };
            let answer: PickUpAnswer = till.post("/v1/pick-ups", &request)?;
            println!("{}", show::pick_up(&answer));
            Ok(!matches!(answer.outcome, Outcome::Refused(_)))
        }
        Command::Batch => batch(&mut till),
        Command::Cards => cards(&mut till),
    }
}

fn enrol(cli: &Cli, asked: &Enrol) -> Result<bool> {
    let mut code = String::new();
    std::io::stdin().lock().read_line(&mut code).context("the code on standard input could not be read")?;
    // The key is on disk before the code is used: the same code with the same key enrols the same register again.
    let state = if cli.state.exists() { State::read(&cli.state)? } else { State::create(&cli.state, &asked.server)? };
    println!("TILMELDT {}", till::enrol(state, code.trim(), &asked.name)?);
    Ok(true)
}

fn purchase(till: &mut Till, asked: &Purchase) -> Result<bool> {
    let sale = PurchaseRequest {
        id: shown(asked.sale.tap.id)?,
        card_uid: asked.sale.tap.card.clone(),
        amount: asked.sale.amount,
        vat_percent: asked.vat,
        text: asked.text.clone(),
        authorisation: asked.authorisation,
    };
    if asked.offline {
        till.state.offline.push(OfflinePurchase { claimed_at: jiff::Timestamp::now(), purchase: sale });
        till.state.save()?;
        println!("SOLGT OFFLINE");
        return Ok(true);
    }
    let answer: PurchaseAnswer = till.post("/v1/purchases", &sale)?;
    Ok(say("BETALT", &answer.outcome))
}

/// Sends what was sold offline, oldest first. What is refused stays on the list of unpaid sales, for staff.
fn batch(till: &mut Till) -> Result<bool> {
    while !till.state.offline.is_empty() {
        let most = till.state.offline.len().min(PurchaseBatch::MOST);
        let purchases = till.state.offline[..most].to_vec();
        let answer: PurchaseBatchAnswer = till.post("/v1/purchase-batches", &PurchaseBatch { purchases })?;
        anyhow::ensure!(answer.answers.len() == most, "the server answered {} of {most} sales", answer.answers.len());
        for (sale, Answer { id, outcome }) in till.state.offline.drain(..most).zip(answer.answers) {
            println!("id {id}\n{}", show::outcome("BETALT", &outcome));
            if matches!(outcome, Outcome::Refused(_)) {
                till.state.unpaid.push(sale);
            }
        }
        till.state.save()?;
    }
    println!("UBETALTE SALG: {}", till.state.unpaid.len());
    Ok(till.state.unpaid.is_empty())
}

/// What the server says of cards since the last time, page by page.
fn cards(till: &mut Till) -> Result<bool> {
    loop {
        let changes: TillChanges = till.get(&format!("/v1/changes?after={}", till.state.cursor))?;
        changes.cards.iter().for_each(|card| println!("{}", show::card(card)));
        till.state.cursor = changes.cursor;
        till.state.save()?;
        if !changes.more {
            return Ok(true);
        }
    }
}

/// The id it is asked under, shown before it is asked.
fn shown(id: Option<OperationId>) -> Result<OperationId> {
    let id = id.map_or_else(till::new_id, Ok)?;
    println!("id {id}");
    Ok(id)
}

fn say(done: &str, outcome: &Outcome) -> bool {
    println!("{}", show::outcome(done, outcome));
    !matches!(outcome, Outcome::Refused(_))
}
