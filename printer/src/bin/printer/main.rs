//! Look at a paper before it is printed, and at a printer before it is used.

mod device;

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand, ValueEnum};
use receipt_printer::{Document, Left, Mark, PrinterAddress, Profile, Tag, escpos, layout, png, sample, text};

/// Look at a paper before it is printed, and at a printer before it is used.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The printer model: tm-t20iii, tm-t88v, generic-80 or generic-58.
    #[arg(long, global = true, default_value = "tm-t20iii")]
    profile: Profile,
    /// The code page number (n of ESC t n) that the commissioning page showed to be right.
    #[arg(long, global = true)]
    code_page: Option<u8>,
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Show a paper as text, or write it as a picture or as the bytes that are sent.
    Preview {
        #[command(flatten)]
        paper: Paper,
        /// Write a PNG here, one pixel a dot.
        #[arg(long)]
        png: Option<PathBuf>,
        /// Write the ESC/POS bytes here.
        #[arg(long)]
        bytes: Option<PathBuf>,
    },
    /// Print a paper and say what became of it.
    Print {
        #[command(flatten)]
        paper: Paper,
        #[command(flatten)]
        device: Device,
    },
    /// Print every letter, size and code.
    TestPage {
        #[command(flatten)]
        device: Device,
    },
    /// Print the Danish letters under each code page, to find the one of this printer.
    Commissioning {
        #[command(flatten)]
        device: Device,
    },
    /// Ask the printer how it is, and who.
    Status {
        #[command(flatten)]
        device: Device,
    },
    /// Open the cash drawer.
    Drawer {
        #[command(flatten)]
        device: Device,
    },
}

#[derive(Debug, clap::Args)]
struct Device {
    /// Where the printer is: `tcp://127.0.0.1:9100` or `file:/dev/usb/lp0`.
    #[arg(long = "printer", default_value = "tcp://127.0.0.1:9100")]
    address: PrinterAddress,
    /// The paper before this one was broken off: cut off what is left of it first, marked AFBRUDT.
    #[arg(long)]
    after_torn: bool,
}

impl Device {
    fn left(&self) -> Left {
        if self.after_torn { Left::Torn } else { Left::Clean }
    }
}

#[derive(Debug, clap::Args)]
struct Paper {
    /// A document as JSON; `-` is standard input.
    #[arg(required_unless_present = "sample")]
    document: Option<PathBuf>,
    /// One of the example papers instead.
    #[arg(long, conflicts_with = "document")]
    sample: Option<Sample>,
    /// Mark it as this copy.
    #[arg(long)]
    copy: Option<u32>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sample {
    Deposit,
    Order,
    Statement,
    Ticket,
    Test,
}

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(io::stderr)
        .init();
    let Arguments { mut profile, code_page, task } = Arguments::parse();
    profile.code_page = code_page.unwrap_or(profile.code_page);
    match task {
        Task::Preview { paper, png, bytes } => preview(&paper.read()?, &profile, png.as_deref(), bytes.as_deref()),
        Task::Print { paper, device } => device::print(&device.address, &profile, device.left(), &paper.read()?),
        Task::TestPage { device } => device::print(&device.address, &profile, device.left(), &sample::test_page()),
        Task::Commissioning { device } => device::commission(&device.address, &profile, device.left()),
        Task::Status { device } => device::status(&device.address, &profile),
        Task::Drawer { device } => device::print(&device.address, &profile, device.left(), &Document::open_drawer()),
    }
}

fn preview(document: &Document, profile: &Profile, picture: Option<&Path>, bytes: Option<&Path>) -> anyhow::Result<()> {
    let layout = layout(document, profile);
    let write = |path: &Path, content: &[u8]| {
        fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
    };
    if let Some(path) = picture {
        write(path, &png::paper(&layout, profile)?)?;
    }
    if let Some(path) = bytes {
        write(path, &escpos::job(&layout, profile, Tag::from_number(1)))?;
    }
    if picture.is_none() && bytes.is_none() {
        io::stdout().write_all(text::render(&layout).as_bytes())?;
    }
    if layout.replaced > 0 {
        eprintln!("{} characters that no printer has were replaced by ?", layout.replaced);
    }
    Ok(())
}

impl Paper {
    fn read(&self) -> anyhow::Result<Document> {
        let document = match (self.sample, &self.document) {
            (Some(sample), _) => sample.document(),
            (None, Some(path)) => {
                let json = if path == Path::new("-") {
                    let mut json = String::new();
                    io::stdin().read_to_string(&mut json).map(|_| json)
                } else {
                    fs::read_to_string(path)
                };
                let json = json.with_context(|| format!("cannot read {}", path.display()))?;
                serde_json::from_str(&json).with_context(|| format!("{} is not a document", path.display()))?
            }
            (None, None) => bail!("name a document, or a --sample"),
        };
        Ok(match self.copy {
            Some(number) => document.marked(Mark::Copy(number)),
            None => document,
        })
    }
}

impl Sample {
    fn document(self) -> Document {
        match self {
            Self::Deposit => sample::deposit_receipt(),
            Self::Order => sample::order_slip(),
            Self::Statement => sample::statement(30),
            Self::Ticket => sample::support_ticket(),
            Self::Test => sample::test_page(),
        }
    }
}
