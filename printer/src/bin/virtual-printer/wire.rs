//! TCP port 9100: one client at a time, real-time commands obeyed as they arrive.
//!
//! **Invariant:** a byte is read from the socket only when there is room for it in the buffer, so that a full printer
//! pushes back on its client as a real one does.

use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::events::{Event, tell};
use crate::machine::{Machine, Take};

/// The receive window of a printer's network board. A large one would take whole jobs that the printer cannot hold.
const RECEIVE_BUFFER: usize = 4096;

/// Opens the port.
pub fn listen(address: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    rustix::net::sockopt::set_socket_recv_buffer_size(&listener, RECEIVE_BUFFER)?;
    Ok(listener)
}

/// Serves clients, one after the other, until the process ends.
pub fn serve(listener: &TcpListener, machine: &Machine) {
    for stream in listener.incoming().flatten() {
        let _ = stream.set_nodelay(true);
        if let Ok(answers) = stream.try_clone() {
            let epoch = machine.epoch();
            machine.connected(answers);
            let received = client(stream, machine, epoch);
            machine.disconnected(received);
        }
    }
}

/// One client, to its end. Returns how many bytes came.
fn client(mut stream: TcpStream, machine: &Machine, epoch: usize) -> usize {
    let mut received = 0;
    let mut ear = Ear::default();
    let mut buffer = [0; 1024];
    while let Take::Room(free) = machine.room(epoch) {
        let room = free.min(buffer.len());
        let Ok(count @ 1..) = stream.read(&mut buffer[..room]) else { break };
        let (count, reset) = machine.before_reset(count);
        for byte in &buffer[..count] {
            if let Some(command) = ear.hear(*byte) {
                machine.real_time(&command);
            }
        }
        received += count;
        machine.receive(&buffer[..count], epoch);
        if reset {
            tell(&Event::Reset { received });
            // Lingering for no time makes the end a reset instead of an orderly goodbye.
            let _ = rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO));
            break;
        }
    }
    received
}

/// Listens for real-time commands in the stream, wherever they stand: inside a picture, too.
#[derive(Default)]
struct Ear {
    heard: Vec<u8>,
}

impl Ear {
    fn hear(&mut self, byte: u8) -> Option<Vec<u8>> {
        self.heard.push(byte);
        let length = match self.heard[..] {
            [0x10] | [0x10, 0x04 | 0x05 | 0x14] => return None,
            [0x10, 0x04 | 0x05, ..] => 3,
            [0x10, 0x14, ..] => 5,
            _ => 0,
        };
        if length == 0 {
            // This byte may itself begin one.
            self.heard.clear();
            if byte == 0x10 {
                self.heard.push(byte);
            }
            return None;
        }
        (self.heard.len() == length).then(|| std::mem::take(&mut self.heard))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_heard_wherever_it_stands() {
        let mut ear = Ear::default();
        let heard: Vec<Vec<u8>> = [&[0x1D, 0x76, 0x30, 0x10, 0x10, 0x04, 1, 0x55][..], &[0x10, 0x05, 2]]
            .concat()
            .into_iter()
            .filter_map(|byte| ear.hear(byte))
            .collect();
        assert_eq!(heard, [vec![0x10, 0x04, 1], vec![0x10, 0x05, 2]]);
    }
}
