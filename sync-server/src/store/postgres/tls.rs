//! TLS to a PostgreSQL server, as its URL asks for it in libpq's words.
//!
//! `sslmode=require`, `verify-ca` and `verify-full` all mean the last of them here, and so does `sslrootcert=FILE` alone: the line is
//! encrypted, the server's certificate comes from an authority in that file, or else in the system's store, and it names the host.
//! Without them the line is plain, as within one machine.
//!
//! **Invariant:** whoever asks for TLS gets it, from a server that has proved who it is, or no connection.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use rustls_tokio_postgres::MakeRustlsConnect;

/// The word with which libpq means the system's own store.
const SYSTEM: &str = "system";

/// Why there can be no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The word is none of libpq's, or one that promises what it does not keep.
    #[error("sslmode is {0}, and must be disable, prefer, require, verify-ca or verify-full")]
    Mode(String),
    /// The file of authorities cannot be read.
    #[error("the certificates of {path} cannot be read")]
    Authorities {
        /// Which file.
        path: String,
        /// Why not.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// The file of authorities has none.
    #[error("there is no certificate in {0}")]
    NoAuthority(String),
    /// TLS itself will not have it.
    #[error("TLS cannot be set up")]
    Rustls(#[from] rustls::Error),
}

/// Whom to believe.
#[derive(Debug, PartialEq, Eq)]
pub enum Trust {
    /// The authorities of the system's store.
    System,
    /// Those in a file.
    File(String),
}

/// What a URL asks for, and the URL in the words that tokio-postgres knows.
pub fn read(url: &str) -> Result<(String, Option<Trust>), TlsError> {
    let host = url.rfind('@').map_or(0, |at| at + 1);
    let Some((place, parameters)) = url[host..].split_once('?') else { return Ok((url.to_owned(), None)) };
    let (mut kept, mut mode, mut root) = (Vec::new(), None, None);
    for parameter in parameters.split('&') {
        match parameter.split_once('=') {
            Some(("sslmode", word)) => mode = Some(word),
            Some(("sslrootcert", file)) => root = Some(decoded(file)),
            _ => kept.push(parameter.to_owned()),
        }
    }
    let secure = match mode {
        None => root.is_some(),
        Some("disable" | "prefer") => false,
        Some("require" | "verify-ca" | "verify-full") => true,
        Some(other) => return Err(TlsError::Mode(other.to_owned())),
    };
    kept.push(format!("sslmode={}", if secure { "require" } else { "disable" }));
    let url = format!("{}{place}?{}", &url[..host], kept.join("&"));
    let trust = match root {
        Some(file) if file != SYSTEM => Trust::File(file),
        _ => Trust::System,
    };
    Ok((url, secure.then_some(trust)))
}

/// What makes such connections.
pub fn connector(trust: &Trust) -> Result<MakeRustlsConnect, TlsError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = match trust {
        Trust::System => builder.with_platform_verifier()?,
        Trust::File(path) => builder.with_root_certificates(authorities(path)?),
    };
    Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
}

fn authorities(path: &str) -> Result<RootCertStore, TlsError> {
    let broken = |source| TlsError::Authorities { path: path.to_owned(), source };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(Path::new(path)).map_err(broken)? {
        roots.add(certificate.map_err(broken)?)?;
    }
    if roots.is_empty() { Err(TlsError::NoAuthority(path.to_owned())) } else { Ok(roots) }
}

/// A parameter of a URL without its percent signs (RFC 3986, section 2.1); what is no such sign stays.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let mut byte = [0];
        if *first == b'%' && after.get(..2).is_some_and(|digits| hex::decode_to_slice(digits, &mut byte).is_ok()) {
            bytes.push(byte[0]);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_libpq_are_understood_and_the_strongest_is_meant() {
        let file = |path: &str| Some(Trust::File(path.to_owned()));
        for (url, plain, trust) in [
            ("postgres://u:a?b@h/n", "postgres://u:a?b@h/n", None),
            ("postgres://h/n?sslmode=disable", "postgres://h/n?sslmode=disable", None),
            ("postgres://h/n?sslmode=prefer", "postgres://h/n?sslmode=disable", None),
            ("postgres://u:p@h/n?a=b&sslmode=require", "postgres://u:p@h/n?a=b&sslmode=require", Some(Trust::System)),
            ("postgres://h/n?sslmode=verify-full", "postgres://h/n?sslmode=require", Some(Trust::System)),
            (
                "postgres://h/n?sslmode=require&sslrootcert=system",
                "postgres://h/n?sslmode=require",
                Some(Trust::System),
            ),
            ("postgres://h/n?sslrootcert=/etc/ca.pem", "postgres://h/n?sslmode=require", file("/etc/ca.pem")),
            ("postgres://h/n?sslrootcert=/a%20%c3%a6%zz&c=d", "postgres://h/n?c=d&sslmode=require", file("/a æ%zz")),
            ("postgres://h/n?sslmode=disable&sslrootcert=/ca.pem", "postgres://h/n?sslmode=disable", None),
        ] {
            assert_eq!(read(url).unwrap(), (plain.to_owned(), trust), "{url}");
        }
        for mode in ["allow", "", "REQUIRE", "verify"] {
            assert!(matches!(read(&format!("postgres://h/n?sslmode={mode}")), Err(TlsError::Mode(_))), "{mode}");
        }
    }

    #[test]
    fn a_file_without_an_authority_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let trust = Trust::File(file.display().to_string());
        assert!(matches!(connector(&trust), Err(TlsError::Authorities { .. })));
        std::fs::write(&file, "no certificate").unwrap();
        assert!(matches!(connector(&trust), Err(TlsError::NoAuthority(_))));
        std::fs::write(&file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        assert!(connector(&trust).is_err());
    }
}
