//! A server that speaks another version: the kiosk says that it needs an update, and is back when the server is.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use madkort_protocol::{API_VERSION, HEADER_API, Problem, ProblemCode};
use madkort_tests::rig::{Options, Rig};

/// Bytes of a request's head.
const HEAD: usize = 16 * 1024;

/// The far end of the cable: answers whatever it is asked as a server of the next version does.
fn server_of_the_future() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let body = serde_json::to_string(&Problem::new(ProblemCode::ApiVersion))?;
    let answer = format!(
        "HTTP/1.1 426 Upgrade Required\r\n{HEADER_API}: {}\r\ncontent-type: application/problem+json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        API_VERSION + 1,
        body.len()
    );
    // Ends with the test's process.
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let _ = stream.read(&mut [0; HEAD]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    Ok(address)
}

#[test]
fn another_version() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    rig.network.plug_into(server_of_the_future()?);
    rig.network.cut();
    rig.network.restore();
    rig.see("The kiosk needs an update")?;
    rig.see("Staff: let the kiosk finish its update, or ask support for help.")?;

    rig.network.plug_into(rig.server.address());
    rig.network.cut();
    rig.network.restore();
    rig.window().wait_gone(&rig.words.say("The kiosk needs an update"))?;
    rig.come_in("Emil")?;
    rig.go()?;
    rig.ledger().must_add_up()
}
