//! A server under load: started, asked where it listens, watched, ended.
//!
//! **Invariant:** it ends with its [`Child`].

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// Names the folder of the programs under test, as for the stories.
const BIN_DIR: &str = "MADKORT_BIN_DIR";
/// How long a server may take to say where it listens: it may have books of some gigabytes to open.
const PATIENCE: Duration = Duration::from_mins(1);
const MIB: f64 = 1024.0;

/// A running server.
pub struct Child {
    process: std::process::Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Child {
    /// The real server, on books that are there.
    pub fn server(database: &str, folder: &Path) -> Result<Self> {
        let program = program("sync-server")?;
        Self::start(
            Command::new(program)
                .args(["serve", "--listen", "127.0.0.1:0"])
                .env("MADKORT_DATABASE", database)
                .env("MADKORT_GATEWAY", "sandbox")
                .current_dir(folder),
        )
    }

    /// The bare endpoint: this very program, on new books.
    pub fn bare(database: &str) -> Result<Self> {
        Self::start(Command::new(std::env::current_exe()?).args(["bare", "--database", database]))
    }

    /// Its resident memory now, in MiB.
    pub fn resident(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let kib = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.trim().parse().ok());
        kib.map(|kib: f64| kib / MIB).context("VmRSS")
    }

    fn start(command: &mut Command) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{program} could not be started"))?;
        let (sender, found) = channel();
        let out = process.stdout.take().context("no output")?;
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if let Some(address) = address_in(&line) {
                    // Only the first is waited for.
                    let _ = sender.send(address);
                }
            }
        });
        let address = found.recv_timeout(PATIENCE);
        if address.is_err() {
            let _ = process.kill();
        }
        let address = address.with_context(|| format!("{program} did not say where it listens"))?;
        Ok(Self { process, address })
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Already ended is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A program of the house: in the folder that is named, or beside this one.
pub fn program(name: &str) -> Result<PathBuf> {
    let beside = std::env::current_exe()?.parent().map(PathBuf::from).unwrap_or_default();
    let path = std::env::var_os(BIN_DIR).map_or(beside, PathBuf::from).join(name);
    ensure!(path.is_file(), "there is no {}: build it, or set {BIN_DIR}", path.display());
    Ok(path)
}

/// `… 127.0.0.1:4711 …`, wherever in a line.
fn address_in(line: &str) -> Option<SocketAddr> {
    line.split(|c: char| c.is_whitespace() || "\"',/=".contains(c))
        .filter_map(|word| word.parse::<SocketAddr>().ok())
        .find(|address| address.port() != 0)
}
