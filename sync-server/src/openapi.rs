//! The description of the server's HTTP API (OpenAPI 3.1): served at `/openapi.json` and kept in `openapi.json`.
//!
//! Pure. The messages describe themselves in `madkort-protocol`; the routes are the table below.
//!
//! **Invariant:** every route of the server is in [`ROUTES`], and every message in it is the one the route parses; tests say so.

mod examples;

use std::collections::BTreeMap;

use madkort_protocol::{Problem, ProblemCode};
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use ProblemCode::{
    ApiVersion, BadSignature, EnrolmentCode, GuardiansCap, IdReused, Internal, InvalidAmount, InvalidField, Malformed,
    MediaType, NoGateway, NotAllowed, NotFound, SequenceGap, SignIn, TooLarge, TooMany, TooSlow, Unavailable,
    UnknownDevice,
};

/// What any route below `/v1/` answers: each reads a body, within its time and of its version, and asks the database.
const OF_ALL: [ProblemCode; 7] = [Malformed, TooSlow, TooLarge, MediaType, ApiVersion, Internal, Unavailable];

/// The messages.
#[derive(OpenApi)]
#[openapi(components(schemas(
    madkort_protocol::AllergiesChange,
    madkort_protocol::Answer,
    madkort_protocol::AuthorisationRequest,
    madkort_protocol::AutoRechargeDetails,
    madkort_protocol::Changes,
    madkort_protocol::Deposit,
    madkort_protocol::DepositRequest,
    madkort_protocol::Enrol,
    madkort_protocol::Enrolled,
    madkort_protocol::KnownAllergies,
    madkort_protocol::LoginAnswer,
    madkort_protocol::LoginRequest,
    madkort_protocol::PickUpAnswer,
    madkort_protocol::PickUpRequest,
    madkort_protocol::PicturePage,
    madkort_protocol::PicturePageRequest,
    madkort_protocol::MandateAnswer,
    madkort_protocol::MandatePage,
    madkort_protocol::MandatePageRequest,
    madkort_protocol::MandateRequest,
    madkort_protocol::PasswordAnswer,
    madkort_protocol::PasswordChange,
    madkort_protocol::PasswordResetRequest,
    madkort_protocol::Problem,
    madkort_protocol::Profile,
    madkort_protocol::ProfileChange,
    madkort_protocol::PurchaseAnswer,
    madkort_protocol::PurchaseBatch,
    madkort_protocol::PurchaseBatchAnswer,
    madkort_protocol::PurchaseRequest,
    madkort_protocol::Push,
    madkort_protocol::Pushed,
    madkort_protocol::Quote,
    madkort_protocol::QuoteRequest,
    madkort_protocol::Release,
    madkort_protocol::SessionToken,
    madkort_protocol::Statement,
    madkort_protocol::StatementMailRequest,
    madkort_protocol::TillChanges,
    madkort_protocol::Transfer,
    madkort_protocol::TransferRequest,
    madkort_protocol::Undo,
    madkort_protocol::Withdrawal,
    madkort_protocol::WithdrawalRequest,
    madkort_protocol::Withdrawals,
)))]
struct Messages;

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Anybody.
    Anybody,
    /// An enrolled device, by signature.
    Device,
    /// An enrolled device, by signature, for somebody who is signed in, by session.
    Visitor,
}

/// What a route answers with when all is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// A message of the protocol.
    Message(&'static str),
    /// A message about something that was made: 201.
    Created(&'static str),
    /// One of them: the first to a kiosk, the second to a cash register.
    ByKind(&'static str, &'static str),
    /// A page.
    Html,
    /// A picture of that media type.
    Picture(&'static str),
    /// JSON of no fixed shape.
    Json,
    /// Nothing: 204.
    Nothing,
}

/// One route.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// In lower case.
    pub method: &'static str,
    /// With `{names}`.
    pub path: &'static str,
    /// Who may call it.
    pub caller: Caller,
    /// What it does.
    pub summary: &'static str,
    /// The message it takes.
    pub takes: Option<&'static str>,
    /// What it answers.
    pub gives: Body,
    /// Parameters in the query: name, what it is, whether it must be there.
    pub query: &'static [(&'static str, &'static str, bool)],
    /// The problems it can answer with, beside those that [`Route::codes`] adds.
    pub problems: &'static [ProblemCode],
}

/// Every route of the server.
#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    Route { method: "post", path: "/v1/devices", caller: Caller::Anybody, summary: "Enrols a device with a one-time code.", takes: Some("Enrol"), gives: Body::Created("Enrolled"), query: &[], problems: &[InvalidField, EnrolmentCode, TooMany] },
    Route { method: "get", path: "/v1/changes", caller: Caller::Device, summary: "What changed after a cursor: to a kiosk everything, to a cash register cards; may wait for something to change.", takes: None, gives: Body::ByKind("Changes", "TillChanges"), query: &[("after", "The cursor of the last answer; 0 at first.", true), ("wait", "Seconds to wait for a change, at most 25.", false)], problems: &[] },
    Route { method: "post", path: "/v1/operations", caller: Caller::Device, summary: "Settles journal rows of a device in their sequence; each is posted once, whatever is sent again.", takes: Some("Push"), gives: Body::Message("Pushed"), query: &[], problems: &[InvalidField, IdReused, SequenceGap] },
    Route { method: "get", path: "/v1/product-pictures/{digest}", caller: Caller::Device, summary: "What a product looks like, by the name its products know it by; it never changes.", takes: None, gives: Body::Picture("image/png"), query: &[], problems: &[NotFound] },
    Route { method: "post", path: "/v1/logins", caller: Caller::Device, summary: "Checks a verification code typed at a kiosk; the right one begins a session of 15 minutes.", takes: Some("LoginRequest"), gives: Body::Message("LoginAnswer"), query: &[], problems: &[NotFound, InvalidField, TooMany] },
    Route { method: "post", path: "/v1/card-openings", caller: Caller::Device, summary: "Opens a card that its own holder has blocked, for its code or their own password; the right one begins a session as a log-in does.", takes: Some("LoginRequest"), gives: Body::Message("LoginAnswer"), query: &[], problems: &[NotFound, InvalidField, TooMany] },
    Route { method: "delete", path: "/v1/logins", caller: Caller::Visitor, summary: "Ends the session: the visit is over.", takes: None, gives: Body::Nothing, query: &[], problems: &[] },
    Route { method: "post", path: "/v1/deposits", caller: Caller::Device, summary: "Opens a payment page; asked again with the same id, answers with the same deposit.", takes: Some("DepositRequest"), gives: Body::Message("Deposit"), query: &[], problems: &[NotFound, InvalidField, InvalidAmount, IdReused, TooMany, NoGateway] },
    Route { method: "get", path: "/v1/deposits/{id}", caller: Caller::Device, summary: "How a deposit stands.", takes: None, gives: Body::Message("Deposit"), query: &[], problems: &[NotFound] },
    Route { method: "delete", path: "/v1/deposits/{id}", caller: Caller::Device, summary: "Takes a deposit back, unless somebody has paid it; answers how it stands.", takes: None, gives: Body::Message("Deposit"), query: &[], problems: &[NotFound] },
    Route { method: "post", path: "/v1/accounts/{account}/quotes", caller: Caller::Device, summary: "What an order of these lines would take from an account, while a card that may order from it lies on the reader.", takes: Some("QuoteRequest"), gives: Body::Message("Quote"), query: &[], problems: &[NotFound, InvalidField, TooMany] },
    Route { method: "get", path: "/v1/accounts/{account}/statements/{month}", caller: Caller::Visitor, summary: "The statement of an account for a month, `2026-11`.", takes: None, gives: Body::Message("Statement"), query: &[], problems: &[NotFound, InvalidField] },
    Route { method: "post", path: "/v1/accounts/{account}/statements/{month}/mails", caller: Caller::Visitor, summary: "Sends the statement of a month as a PDF; asked again with the same id, sends no second letter.", takes: Some("StatementMailRequest"), gives: Body::Nothing, query: &[], problems: &[NotFound, InvalidField, TooMany] },
    Route { method: "put", path: "/v1/people/{person}/password", caller: Caller::Visitor, summary: "Replaces the password of whoever is signed in and gives the one before, or the code; ends their other sessions.", takes: Some("PasswordChange"), gives: Body::Message("PasswordAnswer"), query: &[], problems: &[NotFound, InvalidField] },
    Route { method: "post", path: "/v1/password-resets", caller: Caller::Device, summary: "Sends a link for a new password to an address, if it is somebody's; answered alike if not.", takes: Some("PasswordResetRequest"), gives: Body::Nothing, query: &[], problems: &[InvalidField, TooMany] },
    Route { method: "get", path: "/reset/{token}", caller: Caller::Anybody, summary: "The page on which a forgotten password is replaced.", takes: None, gives: Body::Html, query: &[("lang", "`da` or `en`.", false)], problems: &[] },
    Route { method: "post", path: "/reset/{token}", caller: Caller::Anybody, summary: "Replaces it, once, and ends every session.", takes: None, gives: Body::Html, query: &[("lang", "`da` or `en`.", false)], problems: &[] },
    Route { method: "get", path: "/v1/people/{person}", caller: Caller::Visitor, summary: "What somebody has told about themselves, for themselves and for who answers for them.", takes: None, gives: Body::Message("Profile"), query: &[], problems: &[NotFound] },
    Route { method: "put", path: "/v1/people/{person}", caller: Caller::Visitor, summary: "Changes it, and how much may be spent from their account; answers how it then stands.", takes: Some("ProfileChange"), gives: Body::Message("Profile"), query: &[], problems: &[NotFound, InvalidField, GuardiansCap] },
    Route { method: "get", path: "/v1/people/{person}/picture", caller: Caller::Visitor, summary: "What somebody looks like, 192 pixels square, for themselves and for who answers for them.", takes: None, gives: Body::Picture("image/jpeg"), query: &[], problems: &[NotFound] },
    Route { method: "post", path: "/v1/picture-pages", caller: Caller::Visitor, summary: "Opens a page where a telephone takes, chooses or removes a picture, for 15 minutes; asked again with the same id, answers with a new link to it.", takes: Some("PicturePageRequest"), gives: Body::Message("PicturePage"), query: &[], problems: &[NotFound, InvalidField, IdReused, TooMany] },
    Route { method: "get", path: "/v1/picture-pages/{id}", caller: Caller::Visitor, summary: "How such a page stands.", takes: None, gives: Body::Message("PicturePage"), query: &[], problems: &[NotFound] },
    Route { method: "delete", path: "/v1/picture-pages/{id}", caller: Caller::Visitor, summary: "Gives such a page up, unless it was used; answers how it stands.", takes: None, gives: Body::Message("PicturePage"), query: &[], problems: &[NotFound] },
    Route { method: "get", path: "/picture/{token}", caller: Caller::Anybody, summary: "The page on which a picture is taken, chosen or removed.", takes: None, gives: Body::Html, query: &[("lang", "`da` or `en`.", false)], problems: &[] },
    Route { method: "post", path: "/picture/{token}", caller: Caller::Anybody, summary: "Changes or removes it, once; what is no picture changes nothing.", takes: None, gives: Body::Html, query: &[("lang", "`da` or `en`.", false)], problems: &[] },
    Route { method: "get", path: "/v1/cards/{card}/allergies", caller: Caller::Device, summary: "What those cannot eat for whom a card may order, while the card lies on the reader.", takes: None, gives: Body::Message("KnownAllergies"), query: &[], problems: &[NotFound] },
    Route { method: "put", path: "/v1/people/{person}/allergies", caller: Caller::Visitor, summary: "A guardian says what somebody cannot eat, and whether that is only a warning.", takes: Some("AllergiesChange"), gives: Body::Nothing, query: &[], problems: &[NotFound] },
    Route { method: "post", path: "/v1/accounts/{account}/auto-recharge", caller: Caller::Visitor, summary: "A holder pauses, resumes or cancels auto top-up; answers how it then stands.", takes: Some("MandateRequest"), gives: Body::Message("MandateAnswer"), query: &[], problems: &[NotFound] },
    Route { method: "get", path: "/v1/accounts/{account}/auto-recharge", caller: Caller::Visitor, summary: "Auto top-up of an account in full: how it stands, why it is stopped, and what was charged for which purchase.", takes: None, gives: Body::Message("AutoRechargeDetails"), query: &[], problems: &[NotFound] },
    Route { method: "post", path: "/v1/mandates", caller: Caller::Visitor, summary: "Opens a page where a payment card is given to auto top-up, or another one; asked again with the same id, answers with the same page.", takes: Some("MandatePageRequest"), gives: Body::Message("MandatePage"), query: &[], problems: &[NotFound, InvalidField, InvalidAmount, IdReused, TooMany, NoGateway] },
    Route { method: "get", path: "/v1/mandates/{id}", caller: Caller::Visitor, summary: "How such a page stands.", takes: None, gives: Body::Message("MandatePage"), query: &[], problems: &[NotFound] },
    Route { method: "delete", path: "/v1/mandates/{id}", caller: Caller::Visitor, summary: "Takes such a page back, unless a card was given on it; answers how it stands.", takes: None, gives: Body::Message("MandatePage"), query: &[], problems: &[NotFound] },
    Route { method: "post", path: "/v1/withdrawals", caller: Caller::Visitor, summary: "Sets money aside to be paid out to a bank account; asked again with the same id, answers with the same withdrawal.", takes: Some("WithdrawalRequest"), gives: Body::Message("Withdrawal"), query: &[], problems: &[NotFound, InvalidField, IdReused, TooMany] },
    Route { method: "get", path: "/v1/withdrawals/{id}", caller: Caller::Visitor, summary: "How far a withdrawal is.", takes: None, gives: Body::Message("Withdrawal"), query: &[], problems: &[NotFound] },
    Route { method: "delete", path: "/v1/withdrawals/{id}", caller: Caller::Visitor, summary: "Calls a withdrawal off, unless the bank was told; answers how it stands.", takes: None, gives: Body::Message("Withdrawal"), query: &[], problems: &[NotFound, InvalidField] },
    Route { method: "get", path: "/v1/accounts/{account}/withdrawals", caller: Caller::Visitor, summary: "The withdrawals of an account, the newest first.", takes: None, gives: Body::Message("Withdrawals"), query: &[], problems: &[NotFound] },
    Route { method: "post", path: "/v1/transfers", caller: Caller::Visitor, summary: "Moves money between two accounts of one person, once.", takes: Some("TransferRequest"), gives: Body::Message("Transfer"), query: &[], problems: &[NotFound, InvalidField, IdReused, TooMany] },
    Route { method: "post", path: "/v1/purchases", caller: Caller::Device, summary: "Books a sale at a cash register, once.", takes: Some("PurchaseRequest"), gives: Body::Message("PurchaseAnswer"), query: &[], problems: &[InvalidField, InvalidAmount, IdReused] },
    Route { method: "post", path: "/v1/purchases/{id}/undo", caller: Caller::Device, summary: "Takes a sale of the same cash register back, once, within 5 minutes.", takes: Some("Undo"), gives: Body::Message("Answer"), query: &[], problems: &[NotFound, InvalidField, IdReused] },
    Route { method: "post", path: "/v1/purchase-batches", caller: Caller::Device, summary: "Settles sales that a cash register made while the server was out of its reach, one by one and each once. One that is refused stays refused: the register keeps it on its list of unpaid sales for staff.", takes: Some("PurchaseBatch"), gives: Body::Message("PurchaseBatchAnswer"), query: &[], problems: &[InvalidField, InvalidAmount, IdReused] },
    Route { method: "post", path: "/v1/authorisations", caller: Caller::Device, summary: "Holds money for a sale that is being put together, for 15 minutes; a purchase captures it in whole or in part.", takes: Some("AuthorisationRequest"), gives: Body::Message("Answer"), query: &[], problems: &[InvalidField, InvalidAmount, IdReused] },
    Route { method: "post", path: "/v1/authorisations/{id}/release", caller: Caller::Device, summary: "Gives up an authorisation of the same cash register.", takes: Some("Release"), gives: Body::Message("Answer"), query: &[], problems: &[NotFound, InvalidField, IdReused] },
    Route { method: "post", path: "/v1/pick-ups", caller: Caller::Device, summary: "Hands out today's orders of the accounts a card opens, each once; asked again with the same id, names the same orders.", takes: Some("PickUpRequest"), gives: Body::Message("PickUpAnswer"), query: &[], problems: &[InvalidField, IdReused] },
    Route { method: "get", path: "/pay/{page}", caller: Caller::Anybody, summary: "The payment page of a deposit, for the payer's telephone.", takes: None, gives: Body::Html, query: &[("lang", "`da` or `en`.", false)], problems: &[] },
    Route { method: "post", path: "/pay/{page}", caller: Caller::Anybody, summary: "Pays or cancels on the sandbox's payment page.", takes: None, gives: Body::Html, query: &[("lang", "`da` or `en`.", false)], problems: &[] },
    Route { method: "get", path: "/mandate/{page}", caller: Caller::Anybody, summary: "The page where a payment card is given to auto top-up, for the payer's telephone.", takes: None, gives: Body::Html, query: &[("lang", "`da` or `en`.", false)], problems: &[] },
    Route { method: "post", path: "/mandate/{page}", caller: Caller::Anybody, summary: "Gives a card or cancels on the sandbox's page.", takes: None, gives: Body::Html, query: &[("lang", "`da` or `en`.", false)], problems: &[] },
    Route { method: "get", path: "/healthz", caller: Caller::Anybody, summary: "Whether the process answers.", takes: None, gives: Body::Json, query: &[], problems: &[] },
    Route { method: "get", path: "/readyz", caller: Caller::Anybody, summary: "Whether the server is fit to be sent requests: its store takes writes, its jobs run, and it is not stopping.", takes: None, gives: Body::Json, query: &[], problems: &[Unavailable] },
    Route { method: "get", path: "/openapi.json", caller: Caller::Anybody, summary: "This description.", takes: None, gives: Body::Json, query: &[], problems: &[Unavailable] },
];

impl Route {
    /// Every problem it can answer with, by status.
    #[must_use]
    pub fn codes(&self) -> Vec<ProblemCode> {
        let mut codes = self.problems.to_vec();
        if self.path.starts_with("/v1/") {
            codes.extend(OF_ALL);
        }
        if self.caller != Caller::Anybody {
            codes.extend([UnknownDevice, BadSignature]);
            // The others are for a kiosk alone, or for a cash register alone.
            if !matches!(self.gives, Body::ByKind(..)) {
                codes.push(NotAllowed);
            }
        }
        if self.caller == Caller::Visitor {
            codes.push(SignIn);
        }
        codes.sort_by_key(|code| code.status());
        codes
    }
}

/// The document, as served.
#[must_use]
pub fn document() -> Value {
    let messages = serde_json::to_value(Messages::openapi()).unwrap_or_default();
    let mut components = messages["components"].clone();
    components["securitySchemes"] = json!({ "device": {
        "type": "apiKey", "in": "header", "name": "madkort-signature",
        "description": "Ed25519 over method, path, device, request count and body, beside the headers madkort-device, \
                        madkort-request and madkort-api; see madkort-protocol's signing.rs.",
    }, "session": {
        "type": "apiKey", "in": "header", "name": "madkort-session",
        "description": "The token that `POST /v1/logins` gave this device for the person at it.",
    }});
    let mut paths = Map::new();
    for route in ROUTES {
        let entry = paths.entry(route.path).or_insert_with(|| json!({}));
        entry[route.method] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Madkort sync-server",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What kiosks, cash registers and payers say to the central server. Money is whole øre. Every 4xx \
                            and 5xx answer under /v1 is a problem document (RFC 9457) with a code to decide by. What is not \
                            described here is not-found, 404, or method-not-allowed, 405.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "paths": paths,
        "components": components,
    })
}

/// The document as the file holds it.
#[must_use]
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}

fn operation(route: &Route) -> Value {
    let mut operation = json!({
        "operationId": name(route),
        "summary": route.summary,
        "parameters": parameters(route),
        "responses": responses(route),
    });
    match route.caller {
        Caller::Anybody => {}
        Caller::Device => operation["security"] = json!([{ "device": [] }]),
        Caller::Visitor => operation["security"] = json!([{ "device": [], "session": [] }]),
    }
    if let Some(message) = route.takes {
        operation["requestBody"] = json!({ "required": true, "content": { "application/json": content(message) } });
    } else if route.method == "post" {
        let (kind, properties) = form_of(route.path);
        operation["requestBody"] =
            json!({ "content": { kind: { "schema": { "type": "object", "properties": properties } } } });
    }
    operation
}

/// How a page's form is sent, and its fields.
fn form_of(path: &str) -> (&'static str, Value) {
    let plain = "application/x-www-form-urlencoded";
    if path.starts_with("/reset/") {
        (plain, json!({ "password": { "type": "string" }, "again": { "type": "string" } }))
    } else if path.starts_with("/picture/") {
        let picture = json!({ "contentMediaType": "application/octet-stream" });
        ("multipart/form-data", json!({ "picture": picture, "do": { "type": "string", "enum": ["save", "remove"] } }))
    } else {
        (plain, json!({ "card": { "type": "string" }, "do": { "type": "string", "enum": ["pay", "give", "cancel"] } }))
    }
}

/// `get_v1_deposits_id`.
fn name(route: &Route) -> String {
    let path: String = route.path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
    let words: Vec<&str> = path.split_whitespace().collect();
    format!("{}_{}", route.method, words.join("_"))
}

fn parameters(route: &Route) -> Vec<Value> {
    let in_path = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path =
        in_path.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    let in_query = route.query.iter().map(|(name, what, required)| {
        json!({ "name": name, "in": "query", "required": required, "description": what, "schema": { "type": "string" } })
    });
    in_path.chain(in_query).collect()
}

fn responses(route: &Route) -> Value {
    let (status, description, content) = match route.gives {
        Body::Message(message) => ("200", "As asked.", Some(json!({ "application/json": content(message) }))),
        Body::Created(message) => ("201", "Made.", Some(json!({ "application/json": content(message) }))),
        Body::ByKind(kiosk, register) => {
            let mut content = content(register);
            content["schema"] = json!({ "oneOf": [refer(kiosk), refer(register)] });
            ("200", "As asked.", Some(json!({ "application/json": content })))
        }
        Body::Picture(kind) => ("200", "As asked.", Some(json!({ kind: { "schema": { "contentMediaType": kind } } }))),
        Body::Html => ("200", "As asked.", Some(page())),
        Body::Json => ("200", "As asked.", Some(json!({ "application/json": { "schema": { "type": "object" } } }))),
        Body::Nothing => ("204", "Done.", None),
    };
    let mut responses = Map::new();
    responses.insert(status.to_owned(), json!({ "description": description }));
    if let Some(content) = content {
        responses[status]["content"] = content;
    }
    if route.gives == Body::Html {
        responses.extend(pages(route));
    }
    let mut by_status: BTreeMap<u16, Vec<ProblemCode>> = BTreeMap::new();
    for code in route.codes() {
        by_status.entry(code.status()).or_default().push(code);
    }
    responses.extend(by_status.into_iter().map(|(status, codes)| (status.to_string(), problem(status, &codes))));
    if route.path.starts_with("/v1/") {
        responses.insert("default".to_owned(), problem(0, &[]));
    }
    Value::Object(responses)
}

/// What a page answers that is not as asked, in words for whoever holds the telephone.
fn pages(route: &Route) -> Vec<(String, Value)> {
    let mut pages = vec![
        (404, "No such page, or not any more."),
        (429, "Looked at too often from one address."),
        (503, "Not now."),
    ];
    if route.method == "post" {
        pages.push((422, "The form was not filled in rightly; it is shown again."));
        if !route.path.starts_with("/reset/") && !route.path.starts_with("/picture/") {
            pages.push((303, "Done, or too late: the page says which."));
        }
    }
    let answer = |(status, description): (u16, &str)| {
        let mut answer = json!({ "description": description });
        if status != 303 {
            answer["content"] = page();
        }
        (status.to_string(), with_headers(status, answer))
    };
    pages.into_iter().map(answer).collect()
}

fn page() -> Value {
    json!({ "text/html": { "schema": { "type": "string" } } })
}

/// Says when to come back where the server does.
fn with_headers(status: u16, mut answer: Value) -> Value {
    if matches!(status, 429 | 503) {
        answer["headers"] = json!({ "Retry-After": {
            "description": "Seconds to wait, where that is known (RFC 9110, 10.2.3).", "schema": { "type": "integer" },
        }});
    }
    answer
}

/// A message, with examples where there are any.
fn content(message: &str) -> Value {
    let mut content = json!({ "schema": refer(message) });
    let examples = examples::of(message);
    if !examples.is_empty() {
        content["examples"] = examples.into_iter().map(|(name, value)| (name, json!({ "value": value }))).collect();
    }
    content
}

/// The problems of one status, each by its code; of none, whatever else there may be.
fn problem(status: u16, codes: &[ProblemCode]) -> Value {
    let named = |code: &ProblemCode| {
        let Problem { kind, detail, .. } = Problem::new(*code);
        format!("`{}`: {detail}", kind.rsplit(':').next().unwrap_or_default())
    };
    let named: Vec<_> = codes.iter().map(named).collect();
    let description = if named.is_empty() { "A fault of the server.".to_owned() } else { named.join(" ") };
    let content = json!({ "application/problem+json": { "schema": refer("Problem") } });
    with_headers(status, json!({ "description": description, "content": content }))
}

fn refer(message: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{message}") })
}
