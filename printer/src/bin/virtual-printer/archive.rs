//! The folder that finished papers fall into.
//!
//! **Invariant:** a paper never replaces another: its number is one more than the highest there.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use receipt_printer::png;
use receipt_printer::profile::Profile;

use crate::events::{Event, tell};
use crate::sheet::{Paper, Sheet};

/// The folder.
#[derive(Debug)]
pub struct Archive {
    folder: PathBuf,
    next: usize,
}

impl Archive {
    /// Opens the folder, and makes it where it is missing.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let folder = folder.canonicalize()?;
        let highest = fs::read_dir(&folder)?
            .filter_map(|entry| number(&entry.ok()?.file_name().into_string().ok()?))
            .max()
            .unwrap_or(0);
        Ok(Self { folder, next: highest + 1 })
    }

    /// Writes picture, words and bytes, then tells of them.
    pub fn keep(&mut self, paper: &Paper, bytes: &[u8], profile: &Profile, partial_cut: bool, blade_mm: usize) {
        let n = self.next;
        self.next += 1;
        match self.write(n, paper, bytes, profile) {
            Ok([png, txt, bin]) => tell(&Event::Paper {
                n,
                png,
                txt,
                bin,
                text: &paper.text,
                codes: &paper.codes,
                mm: profile.millimetres(paper.canvas.height()) + blade_mm,
                partial_cut,
                unknown: &paper.unknown,
            }),
            Err(error) => tell(&Event::Trouble { message: format!("{error:#}") }),
        }
    }

    /// Writes what can be seen of an unfinished paper to `current.png`.
    pub fn snapshot(&self, sheet: &Sheet, profile: &Profile) -> anyhow::Result<PathBuf> {
        let path = self.folder.join("current.png");
        // Whoever looks at the same time sees the old picture or the new, never half of one.
        let half = self.folder.join("current.png.part");
        fs::write(&half, png::encode(&png::on_paper(sheet.canvas(), profile))?)?;
        fs::rename(&half, &path)?;
        Ok(path)
    }

    fn write(&self, n: usize, paper: &Paper, bytes: &[u8], profile: &Profile) -> anyhow::Result<[String; 3]> {
        let file = |extension: &str| self.folder.join(format!("paper-{n:04}.{extension}"));
        let paths = [file("png"), file("txt"), file("bin")];
        let picture = png::encode(&png::on_paper(&paper.canvas, profile))?;
        for (path, content) in paths.iter().zip([&picture[..], paper.text.as_bytes(), bytes]) {
            fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(paths.map(|path| path.display().to_string()))
    }
}

fn number(name: &str) -> Option<usize> {
    name.strip_prefix("paper-")?.split_once('.')?.0.parse().ok()
}
