//! What the shell must now do, in order.
//!
//! Pure. **Invariant:** an effect that moves money carries its operation's id.

use jiff::civil::Date;
use madkort_protocol::{
    AccountId, AllergiesChange, CancelOrder, CardId, CardNumber, CardUid, DepositRequest, FileTicket, Language,
    MandatePageRequest, MandateWish, Money, OperationId, PasswordResetRequest, PersonId, PicturePageRequest,
    PlaceOrder, ProfileChange, QuoteRequest, SetCardBlock, StatementMailRequest, TransferRequest, WithdrawalRequest,
};

use crate::{Paper, Secret};

/// What the shell must now do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Find out whose card this is; answer with `Known` or `NotKnown`.
    LookUp(CardUid),
    /// Find out whose number this is; answer with `Known` or `NumberNotKnown`.
    LookUpNumber(CardNumber),
    /// The visitor to keep fresh with `Changed`, or none.
    Follow(Option<CardId>),
    /// Look at a verification code, on the server or, out of its reach, on the kiosk; answer with `CodeChecked`.
    CheckCode {
        /// The card.
        card: CardId,
        /// What was typed.
        code: Secret,
    },
    /// Have the server look at a password; answer with `CodeChecked`.
    CheckPassword {
        /// The card.
        card: CardId,
        /// What was typed.
        password: Secret,
    },
    /// Have the server open a card that its own holder has blocked, and with it the way in; answer with `CodeChecked`.
    OpenCard {
        /// The card.
        card: CardId,
        /// What was typed: its code, or its holder's password.
        code: Secret,
    },
    /// Ask for a letter with which a forgotten password is replaced; answer with `ResetAsked`.
    AskReset(PasswordResetRequest),
    /// Ask the server to replace a password; answer with `PasswordIs`, `PasswordUnreachable`, `PasswordRefused`, `PasswordTooOften` or
    /// `SignedOut`.
    ChangePassword {
        /// Whose.
        person: PersonId,
        /// The card the visit goes by.
        card: CardId,
        /// The one that holds now, or the code.
        current: Secret,
        /// The new one.
        fresh: Secret,
    },
    /// Put an operation, and the paper that belongs to it, on disk in one transaction; answer with `Recorded` or `RecordFailed`.
    /// The store gives the number, in the draft and on the paper alike.
    Record {
        /// The operation's id.
        id: OperationId,
        /// What it is.
        draft: Draft,
        /// The slip that goes with it.
        slip: Option<Paper>,
    },
    /// Ask the server to open a payment page, and follow it; answer with `DepositIs`, `DepositUnreachable`, `DepositRefused` or
    /// `DepositTooOften`.
    OpenDeposit(Box<DepositRequest>),
    /// Tell the server that the payment is given up; answer with `DepositIs`.
    CancelDeposit(OperationId),
    /// Follow a deposit that was opened in an earlier visit; answer as for `OpenDeposit`.
    FollowDeposit(OperationId),
    /// Whoever opened a deposit was shown how it ended: nobody is told again.
    DepositTold(OperationId),
    /// Whoever is here walks away from a deposit, or from a page for a payment card or a picture: nobody waits for it.
    ForgetDeposit(OperationId),
    /// Find out what an order would take from an account; answer with `QuoteIs` or `QuoteUnreachable`.
    AskQuote {
        /// Whose.
        account: AccountId,
        /// The card and the basket.
        request: QuoteRequest,
    },
    /// Find out what they cannot eat for whom this card orders; answer with `AllergiesAre` or `AllergiesUnreachable`.
    LoadAllergies(CardId),
    /// Tell the server what somebody cannot eat; answer with `AllergiesSaved` or `SignedOut`.
    SaveAllergies {
        /// Who cannot.
        person: PersonId,
        /// As it now stands on the screen.
        change: AllergiesChange,
    },
    /// Get a profile; answer with `ProfileIs`, `ProfileUnreachable` or `SignedOut`.
    LoadProfile(PersonId),
    /// Put a profile; answer with `ProfileIs`, `ProfileUnreachable`, `ProfileRefused`, `ProfileTooOften` or `SignedOut`.
    SaveProfile {
        /// Whose.
        person: PersonId,
        /// As it now stands on the screen.
        change: Box<ProfileChange>,
    },
    /// Get a picture; answer with `PictureIs` or `SignedOut`.
    LoadPicture(PersonId),
    /// Ask the server for a page on which a picture is changed, and follow it until `ForgetDeposit`; answer with `PicturePageIs`,
    /// `RequestUnreachable`, `RequestRefused` or `RequestTooOften`.
    OpenPicturePage(Box<PicturePageRequest>),
    /// Tell the server that such a page is given up; answer with `PicturePageIs`.
    CancelPicturePage(OperationId),
    /// Ask the server to set money aside for a bank account; answer with `WithdrawalIs`, `RequestUnreachable`, `RequestRefused` or
    /// `RequestTooOften`.
    Withdraw(Box<WithdrawalRequest>),
    /// Ask the server to call a withdrawal off; answer as for `Withdraw`.
    CancelWithdrawal(OperationId),
    /// Get the withdrawals of an account; answer with `WithdrawalsAre` or `WithdrawalsUnreachable`.
    LoadWithdrawals(AccountId),
    /// Ask the server to move money; answer with `TransferIs`, `RequestUnreachable`, `RequestRefused` or `RequestTooOften`.
    Transfer(TransferRequest),
    /// Look at auto top-up of an account; answer with `AutoRechargeIs` or `AutoRechargeUnreachable`.
    LoadAutoRecharge(AccountId),
    /// Pause, resume or stop it, and look at it; answer as for `LoadAutoRecharge`.
    ChangeAutoRecharge {
        /// Of which account.
        account: AccountId,
        /// The card on the reader.
        card: CardId,
        /// What to do.
        wish: MandateWish,
    },
    /// Ask the server for a page where a payment card is given, and follow it until `ForgetDeposit`; answer with `MandatePageIs`,
    /// `RequestUnreachable`, `RequestRefused` or `RequestTooOften`.
    OpenMandatePage(Box<MandatePageRequest>),
    /// Tell the server that such a page is given up; answer with `MandatePageIs`.
    CancelMandatePage(OperationId),
    /// Get a statement; the newest month if none is named.
    LoadStatement {
        /// Whose.
        account: AccountId,
        /// The first day of the month.
        month: Option<Date>,
    },
    /// Ask for a statement as a letter; answer with `StatementMailed` or `SignedOut`.
    MailStatement {
        /// Whose.
        account: AccountId,
        /// The first day of the month.
        month: Date,
        /// Under which id, for whom and where to.
        request: Box<StatementMailRequest>,
    },
    /// Put a paper into the spool and print it; progress comes as `Event::Paper`.
    Print {
        /// What it belongs to: the same reference again is a copy and says KOPI.
        reference: String,
        /// The language of its words.
        language: Language,
        /// What is on it.
        paper: Paper,
    },
    /// Show this light.
    Light(Light),
    /// Make this sound.
    Beep(Beep),
}

/// An operation before it has its number.
#[derive(Clone, Debug, PartialEq)]
pub enum Draft {
    /// A preorder.
    Order {
        /// As the server takes it.
        order: PlaceOrder,
        /// What it takes from the account, for the balance shown here until the server has answered.
        taken: Money,
    },
    /// A preorder taken back.
    Cancel(CancelOrder),
    /// A support ticket.
    Ticket(FileTicket),
    /// A card blocked or opened.
    CardBlock(SetCardBlock),
}

/// The status light.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Light {
    /// Ready for a card.
    Ready,
    /// A visit is going on.
    Busy,
    /// Needs staff.
    Attention,
}

/// The buzzer. One sound for every outcome of a tap, so that the line behind learns nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Beep {
    /// A card was seen.
    Tap,
    /// Something was done.
    Done,
    /// Your time is running out.
    Warning,
}
