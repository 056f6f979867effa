//! `sync-server`: the command line.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use madkort_protocol::{DeviceKind, SchoolId, check_text};
use sync_server::payments::{Payments, Sandbox};
use sync_server::store::{self, DatabaseUrl, NewCode};
use sync_server::{AppState, Clock, danish, demo, enrolment};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// The central server of Madkort: schools' books, devices and payments.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer devices until SIGTERM or SIGINT; logs JSON lines to standard output
    Serve(Serve),
    /// Create the database, or bring its schema up to date
    Migrate(Database),
    /// Fill an empty database with a fictional school
    DemoData(DemoData),
    /// Re-add every balance and name the first thing that is wrong
    Verify(Database),
    /// Print a one-time code that lets one device in
    EnrolCode(EnrolCode),
}

#[derive(Debug, Args)]
struct Database {
    /// Where the books are: sqlite:PATH or postgres://USER@HOST/DATABASE
    #[arg(long = "database", env = "MADKORT_DATABASE", hide_env_values = true, default_value = "sqlite:madkort.db")]
    url: DatabaseUrl,
}

#[derive(Debug, Args)]
struct Serve {
    #[command(flatten)]
    database: Database,
    /// The address to listen on; port 0 takes a free one and the log says which
    #[arg(long, env = "MADKORT_LISTEN", default_value = "127.0.0.1:8080")]
    listen: String,
    /// How a telephone reaches this server, for payment pages; without it, the address it listens on
    #[arg(long, env = "MADKORT_PUBLIC_URL")]
    public_url: Option<String>,
}

#[derive(Debug, Args)]
struct DemoData {
    #[command(flatten)]
    database: Database,
    /// The day the demo is about, yyyy-mm-dd; without it, today in Denmark
    #[arg(long)]
    today: Option<jiff::civil::Date>,
    /// Print what was made as JSON instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct EnrolCode {
    #[command(flatten)]
    database: Database,
    /// What the code lets in
    #[arg(long, value_enum)]
    kind: Kind,
    /// For whom it is made out
    #[arg(long)]
    name: String,
    /// The school, where the database has several
    #[arg(long, value_parser = SchoolId::parse)]
    school: Option<SchoolId>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Kiosk,
    Register,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Serve(asked) => serve(asked).await.map(|()| ExitCode::SUCCESS),
        Command::Migrate(database) => migrate(&database.url).map(|()| ExitCode::SUCCESS),
        Command::DemoData(asked) => demo_data(asked).await.map(|()| ExitCode::SUCCESS),
        Command::Verify(database) => verify(&database.url).await,
        Command::EnrolCode(asked) => enrol_code(asked).await.map(|()| ExitCode::SUCCESS),
    }
}

async fn serve(asked: Serve) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().json().with_env_filter(filter).init();
    let store = store::open(&asked.database.url)?;
    let sandbox = Arc::new(Sandbox::open(&sandbox_path(&asked.database.url))?);
    let listener =
        TcpListener::bind(&asked.listen).await.with_context(|| format!("cannot listen on {}", asked.listen))?;
    let address = listener.local_addr().context("the listener has no address")?;
    let public_url = asked.public_url.unwrap_or_else(|| format!("http://{address}"));
    let payments = Payments::with_sandbox(store.clone(), sandbox, &public_url);
    let state = AppState::new(store, Clock::new(Timestamp::now), payments);
    stop_on_signal(state.clone())?;
    tracing::info!(%address, "listening");
    sync_server::serve(listener, state).await.context("the server stopped")?;
    tracing::info!("stopped");
    Ok(())
}

fn stop_on_signal(state: AppState) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        state.stop();
    });
    Ok(())
}

fn migrate(url: &DatabaseUrl) -> anyhow::Result<()> {
    let (before, now) = store::migrate(url)?;
    println!("schema {now} (was {before})");
    Ok(())
}

async fn demo_data(asked: DemoData) -> anyhow::Result<()> {
    let store = store::open(&asked.database.url)?;
    let sandbox = Sandbox::open(&sandbox_path(&asked.database.url))?;
    let today = asked.today.unwrap_or_else(|| danish::day_of(Timestamp::now()));
    let demo = demo::load(&*store, &sandbox, today).await?;
    if asked.json {
        println!("{}", serde_json::to_string_pretty(&demo)?);
    } else {
        print!("{}", demo::table(&demo));
    }
    Ok(())
}

async fn verify(url: &DatabaseUrl) -> anyhow::Result<ExitCode> {
    let store = store::open(url)?;
    match store.verify(Timestamp::now()).await? {
        Ok(audited) => {
            println!(
                "the books are right: {} entries of {} transactions in {} books",
                audited.entries, audited.transactions, audited.books
            );
            Ok(ExitCode::SUCCESS)
        }
        Err(broken) => {
            eprintln!("the books are wrong: {broken}");
            Ok(ExitCode::FAILURE)
        }
    }
}

async fn enrol_code(asked: EnrolCode) -> anyhow::Result<()> {
    let store = store::open(&asked.database.url)?;
    let schools = store.schools().await?;
    let school = match (asked.school, schools.as_slice()) {
        (None, [only]) => only.id,
        (Some(id), all) if all.iter().any(|school| school.id == id) => id,
        (None, []) => bail!("there is no school in the database"),
        (None, _) => bail!("there are several schools: say which with --school"),
        (Some(_), _) => bail!("there is no such school"),
    };
    let kind = match asked.kind {
        Kind::Kiosk => DeviceKind::Kiosk,
        Kind::Register => DeviceKind::Register,
    };
    let name = check_text(&asked.name, 40)?;
    let code = enrolment::new_code()?;
    let expires_at = Timestamp::now().checked_add(enrolment::VALID)?;
    store.add_enrolment_code(NewCode { hash: enrolment::hash(&code), school, kind, name, expires_at }).await?;
    println!("{code}");
    Ok(())
}

/// The sandbox keeps its books beside ours, never among them.
fn sandbox_path(database: &DatabaseUrl) -> PathBuf {
    match database {
        DatabaseUrl::Sqlite(path) => path.with_extension("sandbox.db"),
        DatabaseUrl::Postgres(_) => "madkort.sandbox.db".into(),
    }
}
