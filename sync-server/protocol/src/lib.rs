//! The words the kiosk and the server share: ids, money, the v1 wire messages, and how a request is signed.
//!
//! Pure: nothing here does I/O, reads a clock or makes randomness. Times and ids come from the caller.
//!
//! **Invariant:** a message that parses is well-formed: ids are UUIDs, money is whole øre, a card's UID has a legal length.

mod allergies;
mod bank;
mod card;
mod card_block;
mod catalogue;
mod correction;
mod ids;
mod mandate;
mod money;
mod operation;
mod password;
mod picture;
mod portions;
mod postcode;
mod problem;
mod product_picture;
mod profile;
mod quote;
mod register;
mod server;
mod session;
mod signing;
mod statement_mail;
mod text;
mod throttle;
mod transfer;
mod withdrawal;

pub use allergies::{Allergies, AllergiesChange, KnownAllergies};
pub use bank::{BankAccount, InvalidBankAccount};
pub use card::{CardNumber, CardUid, InvalidCard};
pub use card_block::SetCardBlock;
pub use catalogue::{
    Account, AccountKind, Allergen, AutoRecharge, AutoRechargeState, CardRecord, CardStatus, Category, Changes,
    CodeVerifier, DepositLimits, Issuer, MenuDay, OfflineLimits, Order, OrderLine, OrderState, Person, PersonKind,
    Product, School, TapPolicy, Terms,
};
pub use correction::{Correction, CorrectionStep, WrongEntry};
pub use ids::{AccountId, CardId, DeviceId, MandateId, OperationId, PersonId, ProductId, SchoolId};
pub use mandate::{
    Agreement, AutoRechargeCharge, AutoRechargeChargeState, AutoRechargeDetails, AutoRechargeStanding, MandatePage,
    MandatePageRequest, MandatePageState, StopReason,
};
pub use money::{Money, MoneyError};
pub use operation::{
    Answer, CancelOrder, FileTicket, LineRequest, Operation, OperationBody, Outcome, PlaceOrder, Push, Pushed, Refusal,
    Rule,
};
pub use password::{
    LONGEST_PASSWORD, PasswordAnswer, PasswordChange, PasswordResetRequest, SHORTEST_PASSWORD, WeakPassword,
    check_password,
};
pub use picture::{PICTURE_SIDE, PicturePage, PicturePageRequest, PicturePageState};
pub use portions::Portions;
pub use postcode::town_of;
pub use problem::{Problem, ProblemCode};
pub use product_picture::{InvalidPicture, PictureDigest, ProductPicture};
pub use profile::{MaskedCpr, Profile, ProfileChange, ProfileProblem, SpendingCaps};
pub use quote::{Quote, QuoteLine, QuoteRequest};
pub use register::{
    AuthorisationRequest, HandOut, HandOutLine, OfflinePurchase, PickUpAnswer, PickUpRequest, PurchaseBatch,
    PurchaseBatchAnswer, Release, TillCard, TillChanges, Undo,
};
pub use server::{
    Deposit, DepositRequest, DepositState, DeviceKind, Enrol, Enrolled, LoginAnswer, LoginRequest, MandateAnswer,
    MandateRequest, MandateWish, PurchaseAnswer, PurchaseRequest, Statement, StatementLine, StatementText,
};
pub use session::{HEADER_SESSION, NotASession, SessionToken};
pub use signing::{
    BadSignature, HEADER_API, HEADER_DEVICE, HEADER_REQUEST, HEADER_SIGNATURE, PublicKey, RequestToSign, Signature,
    SigningKey, VerifyingKey,
};
pub use statement_mail::StatementMailRequest;
pub use text::{InvalidText, Language, check_email, check_text};
pub use throttle::{FREE_TRIES, Throttle};
pub use transfer::{Transfer, TransferRequest};
pub use withdrawal::{
    InvalidPayee, Payee, Withdrawal, WithdrawalRequest, WithdrawalStage, WithdrawalStep, Withdrawals,
};

/// The version of the wire both sides must speak, sent in every request and answer as [`HEADER_API`].
pub const API_VERSION: u16 = 1;
