//! Errors on the wire: problem details (RFC 9457) with a stable code and a sentence in both languages.
//!
//! Pure. **Invariant:** a code never changes its meaning; the sentences name no secret and no person.

use serde::{Deserialize, Serialize};

use crate::Language;

/// The body of every 4xx and 5xx answer, as `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `urn:madkort:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// A short name of the problem, English.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What a program decides by.
    pub code: ProblemCode,
    /// A sentence for a person, Danish.
    pub detail_da: String,
    /// A sentence for a person, English.
    pub detail: String,
    /// What the server next expects of the device's sequence, with [`ProblemCode::SequenceGap`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_seq: Option<u64>,
    /// Which field, with [`ProblemCode::InvalidField`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $wire:literal, $status:literal, $title:literal, $da:literal, $en:literal;)+) => {
        /// Why a request was not carried out.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum ProblemCode {$(
            $(#[$doc])*
            #[serde(rename = $wire)]
            $name,
        )+}

        impl ProblemCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            const fn words(self) -> (&'static str, u16, &'static str, &'static str, &'static str) {
                match self {$(Self::$name => ($wire, $status, $title, $da, $en),)+}
            }
        }
    };
}

codes! {
    /// The body is not the message this route takes.
    Malformed = "malformed", 400, "Malformed message",
        "Beskeden kunne ikke læses.", "The message could not be read.";
    /// A field is out of its bounds.
    InvalidField = "invalid-field", 422, "Invalid field",
        "Et felt er ikke udfyldt rigtigt.", "A field is not filled in correctly.";
    /// An amount outside the limits, or not whole kroner.
    InvalidAmount = "invalid-amount", 422, "Invalid amount",
        "Beløbet skal være i hele kroner og inden for grænserne.", "The amount must be in whole kroner and within the limits.";
    /// The other side speaks another version.
    ApiVersion = "api-version", 426, "Another API version",
        "Enheden og serveren taler ikke samme version. Enheden skal opdateres.",
        "The device and the server speak different versions. The device must be updated.";
    /// No such device, or revoked.
    UnknownDevice = "unknown-device", 401, "Unknown device",
        "Serveren kender ikke denne enhed. Den skal tilmeldes igen.", "The server does not know this device. It must be enrolled again.";
    /// The signature is wrong or the request is an old one.
    BadSignature = "bad-signature", 401, "Bad signature",
        "Serveren kunne ikke genkende enhedens underskrift.", "The server could not recognise the device's signature.";
    /// Somebody has to give the code or the password first: there is no session, or it has ended.
    SignIn = "sign-in", 401, "Not signed in",
        "Tast din kode først.", "Type your code first.";
    /// Signed, but not for this.
    NotAllowed = "not-allowed", 403, "Not allowed",
        "Det må denne enhed ikke.", "This device may not do that.";
    /// The enrolment code is wrong, used or too old.
    EnrolmentCode = "enrolment-code", 403, "Enrolment code not valid",
        "Tilmeldingskoden er forkert, brugt eller for gammel.", "The enrolment code is wrong, used or too old.";
    /// Only whoever answers for somebody lets them spend more.
    GuardiansCap = "guardians-cap", 403, "A guardian's limit",
        "Kun en forælder kan hæve eller fjerne grænsen. Du kan gøre den lavere.",
        "Only a parent can raise or remove the limit. You can make it lower.";
    /// Nothing by that name.
    NotFound = "not-found", 404, "Not found",
        "Det findes ikke.", "There is no such thing.";
    /// The path is right and the method is not.
    MethodNotAllowed = "method-not-allowed", 405, "Method not allowed",
        "Det kan man ikke gøre her.", "That cannot be done here.";
    /// The same id with another body.
    IdReused = "id-reused", 409, "Id used for something else",
        "Handlingens nummer er allerede brugt til noget andet.", "The operation's id is already used for something else.";
    /// The device's sequence has a hole.
    SequenceGap = "sequence-gap", 409, "Gap in the sequence",
        "Der mangler handlinger før denne.", "Operations before this one are missing.";
    /// Too large.
    TooLarge = "too-large", 413, "Too large",
        "Beskeden er for stor.", "The message is too large.";
    /// The body is not JSON, by its own word.
    MediaType = "media-type", 415, "Not JSON",
        "Beskeden skal være JSON.", "The message must be JSON.";
    /// The request did not arrive in time, or was not answered in time.
    TooSlow = "too-slow", 408, "Too slow",
        "Beskeden var for længe undervejs.", "The message took too long.";
    /// Too often.
    TooMany = "too-many", 429, "Too many requests",
        "Der er for mange forsøg lige nu. Vent lidt.", "There are too many attempts right now. Wait a little.";
    /// The server's own fault.
    Internal = "internal", 500, "Internal error",
        "Der er en fejl på serveren. Intet er bogført.", "The server has a fault. Nothing was booked.";
    /// Not now.
    Unavailable = "unavailable", 503, "Unavailable",
        "Serveren kan ikke svare lige nu.", "The server cannot answer right now.";
    /// The server takes no payments.
    NoGateway = "no-gateway", 503, "No payment gateway",
        "Der er ikke sat betaling op på serveren.", "No payment gateway is set up on the server.";
}

impl ProblemCode {
    /// The HTTP status it goes with.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.words().1
    }
}

impl Problem {
    /// The problem with its standing words.
    #[must_use]
    pub fn new(code: ProblemCode) -> Self {
        let (wire, status, title, da, en) = code.words();
        Self {
            kind: format!("urn:madkort:problem:{wire}"),
            title: title.to_owned(),
            status,
            code,
            detail_da: da.to_owned(),
            detail: en.to_owned(),
            expected_seq: None,
            field: None,
        }
    }

    /// Names the field that is wrong.
    #[must_use]
    pub fn in_field(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    /// The sentence for a person.
    #[must_use]
    pub fn sentence(&self, language: Language) -> &str {
        match language {
            Language::Danish => &self.detail_da,
            Language::English => &self.detail,
        }
    }
}
