//! The real server on database files of its own, with the demo school in it.
//!
//! **Invariant:** it keeps its port over a restart, so whoever knows the address goes on knowing it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use madkort_protocol::DeviceKind;

use crate::bins::bin;
use crate::device::Device;
use crate::ledger::Ledger;
use crate::mailbox::Mailbox;
use crate::process::{PATIENCE, Process, run, run_told};
use crate::school::School;

/// Who its letters are from.
const SENDER: &str = "madkort@hojager.example";

/// The server.
pub struct Server {
    dir: PathBuf,
    address: SocketAddr,
    process: Option<Process>,
    told: BTreeMap<String, String>,
    school: School,
    mailbox: Mailbox,
}

impl Server {
    /// Makes the database, fills it with the demo school and serves it; `dir` holds the files.
    pub fn start(dir: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (school, mailbox) = (School::default(), Mailbox::open()?);
        let (dir, told) = (dir.to_owned(), BTreeMap::new());
        let mut server = Self { dir, address, process: None, told, school, mailbox };
        run("sync-server migrate", &mut server.command("migrate"))?;
        let told = run("sync-server demo-data", server.command("demo-data").arg("--json"))?;
        server.school = serde_json::from_str(&told).context("what demo-data tells")?;
        server.switch_on()?;
        Ok(server)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Who is at the school.
    pub fn school(&self) -> &School {
        &self.school
    }

    /// The books, read from the file.
    pub fn ledger(&self) -> Ledger {
        Ledger::of(&self.database())
    }

    /// Where its letters go.
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// A one-time enrolment code.
    pub fn enrol_code(&self, kind: DeviceKind, name: &str) -> Result<String> {
        let kind = match kind {
            DeviceKind::Kiosk => "kiosk",
            DeviceKind::Register => "register",
        };
        let mut command = self.command("enrol-code");
        command.args(["--kind", kind, "--name", name]);
        let told = run("sync-server enrol-code", &mut command)?;
        let code = told.lines().map(str::trim).rfind(|line| !line.is_empty());
        Ok(code.with_context(|| format!("no code in {told:?}"))?.to_owned())
    }

    /// A device of the rig's own, enrolled.
    pub fn enrol(&self, kind: DeviceKind, name: &str) -> Result<Device> {
        Device::enrol(self.address, kind, name, &self.enrol_code(kind, name)?)
    }

    /// Serves, on the port it had before if it had one.
    pub fn switch_on(&mut self) -> Result<()> {
        let mut command = self.command("serve");
        command.args(["--gateway", "sandbox", "--listen"]).arg(self.address.to_string());
        command.args(["--smtp-url", &self.mailbox.url(), "--smtp-from", SENDER]);
        command.envs(&self.told);
        let process = Process::start("sync-server", &mut command)?;
        self.address = process.wait_line("where it listens", PATIENCE, address_in)?;
        self.process = Some(process);
        Ok(())
    }

    /// Tells it something else than a school would at first, by the variable of its configuration: it starts anew with it.
    pub fn configure(&mut self, variable: &str, value: &str) -> Result<()> {
        self.told.insert(variable.to_owned(), value.to_owned());
        self.stop()?;
        self.switch_on()
    }

    /// The machine it runs on loses power.
    pub fn kill9(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.kill9())
    }

    /// It is asked to end.
    pub fn stop(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.stop())
    }

    /// Whether it runs.
    pub fn is_on(&self) -> bool {
        self.process.is_some()
    }

    /// Everything it has said since it was switched on.
    pub fn log(&self) -> Vec<String> {
        self.process.as_ref().map(Process::log).unwrap_or_default()
    }

    /// What `verify` says of the books, as their owner would ask.
    pub fn verify(&self) -> Result<String> {
        run("sync-server verify", &mut self.command("verify"))
    }

    /// A command of the office's, which reads what it is about from its standard input; answers what it tells.
    pub fn office(&self, command: &[&str], line: &str) -> Result<String> {
        let (what, rest) = command.split_first().context("no command")?;
        run_told(&format!("sync-server {what}"), self.command(what).args(rest), line)
    }

    fn command(&self, what: &str) -> Command {
        let mut command = Command::new(bin("sync-server"));
        command
            .arg(what)
            .env("MADKORT_DATABASE", format!("sqlite:{}", self.database().display()))
            .current_dir(&self.dir);
        command
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.dir.join("server.db")
    }
}

/// `… 127.0.0.1:4711 …`, wherever in a line.
fn address_in(line: &str) -> Option<SocketAddr> {
    line.split(|c: char| c.is_whitespace() || "\"',/=".contains(c))
        .filter_map(|word| word.parse::<SocketAddr>().ok())
        .find(|address| address.port() != 0)
}
