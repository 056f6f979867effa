//! `make bench`, second part: the server's engines and its HTTP side under load, beside bare limits measured in the same run.
//!
//! Adds to `target/bench.json`, prints the table and writes it to `target/load.md`. Everything it makes lies in `target/load`, on
//! the project's own disk.
//!
//! **Invariant:** every rate stands beside a reference that took turns with it; a run whose purchases were not all posted fails, and so,
//! once everything is told and kept, does one that missed a target.

// Rates, ratios and times of measurements; money is in whole øre here too.
#![allow(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod bare;
mod books;
mod child;
mod drive;
mod engines;
mod fill;
mod grown;
mod machine;
mod over_http;
mod plan;
mod raw;
mod raw_postgres;
mod raw_sqlite;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod raw_tests;

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use madkort_load::figure::{self, Figure};
use madkort_load::postgres::Postgres;

use crate::plan::Plan;

/// Measures the server under load beside the bare limits of the machine.
#[derive(Debug, Parser)]
struct Cli {
    /// About a minute: fewer sizes, shorter rounds, no large file
    #[arg(long)]
    short: bool,
    /// Seconds of one turn of one side
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Turns of each side; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only these parts
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The bare endpoint, started by the measurement itself
    #[command(hide = true)]
    Bare {
        /// Where its new books go
        #[arg(long)]
        database: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The stores without HTTP
    Engines,
    /// Over HTTP
    Http,
    /// With ten million entries on file
    Grown,
    /// Whatever is on SQLite
    Sqlite,
    /// Whatever is on PostgreSQL
    Postgres,
}

#[tokio::main]
async fn main() -> Result<()> {
    let cli = Cli::parse();
    if let Some(Command::Bare { database }) = &cli.command {
        return bare::serve(database).await;
    }
    let target = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target"));
    let kept = target.join("load");
    let folder = kept.join("run");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let syncs = machine::syncs_a_second(&folder)?;
    let mut figures = vec![Figure::beside("bare fsync of 4 KiB", syncs, "a second", syncs)];
    measure(&cli, &folder, &kept, &mut figures).await?;
    let report = format!("{}\n{}", machine::describe(syncs), figure::table(&figures));
    println!("{report}");
    std::fs::write(target.join("load.md"), report)?;
    figure::append(&target.join("bench.json"), &figures)?;
    std::fs::remove_dir_all(&folder)?;
    figure::all_hold(&figures)
}

async fn measure(cli: &Cli, folder: &Path, kept: &Path, figures: &mut Vec<Figure>) -> Result<()> {
    let seconds = if cli.short { cli.seconds.min(1.0) } else { cli.seconds };
    let plan = Plan { round: Duration::from_secs_f64(seconds), rounds: cli.rounds, short: cli.short };
    let sqlite = |name: &str| format!("sqlite:{}", folder.join(name).display());
    if cli.wants(Part::Engines, Part::Sqlite) {
        figures.extend(engines::sqlite(&plan, folder).await?);
    }
    if cli.wants(Part::Http, Part::Sqlite) {
        let (database, raw) = (sqlite("http.db"), sqlite("bare.db"));
        figures.extend(over_http::measure(&plan, "SQLite", &database, &raw, folder).await?);
    }
    if cli.wants(Part::Grown, Part::Sqlite) && !plan.short {
        figures.extend(grown::sqlite(&plan, folder, kept).await?);
    }
    if cli.wants(Part::Engines, Part::Postgres) || cli.wants(Part::Http, Part::Postgres) {
        let server = Postgres::start(&folder.join("postgres"))?;
        if cli.wants(Part::Engines, Part::Postgres) {
            figures.extend(engines::postgres(&plan, &server).await?);
        }
        if cli.wants(Part::Http, Part::Postgres) {
            let (database, raw) = (server.create("http")?, server.create("bare")?);
            figures.extend(over_http::measure(&plan, "PostgreSQL", &database, &raw, folder).await?);
        }
    }
    Ok(())
}

impl Cli {
    /// Whether a part of the work on an engine is wanted: nothing that was said rules it out.
    fn wants(&self, part: Part, engine: Part) -> bool {
        let engines = [Part::Sqlite, Part::Postgres];
        let said = |of: &dyn Fn(&Part) -> bool| self.only.iter().filter(|only| of(only)).count() > 0;
        let part_wanted = !said(&|only| !engines.contains(only)) || self.only.contains(&part);
        let engine_wanted = !said(&|only| engines.contains(only)) || self.only.contains(&engine);
        part_wanted && engine_wanted
    }
}
