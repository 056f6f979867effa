//! Reads a QR code off a picture of the screen, as the camera of a phone does.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::run;
use crate::window::Picture;

/// The text of the one QR code in the picture; `dir` takes the picture meanwhile.
pub fn read(picture: &Picture, dir: &Path) -> Result<String> {
    let file = dir.join("qr.png");
    picture.save(&file)?;
    let told =
        run("zbarimg (package zbar-tools)", Command::new("zbarimg").args(["--quiet", "--raw", "--nodbus"]).arg(&file))?;
    told.lines().next().map(str::to_owned).context("no QR code in the picture")
}
