//! A screen nobody looks at: an X server in memory, a D-Bus session of its own, and the accessibility bus behind it.
//!
//! **Invariant:** a program shown here reaches no bus and no display of the machine's own, and everything ends with the
//! [`Display`].

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{PATIENCE, Process};

/// Where Debian keeps the accessibility bus launcher (package `at-spi2-core`).
const AT_SPI_LAUNCHER: &str = "/usr/libexec/at-spi-bus-launcher";

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
}

impl Size {
    /// The 7-inch panel, upright.
    pub const PORTRAIT: Self = Self { width: 720, height: 1280 };
    /// The 10-inch panel, lying.
    pub const LANDSCAPE: Self = Self { width: 1280, height: 800 };
}

/// A screen in memory.
pub struct Display {
    name: String,
    bus: String,
    runtime: PathBuf,
    size: Size,
    // Dropped in this order: the buses before the screen.
    _dbus: Process,
    _xvfb: Process,
}

impl Display {
    /// Starts it; `dir` holds its sockets and must live as long.
    pub fn start(dir: &Path, size: Size) -> Result<Self> {
        let runtime = dir.join("runtime");
        std::fs::create_dir_all(runtime.join("services"))?;
        let Size { width, height } = size;
        let xvfb = Process::start(
            "Xvfb",
            Command::new("Xvfb").args(["-displayfd", "1", "-screen", "0", &format!("{width}x{height}x24")]).args([
                "-nolisten",
                "tcp",
                "-noreset",
                "-dpi",
                "96",
            ]),
        )?;
        let dbus = start_dbus(&runtime)?;
        let number = xvfb.wait_line("its display number", PATIENCE, |line| line.trim().parse::<u32>().ok())?;
        let bus = dbus.wait_line("its address", PATIENCE, |line| line.starts_with("unix:").then(|| line.to_owned()))?;
        Ok(Self { name: format!(":{number}"), bus, runtime, size, _dbus: dbus, _xvfb: xvfb })
    }

    /// `:7`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address of the session bus.
    pub fn bus(&self) -> &str {
        &self.bus
    }

    /// How large it is.
    pub fn size(&self) -> Size {
        self.size
    }

    /// What a program needs to be shown here.
    pub fn env(&self) -> Vec<(String, String)> {
        let pairs = [
            ("DISPLAY", self.name.clone()),
            ("DBUS_SESSION_BUS_ADDRESS", self.bus.clone()),
            ("XDG_RUNTIME_DIR", self.runtime.display().to_string()),
            ("WINIT_UNIX_BACKEND", "x11".to_owned()),
        ];
        pairs.map(|(key, value)| (key.to_owned(), value)).to_vec()
    }
}

fn start_dbus(runtime: &Path) -> Result<Process> {
    let dir = runtime.display();
    // The bus starts the launcher at the first call to it, and the call waits until it answers.
    let service = format!(
        "[D-BUS Service]\nName=org.a11y.Bus\nExec={AT_SPI_LAUNCHER} --launch-immediately --a11y=1 --screen-reader=1\n"
    );
    std::fs::write(runtime.join("services/org.a11y.Bus.service"), service)?;
    let config = format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={dir}/bus</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{dir}/services</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#
    );
    let path = runtime.join("session.conf");
    std::fs::write(&path, config)?;
    Process::start(
        "dbus-daemon",
        Command::new("dbus-daemon")
            .arg("--config-file")
            .arg(&path)
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .env("XDG_RUNTIME_DIR", runtime)
            .env("GSETTINGS_BACKEND", "memory")
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY"),
    )
    .context("the packages xvfb, dbus and at-spi2-core are needed")
}
