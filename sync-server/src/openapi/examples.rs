//! What a cash register says and hears, in examples.
//!
//! Pure. **Invariant:** every example is the message it stands under: tests parse them.

use serde_json::{Value, json};

const SALE: &str = "019ab6c0-7b00-7000-8000-000000000001";
const HELD: &str = "019ab6c0-7b00-7000-8000-000000000002";
const NEXT: &str = "019ab6c0-7b00-7000-8000-000000000003";
const LASAGNE: &str = "019ab6c0-7b00-7000-8000-000000000004";
const CARD: &str = "019ab4d2-1c00-7000-8000-000000000006";
const UID: &str = "04A1B2C3D4E580";
const DEVICE: &str = "1d7c2a4e-9b1f-4c55-8a7e-0b6f5f1c9e21";
const SCHOOL: &str = "5e0c7d3a-2f4b-4d0e-9a61-7c8e3b2f1a90";
/// The public key of the first example in RFC 8032, 7.1.
const KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

/// The examples of a message, by name.
pub(super) fn of(message: &str) -> Vec<(String, Value)> {
    let examples = match message {
        "Enrol" => vec![(
            "a_register",
            json!({ "code": "7QH4-0ZKM-T2RD", "kind": "register", "name": "Kassen i kantinen", "public_key": KEY }),
        )],
        "Enrolled" => vec![("a_register", json!({ "device": DEVICE, "short_name": "R1", "school": school() }))],
        "PurchaseRequest" => vec![
            ("plain", sale(SALE)),
            ("captures_an_authorisation", {
                let mut sale = sale(SALE);
                sale["authorisation"] = json!(HELD);
                sale
            }),
        ],
        "PurchaseAnswer" | "Answer" => vec![
            ("posted", posted(SALE)),
            ("asked_again", json!({ "id": SALE, "outcome": "already_posted" })),
            ("refused", refused(SALE, "balance")),
        ],
        "Undo" | "Release" => vec![("plain", json!({ "id": NEXT }))],
        "AuthorisationRequest" => vec![("plain", json!({ "id": HELD, "card_uid": UID, "amount": 5000 }))],
        "PickUpRequest" => vec![("plain", json!({ "id": NEXT, "card_uid": UID }))],
        "PickUpAnswer" => vec![
            ("one_order", json!({ "id": NEXT, "outcome": "posted", "orders": [order()] })),
            ("nothing_to_hand_out", json!({ "id": NEXT, "outcome": "posted", "orders": [] })),
            ("refused", {
                let mut answer = refused(NEXT, "card");
                answer["orders"] = json!([]);
                answer
            }),
        ],
        "PurchaseBatch" => {
            let offline = |id, at: &str| json!({ "claimed_at": at, "purchase": sale(id) });
            let purchases = [offline(SALE, "2026-11-24T10:41:07Z"), offline(NEXT, "2026-11-24T10:43:52Z")];
            vec![("two_sales", json!({ "purchases": purchases }))]
        }
        "TillChanges" => {
            let card = |status: &str| json!({ "card": CARD, "uid": UID, "status": status });
            vec![
                ("a_card_was_blocked", json!({ "cursor": 4711, "more": false, "cards": [card("blocked")] })),
                ("nothing_about_cards", json!({ "cursor": 4712, "more": false, "cards": [] })),
            ]
        }
        "PurchaseBatchAnswer" => {
            vec![("one_refused", json!({ "answers": [posted(SALE), refused(NEXT, "offline_allowance")] }))]
        }
        _ => vec![],
    };
    examples.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn sale(id: &str) -> Value {
    json!({ "id": id, "card_uid": UID, "amount": 3500, "vat_percent": 25, "text": "Frikadelle med kartofler" })
}

fn posted(id: &str) -> Value {
    json!({ "id": id, "outcome": "posted" })
}

/// Without figures: they would tell what somebody has left.
fn refused(id: &str, rule: &str) -> Value {
    json!({ "id": id, "outcome": "refused", "rule": rule, "limit": null, "asked": null })
}

fn school() -> Value {
    json!({
        "id": SCHOOL,
        "name": "Højager Skole",
        "issuer": { "name": "Højager Kommune", "cvr": "00000000", "address": "Skolevej 1, 0999 Højager" },
        "terms": { "version": "2026-08", "da": "Vilkår for kontoen …", "en": "Terms of the account …" },
        "support_email": "kantinen@hojager.example",
        "support_phone": "00 00 00 00",
        "tap": "card_decides",
        "offline": { "per_sale": 10000, "per_card": 12000, "per_kiosk": 150_000, "hours": 24 },
        "deposit": { "lowest": 5000, "highest": 100_000 },
    })
}

fn order() -> Value {
    json!({
        "order": "019ab4d2-1c00-7000-8000-000000000005",
        "number": "K1-42",
        "lines": [{
            "product": LASAGNE, "name_da": "Lasagne", "name_en": "Lasagne", "quantity": 1, "comment": "uden løg",
        }],
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use madkort_protocol::{
        Answer, AuthorisationRequest, Enrol, Enrolled, PickUpAnswer, PickUpRequest, PurchaseAnswer, PurchaseBatch,
        PurchaseBatchAnswer, PurchaseRequest, Release, TillChanges, Undo,
    };
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::*;

    /// Read and written again it is the same: no field is missing, and none is too many.
    fn is_one<T: DeserializeOwned + Serialize>(message: &str) {
        let examples = of(message);
        assert!(!examples.is_empty(), "{message}");
        for (name, example) in examples {
            let read: T = serde_json::from_value(example.clone()).unwrap_or_else(|e| panic!("{message} {name}: {e}"));
            assert_eq!(serde_json::to_value(read).unwrap(), example, "{message} {name}");
        }
    }

    #[test]
    fn every_example_is_the_message() {
        is_one::<Answer>("Answer");
        is_one::<AuthorisationRequest>("AuthorisationRequest");
        is_one::<Enrol>("Enrol");
        is_one::<Enrolled>("Enrolled");
        is_one::<PickUpAnswer>("PickUpAnswer");
        is_one::<PickUpRequest>("PickUpRequest");
        is_one::<PurchaseAnswer>("PurchaseAnswer");
        is_one::<PurchaseBatch>("PurchaseBatch");
        is_one::<PurchaseBatchAnswer>("PurchaseBatchAnswer");
        is_one::<PurchaseRequest>("PurchaseRequest");
        is_one::<Release>("Release");
        is_one::<TillChanges>("TillChanges");
        is_one::<Undo>("Undo");
    }

    #[test]
    fn every_route_of_a_register_has_examples() {
        let paths = ["/v1/devices", "/v1/purchase", "/v1/authorisations", "/v1/pick-ups"];
        let own: Vec<_> =
            super::super::ROUTES.iter().filter(|route| paths.iter().any(|p| route.path.starts_with(p))).collect();
        assert_eq!(own.len(), 7);
        for route in own {
            assert!(!of(route.takes.unwrap()).is_empty(), "{}", route.path);
            let (super::super::Body::Message(gives) | super::super::Body::Created(gives)) = route.gives else {
                panic!("{}", route.path)
            };
            assert!(!of(gives).is_empty(), "{}", route.path);
        }
    }
}
