//! The payer's phone: a headless Chromium, told what to do over `WebDriver` (W3C, 2018).
//!
//! **Invariant:** a fresh profile each time, in the rig's own folder; nothing but the pages it is told to open is loaded.

use std::io::Cursor;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::http;
use crate::process::{PATIENCE, Process};
use crate::window::Picture;

/// The key of an element reference (`WebDriver`, 11).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// How long an element may take to be on the page, in milliseconds.
const ELEMENT_WAIT_MS: u32 = 15_000;
/// Tries to start the driver: the free port it is given for IPv6 may be taken for IPv4.
const TRIES: u32 = 3;
/// The size of a phone's screen in CSS pixels.
const PHONE: (u32, u32) = (412, 860);

/// A browser.
pub struct Browser {
    driver: Process,
    address: SocketAddr,
    session: String,
}

impl Browser {
    /// Starts driver and browser with a profile below `dir`.
    pub fn start(dir: &Path) -> Result<Self> {
        let profile = tempfile::Builder::new().prefix("browser").tempdir_in(dir)?.keep();
        let mut driver = start_driver(&profile);
        for _ in 1..TRIES {
            driver = driver.or_else(|_| start_driver(&profile));
        }
        let (driver, port) = driver?;
        let mut browser =
            Self { driver, address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), session: String::new() };
        let (width, height) = PHONE;
        let arguments = [
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--hide-scrollbars".to_owned(),
            "--force-device-scale-factor=1".to_owned(),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.join("profile").display()),
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"args": arguments},
            "timeouts": {"implicit": ELEMENT_WAIT_MS},
        }}});
        let answer = browser.ask("POST", "/session", &wanted)?;
        answer["sessionId"].as_str().context("no session")?.clone_into(&mut browser.session);
        Ok(browser)
    }

    /// Opens a page and waits until it is loaded.
    pub fn open(&self, url: &str) -> Result<()> {
        self.command("POST", "url", &json!({"url": url})).map(drop)
    }

    /// Where it is.
    pub fn url(&self) -> Result<String> {
        Ok(self.command("GET", "url", &Value::Null)?.as_str().unwrap_or_default().to_owned())
    }

    /// Everything there is to read on the page.
    pub fn text(&self) -> Result<String> {
        let body = self.find("css selector", "body")?;
        let text = self.command("GET", &format!("element/{body}/text"), &Value::Null)?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Types into the field that a CSS selector names.
    pub fn fill(&self, css: &str, text: &str) -> Result<()> {
        let field = self.find("css selector", css)?;
        self.command("POST", &format!("element/{field}/clear"), &json!({}))?;
        self.command("POST", &format!("element/{field}/value"), &json!({"text": text})).map(drop)
    }

    /// Chooses a file for the place that a CSS selector names.
    pub fn choose_file(&self, css: &str, file: &Path) -> Result<()> {
        let place = self.find("css selector", css)?;
        let path = file.to_str().context("a path in Unicode")?;
        self.command("POST", &format!("element/{place}/value"), &json!({"text": path})).map(drop)
    }

    /// Presses what a CSS selector names.
    pub fn click(&self, css: &str) -> Result<()> {
        let element = self.find("css selector", css)?;
        self.command("POST", &format!("element/{element}/click"), &json!({})).map(drop)
    }

    /// Presses the button or link that says `words`.
    pub fn press(&self, words: &str) -> Result<()> {
        let path = format!("//*[self::button or self::a or self::label][contains(normalize-space(.), '{words}')]");
        let element = self.find("xpath", &path)?;
        self.command("POST", &format!("element/{element}/click"), &json!({})).map(drop)
    }

    /// Waits until the page says `words`.
    pub fn wait_for(&self, words: &str) -> Result<()> {
        let path = format!("//body[contains(normalize-space(.), '{words}')]");
        self.find("xpath", &path).with_context(|| format!("the page says: {}", self.text().unwrap_or_default()))?;
        Ok(())
    }

    /// A picture of the page.
    pub fn picture(&self) -> Result<Picture> {
        let shot = self.command("GET", "screenshot", &Value::Null)?;
        let file = from_base64(shot.as_str().context("no picture")?)?;
        let mut decoder = png::Decoder::new(Cursor::new(file));
        decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
        let mut reader = decoder.read_info()?;
        let mut pixels = vec![0; reader.output_buffer_size().context("a picture too large")?];
        let info = reader.next_frame(&mut pixels)?;
        let channels = info.color_type.samples();
        ensure!(channels >= 3, "a picture without colours");
        let rgb = pixels[..info.buffer_size()].chunks_exact(channels).flat_map(|p| [p[0], p[1], p[2]]).collect();
        Ok(Picture { width: info.width.try_into()?, height: info.height.try_into()?, rgb })
    }

    fn find(&self, using: &str, value: &str) -> Result<String> {
        let found = self.command("POST", "element", &json!({"using": using, "value": value}))?;
        Ok(found[ELEMENT].as_str().with_context(|| format!("no element {value}"))?.to_owned())
    }

    fn command(&self, method: &str, what: &str, body: &Value) -> Result<Value> {
        self.ask(method, &format!("/session/{}/{what}", self.session), body)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let body = if body.is_null() { Vec::new() } else { serde_json::to_vec(body)? };
        let answer = http::request(self.address, method, path, &[], &body)?;
        let told: Value = serde_json::from_slice(&answer.body)?;
        ensure!(answer.status == 200, "the browser will not: {}", told["value"]["message"]);
        Ok(told["value"].clone())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends the browser, which the driver alone would leave behind when killed.
        let _ = self.ask("DELETE", &format!("/session/{}", self.session), &Value::Null);
        let _ = self.driver.stop();
    }
}

/// The driver, and the port it listens on.
fn start_driver(profile: &Path) -> Result<(Process, u16)> {
    let mut command = Command::new("chromedriver");
    let driver = Process::start("chromedriver", command.arg("--port=0").env("TMPDIR", profile).env("HOME", profile))?;
    let port = driver.wait_line("its port", PATIENCE, |line| {
        line.strip_prefix("ChromeDriver was started successfully on port ")?.trim_end_matches('.').parse().ok()
    })?;
    Ok((driver, port))
}

fn from_base64(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0);
    for letter in text.bytes() {
        let six = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => anyhow::bail!("not base64"),
        };
        bits = (bits << 6) | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff)?);
        }
    }
    Ok(bytes)
}
