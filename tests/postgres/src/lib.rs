//! A real PostgreSQL of one's own: made in a folder, on 127.0.0.1, gone with its owner.
//!
//! As root it runs as the system's `postgres` user, for PostgreSQL refuses root; that user must be able to reach the folder.
//!
//! **Invariant:** it is as durable as a school's (`fsync` and `synchronous_commit` on); nothing of it outlives its [`Postgres`];
//! [`Postgres::kill9`] returns when all of its processes are gone, so what is restarted afterwards is alone with its files.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, geteuid, pidfd_open, pidfd_send_signal};
use tempfile::TempDir;

/// Names the folder of `postgres` and `initdb`, when it is not found by itself.
const BIN_DIR: &str = "MADKORT_POSTGRES_BIN";
/// Where Debian keeps its versions.
const DEBIAN: &str = "/usr/lib/postgresql";
/// The database's superuser; trusted, for only this machine reaches it and only for as long as a test takes.
const USER: &str = "madkort";
/// How long it may take to start: after a kill it first replays its log.
const START: Duration = Duration::from_secs(30);
/// How long it may take to end after a signal.
const END: Duration = Duration::from_secs(20);
/// Ports tried: one that was free a moment ago may be taken by now.
const PORTS: u32 = 5;
/// The longest path of a socket is 107 bytes; the socket's own name takes some.
const SOCKET_FOLDER: usize = 80;
/// What it runs with. The rest is as PostgreSQL comes.
const SETTINGS: &[&str] =
    &["fsync=on", "synchronous_commit=on", "full_page_writes=on", "max_connections=100", "lc_messages=C"];
/// Says that it takes connections.
const READY: &str = "database system is ready to accept connections";

/// A running or stopped server with its files.
pub struct Postgres {
    bin: PathBuf,
    folder: PathBuf,
    owner: Option<(u32, u32)>,
    port: u16,
    child: Option<Child>,
    log: Arc<Mutex<Vec<String>>>,
    /// Goes with it, where the folder is its own.
    temporary: Option<TempDir>,
}

impl Postgres {
    /// Makes the files in `folder`, which must be empty or not there, and starts.
    pub fn start(folder: &Path) -> Result<Self> {
        let bin = programs()?;
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        let folder = folder.canonicalize()?;
        let owner = if geteuid().is_root() { Some(unprivileged()?) } else { None };
        if let Some((user, group)) = owner {
            chown(&folder, Some(user), Some(group)).context("handing the folder over")?;
            std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700))?;
        }
        let mut made = Self { bin, folder, owner, port: 0, child: None, log: Arc::default(), temporary: None };
        made.init()?;
        made.switch_on()?;
        Ok(made)
    }

    /// The same in a folder of its own, which goes with it.
    pub fn temporary() -> Result<Self> {
        let folder = tempfile::tempdir().context("no folder for PostgreSQL")?;
        // The user it runs as has to get through.
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755))?;
        let mut made = Self::start(&folder.path().join("pg"))?;
        made.temporary = Some(folder);
        Ok(made)
    }

    /// How a client reaches one of its databases; `postgres` is always there.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database and says how to reach it.
    pub fn create(&self, database: &str) -> Result<String> {
        self.tell("postgres", &format!("CREATE DATABASE \"{database}\""))?;
        Ok(self.url(database))
    }

    /// Runs SQL through `psql` and answers what it prints: bare rows, columns parted by `|`.
    pub fn tell(&self, database: &str, sql: &str) -> Result<String> {
        let mut command = self.command("psql");
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        command.args(["--dbname", &self.url(database), "--command", sql]);
        run(&mut command)
    }

    /// Offers TLS from now on, with a certificate and its key (PEM). It is started again for it.
    pub fn offer_tls(&mut self, certificate: &str, key: &str) -> Result<()> {
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let file = self.data().join(name);
            std::fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
            std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600))?;
            if let Some((user, group)) = self.owner {
                chown(&file, Some(user), Some(group)).context("handing the certificate over")?;
            }
        }
        self.tell("postgres", "ALTER SYSTEM SET ssl = on")?;
        self.restart()
    }

    /// The process number of the server, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Everything it has said.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends it in order: connections are cut, everything is written back.
    pub fn stop(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let family = family(child.id());
        let ended = signal(&family, Signal::INT).and_then(|()| gone(&family, END));
        if ended.is_err() {
            kill(&family)?;
        }
        child.wait().context("reaping PostgreSQL")?;
        ended
    }

    /// SIGKILL to all of its processes at once, as a power cut is to them.
    pub fn kill9(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let killed = kill(&family(child.id()));
        child.wait().context("reaping PostgreSQL")?;
        killed
    }

    /// Starts it again on its files and its port, after [`Postgres::stop`] or [`Postgres::kill9`]; a running one is stopped first.
    pub fn restart(&mut self) -> Result<()> {
        self.stop()?;
        self.switch_on()
    }

    fn init(&self) -> Result<()> {
        let mut command = self.command("initdb");
        command.arg("--pgdata").arg(self.data());
        // Not yet anybody's books: only making the files need not be durable.
        command.args(["--username", USER, "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]);
        run(&mut command).map(|_| ())
    }

    fn switch_on(&mut self) -> Result<()> {
        let mut last = None;
        for _ in 0..PORTS {
            let port = if self.port == 0 { free_port()? } else { self.port };
            match self.switch_on_at(port) {
                Ok(child) => {
                    (self.port, self.child) = (port, Some(child));
                    return Ok(());
                }
                Err(error) => last = Some(error),
            }
        }
        Err(last.context("no port was tried")?)
    }

    fn switch_on_at(&self, port: u16) -> Result<Child> {
        let sockets =
            if self.folder.as_os_str().len() <= SOCKET_FOLDER { self.folder.to_string_lossy() } else { "".into() };
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data());
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command.args(["-c", "listen_addresses=127.0.0.1", "-c", &format!("port={port}")]);
        command.args(["-c", &format!("unix_socket_directories={sockets}")]);
        // In its owner's process group: a Ctrl-C, or a test runner that ends the group, ends it too.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().context("PostgreSQL could not be started")?;
        let lines = child.stderr.take().map(|stream| follow(stream, Arc::clone(&self.log))).context("no log")?;
        let ready = wait_ready(&lines);
        if ready.is_err() {
            kill(&family(child.id()))?;
            child.wait().context("reaping PostgreSQL")?;
        }
        ready.with_context(|| format!("PostgreSQL did not start:\n{}", self.log().join("\n"))).map(|()| child)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.current_dir(&self.folder).env("LC_ALL", "C").env_remove("PGDATA");
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.kill9();
    }
}

/// The folder of the newest `postgres` that comes with its `initdb`.
fn programs() -> Result<PathBuf> {
    let complete = |folder: &PathBuf| folder.join("postgres").is_file() && folder.join("initdb").is_file();
    if let Some(named) = std::env::var_os(BIN_DIR).map(PathBuf::from) {
        ensure!(complete(&named), "{BIN_DIR} names {}, and there is no postgres with initdb", named.display());
        return Ok(named);
    }
    let versions = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| complete(folder))
        .collect();
    found.sort();
    let in_path = || std::env::split_paths(&std::env::var_os("PATH")?).find(complete);
    let newest = found.pop().map(|(_, folder)| folder).or_else(in_path);
    newest.with_context(|| format!("there is no PostgreSQL: install `postgresql`, or name its folder in {BIN_DIR}"))
}

/// User and group to run as instead of root.
fn unprivileged() -> Result<(u32, u32)> {
    let users = std::fs::read_to_string("/etc/passwd").context("reading the users")?;
    let ids = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let named = fields.next() == Some("postgres");
        let (user, group) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        named.then_some((user, group))
    });
    ids.context("PostgreSQL does not run as root, and there is no user `postgres` to run it as")
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

fn run(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let Output { status, stdout, stderr } =
        command.stdin(Stdio::null()).output().with_context(|| format!("{program} could not be started"))?;
    let told = String::from_utf8_lossy(&stdout).into_owned();
    ensure!(status.success(), "{program} ended with {status}: {told}{}", String::from_utf8_lossy(&stderr));
    Ok(told)
}

/// Keeps what it says, and passes it on for as long as somebody listens.
fn follow(stream: ChildStderr, log: Arc<Mutex<Vec<String>>>) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            log.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
            let _ = sender.send(line);
        }
    });
    lines
}

fn wait_ready(lines: &Receiver<String>) -> Result<()> {
    let deadline = Instant::now() + START;
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) if line.contains(READY) => return Ok(()),
            Ok(_) => {}
            Err(_) => bail!("it ended, or was not ready within {START:?}"),
        }
    }
}

/// The server and its children, held so that no number can come to mean another process. The children are sessions of their own:
/// no group holds them all.
fn family(server: u32) -> Vec<OwnedFd> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let children = numbers.filter(|number| parent(*number) == Some(server));
    std::iter::once(server).chain(children).filter_map(hold).collect()
}

fn parent(process: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name may hold anything, so what follows its closing bracket is read: state, parent.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn hold(process: u32) -> Option<OwnedFd> {
    pidfd_open(Pid::from_raw(process.try_into().ok()?)?, PidfdFlags::empty()).ok()
}

/// Signals the server itself.
fn signal(family: &[OwnedFd], signal: Signal) -> Result<()> {
    let server = family.first().context("PostgreSQL is gone")?;
    pidfd_send_signal(server, signal).context("signalling PostgreSQL")
}

/// The server first, so that it makes no more children.
fn kill(family: &[OwnedFd]) -> Result<()> {
    for process in family {
        // One that has ended by itself is as good.
        let _ = pidfd_send_signal(process, Signal::KILL);
    }
    gone(family, END)
}

/// Waits until all of them have ended.
fn gone(family: &[OwnedFd], patience: Duration) -> Result<()> {
    let deadline = Instant::now() + patience;
    for process in family {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec { tv_sec: i64::try_from(left.as_secs())?, tv_nsec: i64::from(left.subsec_nanos()) };
        let ended = poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&left)).context("waiting for PostgreSQL")?;
        ensure!(ended > 0, "PostgreSQL did not end within {patience:?}");
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Beside the build, where the disk is the project's and every user may pass.
    fn folder() -> tempfile::TempDir {
        let beside = std::env::current_exe().unwrap().parent().unwrap().to_owned();
        tempfile::tempdir_in(beside).unwrap()
    }

    #[test]
    fn what_was_committed_outlives_a_kill() {
        let folder = folder();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let mut postgres = Postgres::start(&folder.path().join("pg")).unwrap();
        let first = postgres.create("books").unwrap();
        assert_eq!(postgres.tell("books", "SHOW fsync").unwrap().trim(), "on");
        assert_eq!(postgres.tell("books", "SHOW synchronous_commit").unwrap().trim(), "on");
        postgres.tell("books", "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)").unwrap();
        let server = postgres.pid().unwrap();
        postgres.kill9().unwrap();
        assert!(postgres.tell("books", "SELECT 1").is_err());
        assert!(parent(server).is_none(), "the server is still there");
        postgres.restart().unwrap();
        assert_eq!(postgres.url("books"), first);
        assert_eq!(postgres.tell("books", "SELECT n FROM kept").unwrap().trim(), "7");
        postgres.stop().unwrap();
        assert!(postgres.pid().is_none());
    }
}
