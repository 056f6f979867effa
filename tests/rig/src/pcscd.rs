//! A card service of its own: the real pcscd with a virtual reader of two slots (`vsmartcard-vpcd`).
//!
//! Only one pcscd can run on `/run/pcscd`, so each of ours gets a mount namespace in which `/run` is empty and
//! `/run/pcscd` is a folder of the rig. The socket appears in that folder on the outside too. What is run:
//!
//! ```text
//! cd DIR/run
//! unshare -m sh -c '                     as root; any other user: unshare -Urm, a user namespace as well
//!     mount -t tmpfs none /run           hides the machine's own pcscd
//!     mkdir /run/pcscd
//!     mount --bind . /run/pcscd          "." still is DIR/run, even if DIR was below /run
//!     exec pcscd --foreground --info -c DIR/reader'
//! ```
//!
//! `DIR/reader` holds one reader file with a port of its own: `DEVICENAME /dev/null:0xPORT`, `CHANNELID 0xPORT`. The
//! second slot listens on the next port. Clients find the socket through the variable `PCSCLITE_CSOCK_NAME`
//! ([`Pcscd::env`]); the client library reads it once per process, so give it to a child and do not set it in the test.
//!
//! **Invariant:** a started service takes clients, and its ports are its own; it ends with its [`Pcscd`].

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::process::{PATIENCE, Process, run};

/// The first slot's name, as clients see it.
pub const FIRST_READER: &str = "Virtual PCD 00 00";
/// The second slot's name.
pub const SECOND_READER: &str = "Virtual PCD 00 01";

/// Ports to choose from: below those that the kernel gives to outgoing connections (32768 on Linux), which could take
/// a port between two starts.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
/// Ports tried before giving up: another rig may be choosing at the same moment.
const PORT_TRIES: u32 = 20;

/// Where Debian installs the driver of vpcd.
const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";
/// In 2.3 and newer: polkit knows no seat in a test. Older ones do not know the option.
const NO_POLKIT: &str = "--disable-polkit";

/// How long the service may take to notice a card: it looks every 400 ms.
const NOTICE: Duration = Duration::from_secs(3);

const IN_NAMESPACE: &str =
    "mount -t tmpfs none /run && mkdir /run/pcscd && mount --bind . /run/pcscd && exec pcscd \"$@\"";

/// Between its last line and its socket the service takes microseconds; asked this often, at most [`SOCKET_TRIES`] times.
const SOCKET_PACE: Duration = Duration::from_millis(10);
const SOCKET_TRIES: u32 = 1000;

/// A running (or stopped) card service.
pub struct Pcscd {
    dir: PathBuf,
    port: u16,
    process: Option<Process>,
}

/// Why it did not start.
enum Failure {
    PortTaken,
    Other(anyhow::Error),
}

impl Pcscd {
    /// Starts a service with a virtual reader, keeping its files in `dir`, which it creates.
    pub fn start(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir)
            .and_then(|()| dir.canonicalize())
            .with_context(|| format!("making {}", dir.display()))?;
        let dir = dir.canonicalize()?;
        for folder in ["run", "reader", "no-reader"] {
            fs::create_dir_all(dir.join(folder)).with_context(|| format!("making {folder}"))?;
        }
        ensure!(Path::new(DRIVER).exists(), "no {DRIVER}: apt-get install pcscd vsmartcard-vpcd");
        let mut service = Self { dir, port: 0, process: None };
        for _ in 0..PORT_TRIES {
            service.port = free_ports()?;
            fs::write(service.dir.join("reader/virtual"), reader_file(service.port))
                .context("writing the reader file")?;
            match service.spawn("reader") {
                Ok(()) => return Ok(service),
                Err(Failure::PortTaken) => {}
                Err(Failure::Other(error)) => return Err(error),
            }
        }
        bail!("found no free port for a virtual reader in {PORT_TRIES} tries")
    }

    /// The socket of the service, there while it runs.
    pub fn socket(&self) -> PathBuf {
        self.dir.join("run/pcscd.comm")
    }

    /// The port of the first slot ([`FIRST_READER`]); the second slot has the next one.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The variable through which a client process finds this service.
    pub fn env(&self) -> (&'static str, PathBuf) {
        ("PCSCLITE_CSOCK_NAME", self.socket())
    }

    /// Waits until the service says that it has noticed a card coming (or going). `false` if it does not say so in time: it is not
    /// running, or the card was there too short a time to be seen.
    pub fn wait_noticed(&self, coming: bool) -> bool {
        let word = if coming { "Card inserted into" } else { "Card Removed From" };
        let Some(process) = &self.process else { return false };
        process.wait_line(word, NOTICE, |line| line.contains(word).then_some(())).is_ok()
    }

    /// Ends the service politely.
    pub fn stop(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.stop())
    }

    /// Ends it as a crash would: its socket stays behind.
    pub fn kill(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.kill9())
    }

    /// Starts it again, after stopping it if it runs, with the reader on the same ports.
    pub fn restart(&mut self) -> Result<()> {
        self.start_again("reader")
    }

    /// The same without a reader: to clients, the reader was unplugged.
    pub fn restart_without_reader(&mut self) -> Result<()> {
        self.start_again("no-reader")
    }

    fn start_again(&mut self, config: &str) -> Result<()> {
        self.stop()?;
        self.spawn(config).map_err(|failure| match failure {
            Failure::PortTaken => anyhow::anyhow!("port {} was taken while the service was stopped", self.port),
            Failure::Other(error) => error,
        })
    }

    fn spawn(&mut self, config: &str) -> Result<(), Failure> {
        let process = Process::start("pcscd", &mut self.command(config)?)?;
        let taken = process.wait_line("that it is ready", PATIENCE, |line| {
            if line.contains("Address already in use") {
                Some(true)
            } else {
                line.contains("daemon ready").then_some(false)
            }
        })?;
        if taken {
            return Err(Failure::PortTaken);
        }
        for _ in 0..SOCKET_TRIES {
            // A socket left by a killed one is there and refuses.
            if UnixStream::connect(self.socket()).is_ok() {
                self.process = Some(process);
                return Ok(());
            }
            let _ = process.wait_line("anything", SOCKET_PACE, |_| Some(()));
        }
        Err(Failure::Other(anyhow::anyhow!("pcscd takes no clients. It said:\n{}", process.tail())))
    }

    fn command(&self, config: &str) -> Result<Command> {
        let path = search_path();
        let mut command = Command::new("unshare");
        command.arg(if rustix::process::geteuid().is_root() { "-m" } else { "-Urm" });
        command.args(["sh", "-c", IN_NAMESPACE, "pcscd", "--foreground", "--info", "-c"]).arg(self.dir.join(config));
        if run("pcscd --help", Command::new("pcscd").arg("--help").env("PATH", &path))?.contains(NO_POLKIT) {
            command.arg(NO_POLKIT);
        }
        command.current_dir(self.dir.join("run")).env("PATH", path);
        Ok(command)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

/// pcscd is in a folder that only root searches.
fn search_path() -> String {
    format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}

fn reader_file(port: u16) -> String {
    format!(
        "FRIENDLYNAME \"Virtual PCD\"\nDEVICENAME /dev/null:0x{port:04X}\nLIBPATH {DRIVER}\nCHANNELID 0x{port:04X}\n"
    )
}

/// The first of two free ports in a row.
fn free_ports() -> Result<u16> {
    for _ in 0..1000 {
        let random = u16::from_be_bytes({
            let mut bytes = [0; 2];
            getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
            bytes
        });
        let port = PORTS.start + random % (PORTS.end - PORTS.start);
        let free = |port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok();
        if free(port) && free(port + 1) {
            return Ok(port);
        }
    }
    bail!("no two free ports in a row between {} and {}", PORTS.start, PORTS.end)
}
