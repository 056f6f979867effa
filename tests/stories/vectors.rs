//! The published vectors: what other people's cards and test cards look like, read by our words.
#![allow(clippy::unwrap_used, missing_docs)]

use madkort_protocol::CardUid;
use madkort_tests::folders::vectors_dir;
use serde_json::Value;

fn vectors(file: &str) -> Value {
    let path = vectors_dir().join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_uid_of_every_published_card_names_a_card() {
    let vectors = vectors("sun-vectors.json");
    let mut cards = 0;
    for entry in vectors["sun"].as_array().unwrap() {
        let Some(uid) = entry["uid"].as_str() else { continue };
        let read = CardUid::parse(uid).unwrap();
        assert_eq!(read.as_hex(), uid, "{}", entry["id"]);
        assert!(!format!("{read:?}").contains(uid), "a UID never prints whole");
        cards += 1;
    }
    assert!(cards >= 10, "only {cards} cards were read");
}

#[test]
fn the_sandbox_pays_and_declines_with_the_numbers_the_trade_tests_with() {
    let vectors = vectors("payment-vectors.json");
    let published = vectors["quickpay_test_cards"].to_string();
    let server = tempfile::tempdir().unwrap();
    let server = madkort_tests::server::Server::start(server.path()).unwrap();
    let known = &server.school().payment_cards;
    let shared = known.iter().filter(|(number, _)| published.contains(&number.replace(' ', "")));
    assert!(shared.count() >= 2, "{known:?}");
}
