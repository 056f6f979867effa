//! The commands on standard input.
//!
//! **Invariant:** one answer line per command line, in order; a wrong command changes nothing.

use std::io::{self, BufRead, Write};
use std::net::SocketAddr;
use std::str::FromStr;

use clap::ValueEnum;

use crate::card::{Card, CardUid, Kind};
use crate::tap::Tap;

/// One line of the script.
#[derive(Debug)]
enum Command {
    Tap(Card),
    Lift,
    Quit,
}

impl FromStr for Command {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["tap", uid] => Ok(Self::Tap(Card::new(uid.parse()?, None, None))),
            ["tap", uid, kind] => {
                let uid: CardUid = uid.parse()?;
                let kind = Kind::from_str(kind, false).map_err(|_| format!("no kind of card: {kind}"))?;
                Ok(Self::Tap(Card::new(uid, Some(kind), None)))
            }
            ["lift"] => Ok(Self::Lift),
            ["quit"] => Ok(Self::Quit),
            _ => Err("the commands are: tap UID [KIND], lift, quit".to_owned()),
        }
    }
}

/// Carries out commands until `quit` or the end of the input, which lifts the card.
pub fn run(reader: SocketAddr, input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let mut on_reader: Option<Tap> = None;
    for line in input.lines() {
        let line = line?;
        let answer = match line.parse() {
            Ok(Command::Quit) => {
                drop(on_reader.take());
                writeln!(output, "ok quit")?;
                return output.flush();
            }
            Ok(command) => carry_out(command, reader, &mut on_reader),
            Err(error) => Err(error),
        };
        match answer {
            Ok(done) => writeln!(output, "ok {done}")?,
            Err(error) => writeln!(output, "error {error}")?,
        }
        output.flush()?;
    }
    Ok(())
}

fn carry_out(command: Command, reader: SocketAddr, on_reader: &mut Option<Tap>) -> Result<&'static str, String> {
    match command {
        Command::Tap(_) if on_reader.as_ref().is_some_and(|tap| !tap.has_left()) => {
            Err("a card is on the reader: lift it first".to_owned())
        }
        Command::Tap(card) => {
            let tap = Tap::start(reader, card).map_err(|error| format!("no virtual reader at {reader}: {error}"))?;
            *on_reader = Some(tap);
            Ok("tap")
        }
        Command::Lift => on_reader.take().map(Tap::lift).map(|()| "lift").ok_or_else(|| "no card is there".to_owned()),
        Command::Quit => Ok("quit"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    fn answers(reader: SocketAddr, script: &str) -> String {
        let mut output = Vec::new();
        run(reader, script.as_bytes(), &mut output).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn a_card_answers_on_the_wire_until_it_is_lifted() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let reader = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // Power on, ask for the ATR, ask for the UID.
            stream.write_all(&[0, 1, 1, 0, 1, 4]).unwrap();
            let mut atr = [0; 22];
            stream.read_exact(&mut atr).unwrap();
            assert_eq!(atr[..3], [0, 20, 0x3B]);
            stream.write_all(&[0, 5, 0xFF, 0xCA, 0, 0, 0]).unwrap();
            let mut uid = [0; 11];
            stream.read_exact(&mut uid).unwrap();
            assert_eq!(uid, [0, 9, 0x04, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0x80, 0x90, 0x00]);
            stream
        });
        let card = Card::new("04A1B2C3D4E580".parse().unwrap(), None, None);
        let tap = Tap::start(address, card).unwrap();
        let mut stream = reader.join().unwrap();
        assert!(!tap.has_left());
        tap.lift();
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "lifting closes the connection");
    }

    #[test]
    fn a_card_is_still_there_when_the_reader_comes_back() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let tap =
            Tap::start(listener.local_addr().unwrap(), Card::new("04A1B2C3".parse().unwrap(), None, None)).unwrap();
        drop(listener.accept().unwrap());
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(&[0, 1, 4]).unwrap();
        stream.read_exact(&mut [0; 22]).unwrap();
        tap.lift();
    }

    #[test]
    fn every_command_has_one_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let script = "lift\ntap 04A1B2C3D4E580\ntap 04A1B2C3D4E580\nlift\ntap XY\ntap 04A1B2C3 spoon\n\nquit\nlift\n";
        assert_eq!(
            answers(listener.local_addr().unwrap(), script),
            "error no card is there\n\
             ok tap\n\
             error a card is on the reader: lift it first\n\
             ok lift\n\
             error not 1 to 16 bytes in hexadecimal digits\n\
             error no kind of card: spoon\n\
             error the commands are: tap UID [KIND], lift, quit\n\
             ok quit\n"
        );
    }

    #[test]
    fn no_reader_is_an_answer_not_an_end() {
        // A port that only root could listen on, and nobody does.
        let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
        let answers = answers(nobody, "tap 04A1B2C3D4E580\nquit\n");
        assert!(answers.starts_with("error no virtual reader at 127.0.0.1:"), "{answers}");
        assert!(answers.ends_with("ok quit\n"), "{answers}");
    }
}
