//! A ledger in a real PostgreSQL over TLS: only from a server that proves who it is.
#![allow(clippy::unwrap_used)]

mod ledgers;

use std::path::Path;

use ledgers::{ANNA, World, kr};
use madkort_postgres::Postgres;
use madkort_protocol::Outcome;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use sync_server::store::{self, DatabaseUrl};

/// An authority, its certificate in a file, and a certificate of it for a host with its key.
fn authority(file: &Path, host: &str) -> (String, String) {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    std::fs::write(file, params.self_signed(&key).unwrap().pem()).unwrap();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![host.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    (certificate.pem(), key.serialize_pem())
}

/// Why it cannot be opened.
fn refused(url: &str) -> String {
    let Err(refused) = store::open(&DatabaseUrl::parse(url).unwrap()) else { panic!("{url} was opened") };
    format!("{:#}", anyhow::Error::from(refused))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_is_kept_over_tls_and_with_nobody_unknown() {
    let mut postgres = Postgres::temporary().unwrap();
    let plain = postgres.create("books").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [file, other] = ["ca.pem", "other.pem"].map(|name| folder.path().join(name));
    let (certificate, key) = authority(&file, "127.0.0.1");
    authority(&other, "127.0.0.1");
    let url = format!("{plain}?sslmode=verify-full&sslrootcert={}", file.display());
    let said = refused(&url);
    assert!(said.contains("does not support TLS"), "{said}");

    postgres.offer_tls(&certificate, &key).unwrap();
    let parsed = DatabaseUrl::parse(&url).unwrap();
    store::migrate(&parsed).unwrap();
    let world = World::new(parsed).await;
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    world.fund(&kiosk, ANNA, kr(100)).await;
    assert_eq!(world.buy(&till, &world.sale(kr(20))).await, Outcome::Posted);
    world.audited().await;
    let lines = "SELECT bool_and(ssl), count(*) > 1 FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
         WHERE application_name = 'madkort'";
    assert_eq!(postgres.tell("books", lines).unwrap().trim(), "t|t");

    // The authority alone asks for all of it, and a server that is not known gets nothing.
    assert!(store::open(&DatabaseUrl::parse(&format!("{plain}?sslrootcert={}", file.display())).unwrap()).is_ok());
    let said = refused(&format!("{plain}?sslmode=require&sslrootcert={}", other.display()));
    assert!(said.contains("invalid peer certificate"), "{said}");
    let said = refused(&format!("{plain}?sslmode=require"));
    assert!(said.contains("cannot open the database postgres://madkort@"), "{said}");
    // Nor does one that is known, under another name.
    let localhost = url.replace("127.0.0.1", "localhost");
    let said = refused(&localhost);
    assert!(said.contains("not valid for name"), "{said}");
    let said = refused(&format!("{plain}?sslmode=allow"));
    assert!(said.contains("sslmode is allow"), "{said}");
}
