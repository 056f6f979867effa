//! `sync-server`: the command line.

// The comments on arguments are the help text, where backticks would be read as they stand.
#![allow(clippy::doc_markdown)]

mod office;

use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use madkort_protocol::{DeviceId, DeviceKind, Language, SchoolId, check_text};
use sync_server::card_list::{self, Line};
use sync_server::config::{Config, EXAMPLE, Flags, Gateway};
use sync_server::cpr::{Cpr as CprNumber, CprKey};
use sync_server::mail::Mailer;
use sync_server::payments::{Payments, Sandbox};
use sync_server::price_list::Torn;
use sync_server::store::{self, Audited, DatabaseUrl, Listed, NewCode, Store, StoreError};
use sync_server::{AppState, Clock, Limits, danish, demo, enrolment, logging};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use zeroize::Zeroizing;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The exit code of a process that a second signal ended: 128 and SIGINT's number, as shells have it.
const CUT_SHORT: i32 = 130;

/// The central server of Madkort: schools' books, devices and payments.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answer devices until SIGTERM or SIGINT; logs to standard output
    Serve(Box<Serve>),
    /// Create the database, or bring its schema up to date; with --from, move a ledger into it
    Migrate(Migrate),
    /// Copy the ledger into a new SQLite file while it is in use, and prove the copy
    Backup(Backup),
    /// Fill an empty database with a fictional school
    DemoData(DemoData),
    /// Re-add every balance and name the first thing that is wrong
    Verify(Place),
    /// Print a one-time code that lets one device in
    EnrolCode(EnrolCode),
    /// Shut a device out for good
    RevokeDevice(RevokeDevice),
    /// Say who pays what from now on: lines of CARD-NUMBER;paid|reduced|free on standard input, all of them or none
    PriceClasses(OfSchool),
    /// CPR numbers, which no school keeps unless it says so: turn them on or off, or read a list of them
    #[command(subcommand)]
    Cpr(Cpr),
    /// Block a card, open it again, or put a new one in its place
    #[command(subcommand)]
    Card(office::Card),
    /// Say what a bare tap opens at a school, from now on: what each card says, or nothing before its code
    #[command(subcommand)]
    TapPolicy(office::Tap),
    /// Print what was done to somebody and by whom: a card number, or the id of a person, a device or the school, on standard input
    Deeds(office::Deeds),
    /// Print what the kitchen cooks for a day: portions, comments, and what to mind, by the orders' numbers and without names
    KitchenList(office::KitchenList),
    /// Look at the configuration
    #[command(subcommand)]
    Config(About),
}

#[derive(Subcommand)]
enum About {
    /// Read it as serve would, say what is in force and everything that is wrong
    Check(Box<Serve>),
    /// Print a configuration file with every key at its default
    ShowExample,
}

#[derive(Subcommand)]
enum Cpr {
    /// Let the school's CPR numbers be kept, encrypted
    On(OfSchool),
    /// Keep none any more, and forget those there are
    Off(OfSchool),
    /// Put CPR numbers: lines of CARD-NUMBER;CPR-NUMBER on standard input, all of them or none; with nothing behind the semicolon it
    /// is forgotten
    List(CprList),
}

/// Where the books are.
#[derive(Args)]
struct Place {
    /// A configuration file [env: MADKORT_CONFIG]
    #[arg(long)]
    config: Option<PathBuf>,
    /// The database: sqlite:PATH or postgres://USER@HOST/NAME [env: MADKORT_DATABASE]
    #[arg(long)]
    database: Option<String>,
    /// A file that holds the database's address, for one with a password [env: MADKORT_DATABASE_FILE]
    #[arg(long)]
    database_file: Option<String>,
}

#[derive(Args)]
struct Serve {
    #[command(flatten)]
    place: Place,
    /// The address to listen on; port 0 takes a free one and the log says which [env: MADKORT_LISTEN]
    #[arg(long)]
    listen: Option<String>,
    /// How a telephone reaches this server, for payment pages [env: MADKORT_PUBLIC_URL]
    #[arg(long)]
    public_url: Option<String>,
    /// Who takes payments: none or sandbox [env: MADKORT_GATEWAY]
    #[arg(long)]
    gateway: Option<String>,
    /// How the log looks: json or text [env: MADKORT_LOG_FORMAT]
    #[arg(long)]
    log_format: Option<String>,
    /// What is logged, such as info or info,sync_server=debug [env: MADKORT_LOG_FILTER]
    #[arg(long)]
    log_filter: Option<String>,
    /// Where Prometheus reads /metrics, a loopback address [env: MADKORT_METRICS_LISTEN]
    #[arg(long)]
    metrics_listen: Option<String>,
    /// The mail server, smtps://USER@HOST or smtp://USER@HOST [env: MADKORT_SMTP_URL]
    #[arg(long)]
    smtp_url: Option<String>,
    /// A file that holds the password of the mail server's user [env: MADKORT_SMTP_PASSWORD_FILE]
    #[arg(long)]
    smtp_password_file: Option<String>,
    /// Who letters are from [env: MADKORT_SMTP_FROM]
    #[arg(long)]
    smtp_from: Option<String>,
    /// A file of certificates, of which one must have signed the mail server's [env: MADKORT_SMTP_CA_FILE]
    #[arg(long)]
    smtp_ca_file: Option<String>,
    /// A file that holds the key CPR numbers are encrypted under [env: MADKORT_CPR_KEY_FILE]
    #[arg(long)]
    cpr_key_file: Option<String>,
    /// Connections at once [env: MADKORT_CONNECTIONS]
    #[arg(long)]
    connections: Option<String>,
}

#[derive(Args)]
struct Migrate {
    #[command(flatten)]
    place: Place,
    /// A ledger, sqlite:PATH, to be moved into the empty database; the file is closed for good
    #[arg(long)]
    from: Option<String>,
}

#[derive(Args)]
struct Backup {
    #[command(flatten)]
    place: Place,
    /// The file to be made; it is opened, or moved into any database, as any other ledger
    #[arg(long)]
    to: PathBuf,
}

#[derive(Args)]
struct DemoData {
    #[command(flatten)]
    place: Place,
    /// The day the demo is about, yyyy-mm-dd; without it, today in Denmark
    #[arg(long)]
    today: Option<jiff::civil::Date>,
    /// Print what was made as JSON instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct EnrolCode {
    #[command(flatten)]
    place: Place,
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

#[derive(Args)]
struct OfSchool {
    #[command(flatten)]
    place: Place,
    /// The school, where the database has several
    #[arg(long, value_parser = SchoolId::parse)]
    school: Option<SchoolId>,
}

#[derive(Args)]
struct CprList {
    #[command(flatten)]
    of: OfSchool,
    /// A file that holds the key they are encrypted under [env: MADKORT_CPR_KEY_FILE]
    #[arg(long)]
    cpr_key_file: Option<String>,
}

#[derive(Args)]
struct RevokeDevice {
    #[command(flatten)]
    place: Place,
    /// Which, by the id in its request log and in the server's
    #[arg(long, value_parser = DeviceId::parse)]
    device: DeviceId,
}

impl Place {
    fn flags(self) -> Flags {
        Flags { config: self.config, values: vec![("database", self.database), ("database_file", self.database_file)] }
    }

    fn read(self) -> anyhow::Result<Config> {
        read(&self.flags())
    }
}

impl Serve {
    fn flags(self) -> Flags {
        let mut flags = self.place.flags();
        flags.values.extend([
            ("listen", self.listen),
            ("public_url", self.public_url),
            ("gateway", self.gateway),
            ("log_format", self.log_format),
            ("log_filter", self.log_filter),
            ("metrics_listen", self.metrics_listen),
            ("smtp_url", self.smtp_url),
            ("smtp_password_file", self.smtp_password_file),
            ("smtp_from", self.smtp_from),
            ("smtp_ca_file", self.smtp_ca_file),
            ("cpr_key_file", self.cpr_key_file),
            ("connections", self.connections),
        ]);
        flags
    }
}

fn read(flags: &Flags) -> anyhow::Result<Config> {
    let environment = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    Ok(Config::load(flags, &environment)?)
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Kiosk,
    Register,
}

#[tokio::main]
async fn main() -> ExitCode {
    match carry_out(Cli::parse().command).await {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// Says what staff can do about a database that does not work, in Danish and in English, and then what there is to know.
fn complain(error: &anyhow::Error) {
    if let Some(error) = error.chain().find_map(|cause| cause.downcast_ref::<StoreError>()) {
        say_of_database(error);
    }
    eprintln!("Error: {error:?}");
}

fn say_of_database(error: &StoreError) {
    for language in [Language::Danish, Language::English] {
        eprintln!("{}", error.sentence(language));
    }
}

async fn carry_out(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(asked) => serve(read(&asked.flags())?).await.map(|()| ExitCode::SUCCESS),
        Command::Migrate(asked) => migrate(asked).map(|()| ExitCode::SUCCESS),
        Command::Backup(asked) => back_up(asked).map(|()| ExitCode::SUCCESS),
        Command::DemoData(asked) => demo_data(asked).await.map(|()| ExitCode::SUCCESS),
        Command::Verify(place) => verify(&place.read()?).await,
        Command::EnrolCode(asked) => enrol_code(asked).await.map(|()| ExitCode::SUCCESS),
        Command::RevokeDevice(asked) => revoke_device(asked).await.map(|()| ExitCode::SUCCESS),
        Command::PriceClasses(asked) => price_classes(asked).await.map(|()| ExitCode::SUCCESS),
        Command::Cpr(asked) => cpr(asked).await.map(|()| ExitCode::SUCCESS),
        Command::Card(asked) => office::card(asked).await.map(|()| ExitCode::SUCCESS),
        Command::TapPolicy(asked) => office::tap(asked).await.map(|()| ExitCode::SUCCESS),
        Command::Deeds(asked) => office::deeds(asked).await.map(|()| ExitCode::SUCCESS),
        Command::KitchenList(asked) => office::kitchen_list(asked).await.map(|()| ExitCode::SUCCESS),
        Command::Config(About::Check(asked)) => Ok(check(&asked.flags()).await),
        Command::Config(About::ShowExample) => {
            print!("{EXAMPLE}");
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    tracing::subscriber::set_global_default(logging::subscriber(&config.log, std::io::stdout))?;
    let store = store::open(&config.database)?;
    let (listener, address) = bind(&config.listen).await?;
    let public_url = config.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    let payments = match config.gateway {
        Gateway::None => Payments::not_set_up(store.clone()),
        Gateway::Sandbox => {
            Payments::with_sandbox(store.clone(), Arc::new(Sandbox::open(&config.sandbox_file())?), &public_url)
        }
    };
    let limits = Limits { connections: config.connections, ..Limits::default() };
    let mut state = AppState::new(store.clone(), Clock::new(Timestamp::now), payments)
        .with_limits(limits)
        .with_rates(config.rates)
        .reached_at(&public_url);
    if let Some(smtp) = &config.smtp {
        let mailer = Mailer::new(store, smtp)?.reached_at(&public_url).with_payments(state.payments.clone());
        state = state.with_mailer(mailer);
    }
    stop_on_signal(state.clone())?;
    if let Some(wanted) = &config.metrics_listen {
        let (metrics, address) = bind(wanted).await?;
        tracing::info!(%address, "metrics");
        tokio::spawn(sync_server::serve_metrics(metrics, state.clone()));
    }
    tracing::info!(%address, gateway = ?config.gateway, "listening");
    sync_server::serve(listener, state).await.context("the server stopped")?;
    tracing::info!("stopped");
    Ok(())
}

async fn bind(wanted: &SocketAddr) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(wanted).await.with_context(|| format!("cannot listen on {wanted}"))?;
    let address = listener.local_addr().context("the listener has no address")?;
    Ok((listener, address))
}

fn stop_on_signal(state: AppState) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    tokio::spawn(async move {
        either(&mut terminate, &mut interrupt).await;
        tracing::info!("stopping");
        state.stop();
        // Who asks twice does not want to wait. The books are made for it.
        either(&mut terminate, &mut interrupt).await;
        tracing::warn!("stopped at once");
        std::process::exit(CUT_SHORT);
    });
    Ok(())
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}

/// Says everything that can be known without serving.
async fn check(flags: &Flags) -> ExitCode {
    let config = match read(flags) {
        Ok(config) => config,
        Err(problems) => {
            eprintln!("{problems}");
            return ExitCode::FAILURE;
        }
    };
    print!("{}", config.effective());
    if config.smtp.is_none() {
        println!("no mail server: letters are written and wait");
    }
    let books = match store::open(&config.database) {
        Ok(store) => match store.alive().await {
            Ok(()) => opens_every_cpr(&*store, config.cpr_key.as_ref()).await,
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    match books {
        Ok(true) => {
            println!("the configuration is right, and the database is there");
            ExitCode::SUCCESS
        }
        Ok(false) => {
            eprintln!("the key in cpr_key_file does not open the CPR numbers there are");
            ExitCode::FAILURE
        }
        Err(error) => {
            say_of_database(&error);
            eprintln!(
                "the configuration can be read, and the database cannot be used: {:#}",
                anyhow::Error::from(error)
            );
            ExitCode::FAILURE
        }
    }
}

/// Whether a key, if there is one, is the one that each school's CPR numbers were sealed under.
async fn opens_every_cpr(store: &dyn Store, key: Option<&CprKey>) -> Result<bool, StoreError> {
    let Some(key) = key else { return Ok(true) };
    for school in store.schools().await? {
        if let Some((person, sealed)) = store.a_sealed_cpr(school.id).await?
            && key.open((school.id, person), &sealed).is_err()
        {
            return Ok(false);
        }
    }
    Ok(true)
}

fn migrate(asked: Migrate) -> anyhow::Result<()> {
    let config = asked.place.read()?;
    let Some(from) = asked.from else {
        let (before, now) = store::migrate(&config.database)?;
        println!("schema {now} (was {before})");
        return Ok(());
    };
    let DatabaseUrl::Sqlite(from) = DatabaseUrl::parse(&from)? else { bail!("--from must be sqlite:PATH") };
    let audited = store::move_ledger(&from, &config.database, Timestamp::now())?;
    println!("moved to {}: {}", config.database, figures(&audited));
    Ok(())
}

fn back_up(asked: Backup) -> anyhow::Result<()> {
    let config = asked.place.read()?;
    let audited = store::back_up(&config.database, &asked.to, Timestamp::now())?;
    println!("copied to {}: {}", asked.to.display(), figures(&audited));
    Ok(())
}

fn figures(audited: &Audited) -> String {
    let Audited { entries, transactions, books, .. } = audited;
    format!("{entries} entries of {transactions} transactions in {books} books")
}

async fn demo_data(asked: DemoData) -> anyhow::Result<()> {
    let config = asked.place.read()?;
    let store = store::open(&config.database)?;
    let sandbox = Sandbox::open(&config.sandbox_file())?;
    let today = asked.today.unwrap_or_else(|| danish::day_of(Timestamp::now()));
    let demo = demo::load(&*store, &sandbox, today).await?;
    if asked.json {
        println!("{}", serde_json::to_string_pretty(&demo)?);
    } else {
        print!("{}", demo::table(&demo));
    }
    Ok(())
}

async fn verify(config: &Config) -> anyhow::Result<ExitCode> {
    let store = store::open(&config.database)?;
    match store.verify(Timestamp::now()).await? {
        Ok(audited) => {
            println!("the books are right: {}", figures(&audited));
            for head in audited.heads {
                println!("school {}: {} transactions up to {}", head.school, head.transactions, hex::encode(head.hash));
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(broken) => {
            eprintln!("the books are wrong: {broken}");
            Ok(ExitCode::FAILURE)
        }
    }
}

async fn enrol_code(asked: EnrolCode) -> anyhow::Result<()> {
    let store = store::open(&asked.place.read()?.database)?;
    let school = which_school(&*store, asked.school).await?;
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

async fn which_school(store: &dyn Store, asked: Option<SchoolId>) -> anyhow::Result<SchoolId> {
    let schools = store.schools().await?;
    match (asked, schools.as_slice()) {
        (None, [only]) => Ok(only.id),
        (Some(id), all) if all.iter().any(|school| school.id == id) => Ok(id),
        (None, []) => bail!("there is no school in the database"),
        (None, _) => bail!("there are several schools: say which with --school"),
        (Some(_), _) => bail!("there is no such school"),
    }
}

async fn price_classes(asked: OfSchool) -> anyhow::Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("cannot read the list")?;
    let list = card_list::read(&text)?;
    let store = store::open(&asked.place.read()?.database)?;
    let school = which_school(&*store, asked.school).await?;
    let cards = list.len();
    let lines: Vec<usize> = list.iter().map(|line| line.line).collect();
    let list = list.into_iter().map(|Line { card, said, .. }| (card, said)).collect();
    match store.set_price_classes(school, list, Timestamp::now()).await? {
        Listed::Set => {}
        Listed::Unknown(unknown) => bail!(
            "{} of {cards} cards are not of this school or have no account of their own: nothing was changed",
            unknown.len()
        ),
        Listed::Torn(line, other) => return Err(Torn { line: lines[line], other: lines[other] }.into()),
    }
    println!("{cards} cards have their price class");
    Ok(())
}

async fn cpr(asked: Cpr) -> anyhow::Result<()> {
    let (of, on) = match asked {
        Cpr::List(asked) => return cpr_list(asked).await,
        Cpr::On(of) => (of, true),
        Cpr::Off(of) => (of, false),
    };
    let store = store::open(&of.place.read()?.database)?;
    let school = which_school(&*store, of.school).await?;
    let forgotten = store.turn_cpr(school, on, Timestamp::now()).await?.context("there is no such school")?;
    match (on, forgotten) {
        (true, _) => println!("CPR numbers may be kept"),
        (false, 1) => println!("CPR numbers are not kept any more; 1 number was forgotten"),
        (false, forgotten) => println!("CPR numbers are not kept any more; {forgotten} numbers were forgotten"),
    }
    Ok(())
}

async fn cpr_list(asked: CprList) -> anyhow::Result<()> {
    let mut text = Zeroizing::new(String::new());
    std::io::stdin().read_to_string(&mut text).context("cannot read the list")?;
    let mut flags = asked.of.place.flags();
    flags.values.push(("cpr_key_file", asked.cpr_key_file));
    let config = read(&flags)?;
    let key =
        config.cpr_key.as_ref().context("cpr_key_file must say where the key is that they are encrypted under")?;
    let list = card_list::read::<Option<CprNumber>>(&text)?;
    let store = store::open(&config.database)?;
    let school = which_school(&*store, asked.of.school).await?;
    if !opens_every_cpr(&*store, Some(key)).await? {
        bail!("the key in cpr_key_file does not open the CPR numbers there are: nothing was changed");
    }
    let cards = list.len();
    let holders = store.holders(school, list.iter().map(|line| line.card.clone()).collect()).await?;
    let mut sealed = Vec::new();
    for (person, line) in holders.into_iter().zip(list) {
        let Some(person) = person else { continue };
        sealed.push((person, line.said.map(|cpr| key.seal((school, person), &cpr)).transpose()?));
    }
    if sealed.len() < cards {
        bail!("{} of {cards} cards are not of this school: nothing was changed", cards - sealed.len());
    }
    if !store.put_cpr(school, sealed, Timestamp::now()).await? {
        bail!("CPR numbers are not turned on for this school (sync-server cpr on): nothing was changed");
    }
    println!("{cards} {} what the list says", if cards == 1 { "card has" } else { "cards have" });
    Ok(())
}

async fn revoke_device(asked: RevokeDevice) -> anyhow::Result<()> {
    let store = store::open(&asked.place.read()?.database)?;
    if !store.revoke(asked.device, Timestamp::now()).await? {
        bail!("there is no device {}", asked.device);
    }
    println!("{} is shut out", asked.device);
    Ok(())
}
