//! The kiosk itself: its configuration, its enrolment, its window's program, its log.
//!
//! **Invariant:** what it is told is what a school would tell it: addresses and names, and nothing about being tested.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::bins::bin;
use crate::display::Size;
use crate::pcscd::FIRST_READER;
use crate::process::{PATIENCE, Process};

/// What a kiosk is told.
#[derive(Clone, Debug)]
pub struct Told {
    /// Where the server is.
    pub server: SocketAddr,
    /// Where the printer is.
    pub printer: SocketAddr,
    /// The panel.
    pub size: Size,
    /// Its one-time enrolment code.
    pub code: String,
    /// Display, buses, card service.
    pub env: BTreeMap<String, String>,
}

/// The kiosk.
pub struct Kiosk {
    dir: PathBuf,
    env: BTreeMap<String, String>,
    process: Option<Process>,
}

impl Kiosk {
    /// Writes its configuration and its enrolment code into `dir` and starts it.
    pub fn start(dir: &Path, told: &Told) -> Result<Self> {
        let mut kiosk = Self::unpack(dir, told)?;
        kiosk.switch_on()?;
        Ok(kiosk)
    }

    /// The same, not yet switched on.
    pub fn unpack(dir: &Path, told: &Told) -> Result<Self> {
        std::fs::create_dir_all(dir.join("state"))?;
        let code_file = dir.join("enrol-code");
        std::fs::write(&code_file, &told.code)?;
        let Told { server, printer, size, .. } = told;
        let config = toml::toml! {
            name = "Kiosken ved trappen"
            printer_profile = "tm-t20iii"
            lights = "none"
            language = "da"
        };
        let addresses = [
            ("server", format!("http://{server}")),
            ("printer", format!("tcp://{printer}")),
            ("reader", FIRST_READER.to_owned()),
            ("enrol_code_file", code_file.display().to_string()),
            ("state", dir.join("state").display().to_string()),
        ];
        let mut config: toml::Table = config;
        config.extend(addresses.map(|(key, value)| (key.to_owned(), value.into())));
        let window = [("width", size.width), ("height", size.height)];
        let window: toml::Table =
            window.map(|(key, side)| (key.to_owned(), i64::from(side).into())).into_iter().collect();
        config.insert("window".to_owned(), window.into());
        let kiosk = Self { dir: dir.to_owned(), env: told.env.clone(), process: None };
        std::fs::write(kiosk.config(), toml::to_string(&config)?)?;
        Ok(kiosk)
    }

    /// The configuration file.
    pub fn config(&self) -> PathBuf {
        self.dir.join("kiosk.toml")
    }

    /// Tells it something else than a school would at first, for the next time it is switched on.
    pub fn configure(&self, key: &str, value: &str) -> Result<()> {
        let mut config: toml::Table = std::fs::read_to_string(self.config())?.parse()?;
        config.insert(key.to_owned(), value.into());
        Ok(std::fs::write(self.config(), toml::to_string(&config)?)?)
    }

    /// Has it look for programs in this directory first, from the next time it is switched on.
    pub fn look_first_in(&mut self, programs: &Path) {
        let path = std::env::var("PATH").unwrap_or_default();
        self.env.insert("PATH".to_owned(), format!("{}:{path}", programs.display()));
    }

    /// The directory of database and device key.
    pub fn state(&self) -> PathBuf {
        self.dir.join("state")
    }

    /// Power on.
    pub fn switch_on(&mut self) -> Result<()> {
        let mut command = Command::new(bin("kiosk"));
        command.arg("--config").arg(self.config()).envs(&self.env);
        self.process = Some(Process::start("kiosk", &mut command)?);
        Ok(())
    }

    /// The plug is pulled.
    pub fn kill9(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.kill9())
    }

    /// Shut down as the system does.
    pub fn stop(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.stop())
    }

    /// Waits until it ends by itself and returns its exit code and what it said.
    pub fn wait_end(&mut self) -> Result<(Option<i32>, String)> {
        let mut process = self.process.take().context("the kiosk is off")?;
        let code = process.wait_end(PATIENCE)?;
        Ok((code, process.log().join("\n")))
    }

    /// Waits until its log says that this page is shown.
    pub fn wait_for_screen(&self, page: &str) -> Result<()> {
        self.wait_for_screen_within(PATIENCE, page)
    }

    /// The same, with a deadline of its own.
    pub fn wait_for_screen_within(&self, patience: Duration, page: &str) -> Result<()> {
        let process = self.process.as_ref().context("the kiosk is off")?;
        process.wait_line(&format!("that it shows {page}"), patience, |line| {
            (screen_of(line).as_deref() == Some(page)).then_some(())
        })
    }

    /// Whether its program has ended, by itself or by its window being closed.
    pub fn has_ended(&mut self) -> bool {
        self.process.as_mut().is_none_or(Process::has_ended)
    }

    /// Everything its program has said since it was switched on.
    pub fn log(&self) -> Vec<String> {
        self.process.as_ref().map(Process::log).unwrap_or_default()
    }

    /// Its process number, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }
}

/// The page that a line of the log says is shown now.
fn screen_of(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    let screen = line.get("screen").or_else(|| line.get("fields")?.get("screen"))?;
    screen.as_str().map(str::to_owned)
}
