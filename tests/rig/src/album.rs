//! What a visit left behind: pictures of every screen, paper and page, in order, with what happened, as one HTML file.
//!
//! **Invariant:** `index.html` names only files beside it, and loads nothing from elsewhere.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::window::Picture;

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The kiosk's screen.
    Screen,
    /// What came out of the printer.
    Paper,
    /// The payer's phone.
    Phone,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Screen => "screen",
            Self::Paper => "paper",
            Self::Phone => "phone",
        }
    }
}

struct Shot {
    kind: Kind,
    file: String,
    caption: String,
}

/// One step of the visit as it went.
#[derive(Default)]
struct Page {
    title: String,
    told: Vec<String>,
    shots: Vec<Shot>,
}

/// The album.
pub struct Album {
    dir: PathBuf,
    pages: Vec<Page>,
    count: u32,
    loud: bool,
}

impl Album {
    /// An empty album in `dir`, whose pictures of earlier visits are taken away. A loud one says on standard output what happens.
    pub fn begin(dir: &Path, loud: bool) -> Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
        for old in std::fs::read_dir(dir)? {
            let old = old?.path();
            if old.extension().is_some_and(|ending| ending == "png") {
                std::fs::remove_file(old)?;
            }
        }
        Ok(Self { dir: dir.to_owned(), pages: Vec::new(), count: 0, loud })
    }

    /// Opens a page for the next step.
    pub fn step(&mut self, title: &str) {
        if self.loud {
            println!("\n{:2}. {title}", self.pages.len() + 1);
        }
        self.pages.push(Page { title: title.to_owned(), ..Page::default() });
    }

    /// Says what happened.
    pub fn tell(&mut self, sentence: &str) {
        if self.loud {
            println!("    {sentence}");
        }
        self.page().told.push(sentence.to_owned());
    }

    /// Puts a picture in.
    pub fn picture(&mut self, kind: Kind, picture: &Picture, caption: &str) -> Result<()> {
        let file = self.next_file(kind, caption);
        picture.save(&self.dir.join(&file))?;
        self.page().shots.push(Shot { kind, file, caption: caption.to_owned() });
        Ok(())
    }

    /// Puts a picture in that is a PNG file already.
    pub fn png(&mut self, kind: Kind, png: &Path, caption: &str) -> Result<()> {
        let file = self.next_file(kind, caption);
        std::fs::copy(png, self.dir.join(&file)).with_context(|| format!("copying {}", png.display()))?;
        self.page().shots.push(Shot { kind, file, caption: caption.to_owned() });
        Ok(())
    }

    /// Writes `index.html` and says where it is.
    pub fn finish(self, heading: &str, about: &str) -> Result<PathBuf> {
        let mut html = format!(
            "{HEAD}<title>{0}</title></head><body>\n<header><h1>{0}</h1><p>{1}</p></header>\n",
            esc(heading),
            esc(about)
        );
        for (n, page) in self.pages.iter().enumerate() {
            let _ =
                write!(html, "<section><div class=told><span class=n>{}</span><h2>{}</h2>", n + 1, esc(&page.title));
            for sentence in &page.told {
                let _ = write!(html, "<p>{}</p>", esc(sentence));
            }
            html.push_str("</div><div class=shots>");
            for Shot { kind, file, caption } in &page.shots {
                let _ = write!(
                    html,
                    "<figure class={}><a href=\"{file}\"><img src=\"{file}\" alt=\"{1}\" loading=lazy></a><figcaption>{1}</figcaption></figure>",
                    kind.word(),
                    esc(caption)
                );
            }
            html.push_str("</div></section>\n");
        }
        html.push_str("</body></html>\n");
        let path = self.dir.join("index.html");
        std::fs::write(&path, html)?;
        Ok(path)
    }

    fn page(&mut self) -> &mut Page {
        if self.pages.is_empty() {
            self.pages.push(Page::default());
        }
        let last = self.pages.len() - 1;
        &mut self.pages[last]
    }

    fn next_file(&mut self, kind: Kind, caption: &str) -> String {
        self.count += 1;
        let plain = caption.to_lowercase().replace('æ', "ae").replace('ø', "oe").replace('å', "aa");
        let words: Vec<&str> =
            plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let words = words.into_iter().take(6).collect::<Vec<_>>().join("-");
        format!("{:02}-{}-{words}.png", self.count, kind.word())
    }
}

fn esc(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const HEAD: &str = r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<style>
:root { --ink:#1d2321; --soft:#5b6661; --paper:#f6f4ee; --line:#dcd8cc; --mark:#0b6b4f; }
* { box-sizing:border-box }
body { margin:0; font:16px/1.5 Inter,system-ui,sans-serif; color:var(--ink); background:var(--paper) }
header { padding:4rem 6vw 2.5rem; max-width:60rem } h1 { font-size:2.4rem; line-height:1.15; margin:0 0 .8rem; letter-spacing:-.02em }
header p { color:var(--soft); font-size:1.1rem; margin:0 }
section { display:grid; grid-template-columns:minmax(16rem,22rem) 1fr; gap:3rem; padding:2.5rem 6vw; border-top:1px solid var(--line) }
.told { position:sticky; top:1.5rem; align-self:start } .n { color:var(--mark); font-weight:600; font-variant-numeric:tabular-nums }
h2 { font-size:1.35rem; line-height:1.25; margin:.2rem 0 .8rem } .told p { margin:.35rem 0; color:var(--soft) }
.shots { display:flex; flex-wrap:wrap; gap:1.75rem; align-items:flex-start }
figure { margin:0 } figcaption { margin-top:.6rem; font-size:.85rem; color:var(--soft); max-width:18rem }
img { display:block; height:auto }
.screen img { width:18rem; border-radius:1rem; border:.55rem solid #14181a; box-shadow:0 12px 30px #0003 }
.paper img { width:13rem; background:#fff; box-shadow:0 3px 14px #0003; padding:.6rem }
.phone img { width:13rem; border-radius:1.5rem; border:.4rem solid #333a3d; box-shadow:0 10px 24px #0002 }
@media (max-width:50rem) { section { grid-template-columns:1fr; gap:1.25rem } .told { position:static } }
</style>
"#;
