//! The far end of a printer's wire: answers status queries and the process ID, counts papers, and notices what ends a torn one. What it
//! prints it does not look at; the virtual printer does that in the stories.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Well,
    PaperOut,
    /// Answers queries, takes a few bytes of a job, and cuts the line.
    HangsUpInTheMiddle,
}

/// NULs in a row that are no part of a slip, but complete a command that was cut off.
const RECOVERY: usize = 1024;

/// What it has seen.
struct Seen {
    mood: Mood,
    papers: usize,
    /// How often something came that ends a torn paper, and which paper it came ahead of.
    recovered: Vec<usize>,
    nuls: usize,
}

impl Seen {
    fn new(mood: Mood) -> Self {
        Self { mood, papers: 0, recovered: vec![], nuls: 0 }
    }

    fn take(&mut self, byte: u8) {
        if byte == 0 {
            self.nuls += 1;
        } else {
            if self.nuls >= RECOVERY {
                self.recovered.push(self.papers + 1);
            }
            self.nuls = 0;
        }
    }
}

#[derive(Clone)]
pub struct FakePrinter {
    address: SocketAddr,
    state: Arc<Mutex<Seen>>,
    _closed: Arc<Close>,
}

/// Ends the listening thread with the last handle.
struct Close(Option<SocketAddr>);

impl Drop for Close {
    fn drop(&mut self) {
        if let Some(address) = self.0 {
            let _ = TcpStream::connect(address);
        }
    }
}

impl FakePrinter {
    pub fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(Seen::new(mood)));
        let seen = Arc::downgrade(&state);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let Some(state) = seen.upgrade() else { return };
                let _ = serve(client.unwrap(), &state);
            }
        });
        Self { address, state, _closed: Arc::new(Close(Some(address))) }
    }

    /// An address where nobody listens.
    pub fn nobody(address: SocketAddr) -> Self {
        Self { address, state: Arc::new(Mutex::new(Seen::new(Mood::Well))), _closed: Arc::new(Close(None)) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn be(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// Jobs whose process ID came.
    pub fn papers(&self) -> usize {
        self.state.lock().unwrap().papers
    }

    /// Which papers, from 1 on, came behind what ends a torn one.
    pub fn recovered(&self) -> Vec<usize> {
        self.state.lock().unwrap().recovered.clone()
    }
}

fn serve(mut client: TcpStream, state: &Mutex<Seen>) -> std::io::Result<()> {
    let (mut taken, mut job) = (Vec::new(), 0);
    let mut buffer = [0; 1024];
    loop {
        let count = client.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        taken.extend_from_slice(&buffer[..count]);
        while !taken.is_empty() {
            let mood = state.lock().unwrap().mood;
            match taken[..] {
                [0x10, 0x04, query, ..] => {
                    client.write_all(&[answer(mood, query)])?;
                    taken.drain(..3);
                }
                [0x1D, 0x28, 0x48, 6, 0, 0x30, 0x30, a, b, c, d, ..] => {
                    state.lock().unwrap().papers += 1;
                    client.write_all(&[0x37, 0x22, a, b, c, d, 0])?;
                    taken.drain(..11);
                }
                // The rest of a command has not come yet.
                [] | [0x10] | [0x10, 0x04] => break,
                [0x1D, ..] if taken.len() < 11 && [0x1D, 0x28, 0x48].starts_with(&taken[..taken.len().min(3)]) => break,
                [byte, ..] => {
                    state.lock().unwrap().take(byte);
                    taken.drain(..1);
                    job += 1;
                    if mood == Mood::HangsUpInTheMiddle && job > 8 {
                        return client.shutdown(Shutdown::Both);
                    }
                }
            }
        }
    }
}

fn answer(mood: Mood, query: u8) -> u8 {
    match (mood, query) {
        (Mood::PaperOut, 1) => 0x1A,
        (Mood::PaperOut, 2) => 0x32,
        (Mood::PaperOut, 4) => 0x7E,
        _ => 0x12,
    }
}
