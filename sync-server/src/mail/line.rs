//! The line to the mail server: how it is protected, whom it believes, and what it means when the other end says no.
//!
//! **Invariant:** where TLS is asked for, neither a login nor a letter goes out before the mail server has proved its name. What is
//! told of a failure holds no address, no password and no word of the mail server's: it may quote either.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// How long the mail server may take for one step of the conversation (RFC 5321 section 4.5.3.2 asks for minutes; it is near).
const STEP: Duration = Duration::from_mins(1);
/// How a mail server turns a login down, or asks for one (RFC 4954, section 6; 538 in RFC 2554). It is about us, not about a letter.
const LOGIN_REFUSED: [u16; 4] = [530, 534, 535, 538];

/// How the mail server is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpSettings {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the line is protected.
    pub security: Security,
    /// The authorities of which one must have signed its certificate; without them, those of the system.
    pub authorities: Option<Authorities>,
    /// User and password, where it wants them.
    pub login: Option<(String, String)>,
    /// Who letters are from.
    pub from: String,
}

impl std::fmt::Debug for SmtpSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmtpSettings").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

/// How a line to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (`smtps://`).
    Tls,
    /// STARTTLS, and nothing without it (`smtp://`).
    StartTls,
    /// Nothing: only to this machine.
    Plain,
}

/// Certificates of authorities, at least one, each of which TLS can believe.
#[derive(Clone, PartialEq, Eq)]
pub struct Authorities(Vec<CertificateDer<'static>>);

/// A text that is no list of authorities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not certificates of authorities in PEM")]
pub struct NoAuthorities;

impl Authorities {
    /// Reads certificates in PEM, one behind the other (RFC 7468).
    pub fn parse(pem: &str) -> Result<Self, NoAuthorities> {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
        let certificates = read.map_err(|_| NoAuthorities)?;
        let mut roots = RootCertStore::empty();
        for certificate in &certificates {
            roots.add(certificate.clone()).map_err(|_| NoAuthorities)?;
        }
        if roots.is_empty() { Err(NoAuthorities) } else { Ok(Self(certificates)) }
    }
}

/// The settings do not make a mailer.
#[derive(Debug, thiserror::Error)]
pub enum NoMailer {
    /// The sender is no address.
    #[error("smtp_from is no e-mail address")]
    From(#[source] lettre::address::AddressError),
    /// TLS cannot be set up.
    #[error("TLS to the mail server cannot be set up")]
    Tls(#[source] smtp::Error),
}

/// The line, as the settings have it. Nothing is connected yet.
pub(super) fn transport(settings: &SmtpSettings) -> Result<AsyncSmtpTransport<Tokio1Executor>, NoMailer> {
    let tls = match settings.security {
        Security::Tls => Tls::Wrapper(parameters(settings)?),
        Security::StartTls => Tls::Required(parameters(settings)?),
        Security::Plain => Tls::None,
    };
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
        .port(settings.port)
        .tls(tls)
        .timeout(Some(STEP));
    if let Some((user, password)) = &settings.login {
        transport = transport.credentials(Credentials::new(user.clone(), password.clone()));
    }
    Ok(transport.build())
}

fn parameters(settings: &SmtpSettings) -> Result<TlsParameters, NoMailer> {
    let mut parameters = TlsParameters::builder(settings.host.clone());
    if let Some(Authorities(certificates)) = &settings.authorities {
        // Whoever names authorities believes no others.
        parameters = parameters.certificate_store(CertificateStore::None);
        for certificate in certificates {
            let certificate = Certificate::from_der(certificate.to_vec()).map_err(NoMailer::Tls)?;
            parameters = parameters.add_root_certificate(certificate);
        }
    }
    parameters.build().map_err(NoMailer::Tls)
}

/// What it means that a letter was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// It will not be, by this code.
    Never(String),
    /// We were turned down, by this code, at the door or at the login: no letter is taken from us.
    WeAreRefused(String),
    /// Another time, perhaps; and why not now.
    Later(String),
}

impl From<smtp::Error> for NotTaken {
    fn from(error: smtp::Error) -> Self {
        match error.status() {
            Some(code) if LOGIN_REFUSED.contains(&u16::from(code)) => Self::WeAreRefused(code.to_string()),
            Some(code) if error.is_permanent() => Self::Never(code.to_string()),
            Some(code) => Self::Later(code.to_string()),
            None => Self::Later(on_the_line(&error)),
        }
    }
}

/// Why a letter was not taken. A mail server may turn away whoever calls with the code it has for a letter (554: RFC 5321, 3.1; 521: RFC
/// 7504), so a letter is not given up before it is known that the server takes any from us.
pub(super) async fn not_taken(transport: &AsyncSmtpTransport<Tokio1Executor>, error: smtp::Error) -> NotTaken {
    let why = NotTaken::from(error);
    let NotTaken::Never(_) = why else { return why };
    match transport.test_connection().await {
        Err(at_the_door) if at_the_door.is_permanent() => {
            NotTaken::WeAreRefused(at_the_door.status().map(|code| code.to_string()).unwrap_or_default())
        }
        _ => why,
    }
}

/// What broke on the line: what TLS did not believe, in its own words, or the kind of the failure. Never what the other end said.
fn on_the_line(error: &smtp::Error) -> String {
    let mut cause = error.source();
    while let Some(at) = cause {
        if let Some(io) = at.downcast_ref::<io::Error>() {
            let tls = io.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            return tls.map_or_else(|| io.kind().to_string(), ToString::to_string);
        }
        cause = at.source();
    }
    let what =
        if error.is_client() { "it offers no TLS, or no way to log in, that we know" } else { "the line was lost" };
    what.to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_authority() {
        let end = "-----END CERTIFICATE-----\n";
        for text in ["", "hej", &format!("-----BEGIN CERTIFICATE-----\nAAAA\n{end}"), "-----BEGIN CERTIFICATE-----\nAA"]
        {
            assert!(Authorities::parse(text).is_err(), "{text}");
        }
    }
}
