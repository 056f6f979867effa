//! The mail server of `agent.py`, and the authorities that vouch for it.

#![allow(dead_code, clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use serde_json::{Value, json};
use sync_server::mail::{Authorities, Security, SmtpSettings};
use tempfile::TempDir;

/// Debian's own Python: another one on the path does not have Debian's packages.
const PYTHON: &str = "/usr/bin/python3";
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mail_server/agent.py");
const USER: &str = "kantine";
pub const PASSWORD: &str = "rugbrød-hunter2";
/// A visit takes milliseconds; a machine that is busy with other tests is given this long.
const DEADLINE: Duration = Duration::from_mins(1);

/// Somebody who says of mail servers who they are.
pub struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// A certificate for a host, with its key.
    pub fn vouches_for(&self, host: &str) -> String {
        self.signed(&CertificateParams::new(vec![host.to_owned()]).unwrap())
    }

    /// One that was good until a while ago.
    pub fn once_vouched_for(&self, host: &str) -> String {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
        self.signed(&params)
    }

    fn signed(&self, params: &CertificateParams) -> String {
        let key = KeyPair::generate().unwrap();
        params.signed_by(&key, &self.issuer).unwrap().pem() + &key.serialize_pem()
    }
}

/// What a mail server has to show for itself.
pub enum Proof {
    /// A certificate with its key.
    Of(String),
    /// It offers no TLS.
    None,
}

/// A mail server that ends with the test.
pub struct Agent {
    child: Child,
    input: Option<ChildStdin>,
    told: Receiver<Value>,
    port: u16,
    _folder: TempDir,
}

impl Agent {
    /// With what it answers to one letter after the other.
    pub fn start(proof: Proof, script: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let identity = match proof {
            Proof::None => Value::Null,
            Proof::Of(pem) => {
                let file = folder.path().join("identity.pem");
                std::fs::write(&file, pem).unwrap();
                json!(file)
            }
        };
        let mut command = Command::new(PYTHON);
        command.arg(PROGRAM).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("Debian's python3 and python3-aiosmtpd; `make test` installs them");
        let mut input = child.stdin.take().unwrap();
        let order = json!({ "identity": identity, "user": USER, "password": PASSWORD, "script": script });
        writeln!(input, "{order}").unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (tell, told) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let Ok(()) = tell.send(serde_json::from_str(&line).unwrap()) else { return };
            }
        });
        let ready: Value = told.recv_timeout(DEADLINE).expect("the mail server did not start");
        let port = ready["port"].as_u64().unwrap().try_into().unwrap();
        Self { child, input: Some(input), told, port, _folder: folder }
    }

    /// How it is reached by one who believes this authority, or else those of the system.
    pub fn settings(&self, authority: Option<&Authority>) -> SmtpSettings {
        SmtpSettings {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            security: Security::StartTls,
            authorities: authority.map(|authority| Authorities::parse(&authority.certificate).unwrap()),
            login: Some((USER.to_owned(), PASSWORD.to_owned())),
            from: "madkort@madkort.example".to_owned(),
        }
    }

    /// The next visit that is over.
    pub fn visit(&self) -> Value {
        self.told.recv_timeout(DEADLINE).expect("nobody came")
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        drop(self.input.take());
        let _gone = self.child.wait();
    }
}
