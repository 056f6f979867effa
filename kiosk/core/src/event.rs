//! What happened: a hand, a card, a device, or the answer to an [`Effect`](crate::Effect).
//!
//! Pure.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use madkort_protocol::{
    AccountId, Allergen, AutoRechargeDetails, CardId, CardUid, Deposit, KnownAllergies, Language, MandatePage,
    MandateWish, OperationBody, OperationId, PasswordAnswer, PersonId, PicturePage, ProductId, Profile, Quote,
    QuoteLine, Refusal, Statement, Transfer, Withdrawal, Withdrawals,
};

use crate::{
    Catalogue, ComeBack, FormProblem, Link, Looks, Moment, Picture, PrintState, PrinterHealth, ReaderHealth, Secret,
    Visitor,
};

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Time went on. Comes at least once a second.
    Tick(Moment),
    /// A card was put on the reader.
    Tapped(CardUid),
    /// Something was put on the reader that is not one readable school card.
    TapRefused(TapRefusal),
    /// The reader is empty again.
    Lifted,
    /// A finger or a key, with an id nobody has used before.
    Hand(Intent, OperationId),

    /// The store knows the card.
    Known(Box<Visitor>),
    /// The store does not know the card.
    NotKnown(CardUid),
    /// The store knows no card of that number.
    NumberNotKnown,
    /// Something changed for the person who is here.
    Changed(Box<Visitor>),
    /// School, products or menus changed.
    Catalogue(Arc<Catalogue>),
    /// The code was looked at.
    CodeChecked(CodeAnswer),
    /// A letter for a forgotten password was asked for.
    ResetAsked(LetterAnswer),
    /// The server's word on a new password.
    PasswordIs(PasswordAnswer),
    /// The server could not be asked about a new password.
    PasswordUnreachable,
    /// The server did not take a new password.
    PasswordRefused,
    /// The server was asked for new passwords too often.
    PasswordTooOften(ComeBack),
    /// The server does not, or no longer, know that the code was given in this visit.
    SignedOut,
    /// The operation is on disk, under this number, and the person's accounts are now so.
    Recorded {
        /// The operation.
        id: OperationId,
        /// Its number, as on the slip.
        number: String,
        /// The person after it.
        visitor: Box<Visitor>,
    },
    /// The disk did not take the operation.
    RecordFailed(OperationId),
    /// The server refused an operation that was on disk; it is undone in what the store shows.
    OperationRefused {
        /// Which.
        id: OperationId,
        /// What it was.
        body: Box<OperationBody>,
        /// Which rule said no.
        refusal: Refusal,
    },

    /// The server's word on a deposit.
    DepositIs(Box<Deposit>),
    /// The server could not be asked about a deposit.
    DepositUnreachable(OperationId),
    /// The server refused to open a deposit.
    DepositRefused(OperationId),
    /// The server was asked for deposits too often, and opened none.
    DepositTooOften {
        /// Which.
        id: OperationId,
        /// When to ask again.
        back: ComeBack,
    },
    /// What an order would take.
    QuoteIs(Box<Quote>),
    /// The server could not be asked about that, or would not say.
    QuoteUnreachable {
        /// Whose account.
        account: AccountId,
        /// The basket.
        lines: Vec<QuoteLine>,
    },
    /// What they cannot eat for whom a card orders.
    AllergiesAre(Box<KnownAllergies>),
    /// The server could not be asked about that, or would not say.
    AllergiesUnreachable(CardId),
    /// The server has heard what somebody cannot eat, or why not.
    AllergiesSaved {
        /// Who cannot.
        person: PersonId,
        /// What went wrong.
        problem: Option<FormProblem>,
    },
    /// The profile that was asked for, or as it stands after a change.
    ProfileIs(Box<Profile>),
    /// The server could not be asked about a profile.
    ProfileUnreachable,
    /// The server did not take a profile.
    ProfileRefused,
    /// The server was asked to change profiles too often.
    ProfileTooOften(ComeBack),
    /// The server did not take a profile: only whoever answers for them lets more be spent.
    CapsRefused,
    /// What somebody looks like, or that there is no picture to be had.
    PictureIs {
        /// Who.
        person: PersonId,
        /// The picture.
        picture: Option<Picture>,
    },
    /// The server's word on a page for a picture.
    PicturePageIs(Box<PicturePage>),
    /// The server's word on a withdrawal.
    WithdrawalIs(Box<Withdrawal>),
    /// The withdrawals of an account.
    WithdrawalsAre(Box<Withdrawals>),
    /// They could not be had.
    WithdrawalsUnreachable(AccountId),
    /// The server has moved the money.
    TransferIs(Box<Transfer>),
    /// Auto top-up as it stands.
    AutoRechargeIs(Box<AutoRechargeDetails>),
    /// The server could not be asked about it, or would not change it.
    AutoRechargeUnreachable(AccountId),
    /// The server's word on a page for a payment card.
    MandatePageIs(Box<MandatePage>),
    /// No answer to what was asked under that id: the server may have heard it.
    RequestUnreachable(OperationId),
    /// The server said no to what was asked under that id.
    RequestRefused {
        /// Which.
        id: OperationId,
        /// The field of the message that is wrong, if it is about one.
        field: Option<String>,
    },
    /// The server was asked for the like too often, and did not look at what was asked under that id.
    RequestTooOften {
        /// Which.
        id: OperationId,
        /// When to ask again.
        back: ComeBack,
    },
    /// The statement that was asked for.
    StatementIs(Box<Statement>),
    /// The statement could not be had: the server is out of reach.
    StatementUnreachable,
    /// A statement was asked for as a letter.
    StatementMailed {
        /// The id under which it was asked for.
        id: OperationId,
        /// What the server said.
        answer: LetterAnswer,
    },

    /// How a paper is coming along; the reference is the operation's or statement's.
    Paper {
        /// Which.
        reference: String,
        /// How.
        state: PrintState,
    },
    /// A headset is in its socket, or no longer.
    Headset {
        /// Whether it is in.
        plugged: bool,
    },
    /// The reader changed.
    Reader(ReaderHealth),
    /// The printer changed.
    Printer(PrinterHealth),
    /// The way to the server changed.
    Link(Link),
    /// What was done here gets through to the server again, or no longer although the server answers.
    Outbox {
        /// Whether it stays here.
        stuck: bool,
    },
    /// The disk works again, or no longer.
    Disk {
        /// Whether an operation can be recorded.
        works: bool,
    },
}

/// What a code that was looked at came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeAnswer {
    /// Come in.
    Right,
    /// Not that code.
    Wrong {
        /// Tries before a wait.
        tries_left: u32,
    },
    /// Not looked at: too many wrong ones.
    Wait {
        /// When the next try is looked at.
        until: Timestamp,
    },
    /// Not looked at: only the server can, and it is out of reach.
    OutOfReach,
    /// Not looked at: the server was asked too often.
    TooOften(ComeBack),
}

/// What became of asking for a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterAnswer {
    /// It is the server's business now.
    Asked,
    /// Not now: too many were asked for.
    TooOften(ComeBack),
    /// No answer.
    Unreachable,
    /// The server said no.
    Refused,
}

impl LetterAnswer {
    /// What to tell whoever asked, if something went wrong.
    pub(crate) const fn problem(self) -> Option<FormProblem> {
        match self {
            Self::Asked => None,
            Self::TooOften(back) => Some(FormProblem::TooOften(back)),
            Self::Unreachable => Some(FormProblem::NeedsConnection),
            Self::Refused => Some(FormProblem::Refused),
        }
    }
}

/// What a hand asks for. The screen names the wish; the core decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Speak this language.
    Speak(Language),
    /// To the page where size and contrast are chosen, or away from it.
    Adjust(bool),
    /// Look and sound like this.
    Look(Looks),
    /// A digit key.
    Digit(u8),
    /// The erase key.
    Erase,
    /// A preset amount, in kroner.
    Preset(i32),
    /// Into a room of the home screen.
    Open(crate::TileKind),
    /// *Log ind uden kort*.
    WithoutCard,
    /// The password instead of the code.
    WithPassword,
    /// *Glemt adgangskode*.
    ForgotPassword,
    /// *Allergier*, of whom the profile is about.
    Allergies,
    /// They cannot eat it, or can after all.
    Allergen(Allergen),
    /// *Spær* and not *Advar*.
    BlockFood(bool),
    /// *Ryd alle*.
    ClearAllergies,
    /// *Skift adgangskode*.
    ChangePassword,
    /// *Skift billede*.
    ChangePicture,
    /// Stop a card of mine.
    BlockCard(CardId),
    /// Open a card of mine again.
    UnblockCard(CardId),
    /// One step back.
    Back,
    /// Log out.
    Leave,
    /// I am still here.
    StillHere,
    /// Another account of mine, by its place in the list.
    Account(usize),
    /// The whole text of a field, as it now stands.
    Edit(Field, String),
    /// The whole of a field that nobody may read.
    Type(Field, Secret),
    /// Show or hide the full terms.
    ShowTerms(bool),
    /// The terms box.
    AcceptTerms(bool),
    /// *Næste*: go on with what is filled in.
    Next,
    /// Pause, resume or stop auto top-up.
    AutoRecharge(MandateWish),
    /// Another payment card for auto top-up.
    AnotherCard,
    /// Call a withdrawal off.
    CancelWithdrawal(OperationId),
    /// Another account of mine as the one money goes to, by its place in the list.
    ToAccount(usize),
    /// Ask the server once more for what could not be had.
    LookAgain,
    /// Give up the payment that is waiting.
    CancelPayment,
    /// *Udlevering*: to the days of delivery.
    Days,
    /// Another day of delivery.
    Day(Date),
    /// One more of a product.
    Add(ProductId),
    /// *Tilføj alligevel*: into the basket although the eater cannot eat it.
    AddAnyway,
    /// One less of a product.
    Remove(ProductId),
    /// To the check-out.
    Checkout,
    /// *Betal*: order what is in the basket.
    Pay,
    /// Take a coming order back.
    CancelOrder(OperationId),
    /// The slip of an order once more.
    PrintOrder(OperationId),
    /// To the list of months.
    ChooseMonth,
    /// Another month.
    Month(Date),
    /// *Send som PDF*.
    MailStatement,
    /// On paper, please.
    Print,
    /// *Send*.
    Send,
}

/// The fields a person types into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// A sum of money.
    Amount,
    /// Where the receipt goes.
    Email,
    /// A name.
    Name,
    /// A telephone number.
    Phone,
    /// Four digits of a bank account.
    Registration,
    /// The rest of them.
    AccountNumber,
    /// What is wrong, or a text for the bank.
    Message,
    /// Street and number.
    Address,
    /// Four digits.
    Postcode,
    /// The town.
    Town,
    /// The most in a day, in kroner.
    DayCap,
    /// The most in a week, in kroner.
    WeekCap,
    /// The most in a month, in kroner.
    MonthCap,
    /// A password to come in by.
    Password,
    /// The password or the code that holds now.
    CurrentPassword,
    /// A new one.
    NewPassword,
    /// The new one once more.
    PasswordAgain,
    /// A comment to the kitchen on one line of the basket.
    Comment(ProductId),
}

/// Why a tap opened nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TapRefusal {
    /// A random id: a phone, a watch or a bank card.
    Phone,
    /// More than one card.
    TwoCards,
    /// The card did not answer sensibly.
    Unreadable,
    /// It left before it was read.
    LeftTooSoon,
}
