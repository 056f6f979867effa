//! What the screen shows: figures, names and enums; the words are the screen's.
//!
//! Pure. **Invariant:** [`Page::Idle`], [`Page::OutOfService`] and [`Page::Starting`] hold nothing about a person.

mod money;
mod people;
mod picture;
mod shop;
mod statement;

use jiff::civil::Date;
use madkort_protocol::{
    AccountId, AutoRecharge, CardStatus, Language, Money, OperationId, OrderState, PersonKind, Rule,
};

pub use money::{
    AutoRechargeBody, AutoRechargePage, AutoTerms, DepositAmountPage, DepositDonePage, DepositPayPage, OrdersPage,
    PayState, StopAutoRechargePage, TransferDonePage, TransferPage, WithdrawCheckPage, WithdrawDonePage, WithdrawPage,
    WithdrawalList,
};

pub use people::{
    AccountCard, AccountsPage, AllergiesBody, AllergiesPage, BlockCardPage, CardLine, ChangePasswordPage,
    ForgottenPage, NumberPage, NumberProblem, PasswordPage, ProfileBody, ProfileForm, ProfilePage,
};
pub use picture::{ChangePicturePage, PictureState};
pub use shop::{AllergyPage, CheckoutLine, CheckoutPage, DayChoice, DaysPage, MenuPage, OrderDonePage, ProductCard};
pub use statement::{MailStatementPage, MonthChoice, MonthsPage, StatementBody, StatementPage};

use crate::{ComeBack, Fault, Looks, PrintState, TapRefusal};

/// The whole screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Screen {
    /// What it speaks.
    pub language: Language,
    /// How large, in which colours, and whether aloud.
    pub looks: Looks,
    /// What is read aloud is heard by one person only.
    pub headset: bool,
    /// Over the page lies the one where that is chosen.
    pub adjusting: bool,
    /// The page.
    pub page: Page,
    /// Lines about what is missing now, the gravest first.
    pub faults: Vec<Fault>,
    /// "Are you still there?", with the seconds left to answer.
    pub warning: Option<u8>,
}

/// The page.
#[derive(Clone, Debug, PartialEq)]
pub enum Page {
    /// Not yet told what school this is.
    Starting,
    /// Nobody can be served; it comes back by itself.
    OutOfService(Fault),
    /// Waiting for a card.
    Idle(IdlePage),
    /// Asking for the verification code.
    Code(CodePage),
    /// Asking for the password.
    Password(PasswordPage),
    /// Asking where the letter for a forgotten one goes.
    Forgotten(ForgottenPage),
    /// Asking for a card's number.
    Number(NumberPage),
    /// The person's own page.
    Home(HomePage),
    /// The accounts and their cards.
    Accounts(AccountsPage),
    /// Really block this card?
    BlockCard(BlockCardPage),
    /// Deposit: how much.
    DepositAmount(DepositAmountPage),
    /// Deposit: pay on the phone.
    DepositPay(DepositPayPage),
    /// Deposit: paid.
    DepositDone(DepositDonePage),
    /// Auto top-up: how it stands.
    AutoRecharge(AutoRechargePage),
    /// Auto top-up: really stop it?
    StopAutoRecharge(StopAutoRechargePage),
    /// Preorder: choose.
    Menu(MenuPage),
    /// Preorder: choose the day of delivery.
    Days(DaysPage),
    /// Preorder: the dish contains what the eater cannot eat.
    Allergy(AllergyPage),
    /// Preorder: check and pay.
    Checkout(CheckoutPage),
    /// Preorder: placed.
    OrderDone(OrderDonePage),
    /// Own orders.
    Orders(OrdersPage),
    /// Brugerinfo.
    Profile(ProfilePage),
    /// Allergier.
    Allergies(AllergiesPage),
    /// Skift adgangskode.
    ChangePassword(ChangePasswordPage),
    /// Skift billede.
    ChangePicture(ChangePicturePage),
    /// A month.
    Statement(StatementPage),
    /// The months to choose from.
    Months(MonthsPage),
    /// A month as a letter.
    MailStatement(MailStatementPage),
    /// Support: write.
    Support(SupportPage),
    /// Support: filed.
    SupportDone(SupportDonePage),
    /// Transfer: how much, and where to.
    Transfer(TransferPage),
    /// Transfer: done.
    TransferDone(TransferDonePage),
    /// Withdrawal: how much, and to which bank account.
    Withdraw(WithdrawPage),
    /// Withdrawal: look once more.
    WithdrawCheck(WithdrawCheckPage),
    /// Withdrawal: asked for.
    WithdrawDone(WithdrawDonePage),
}

/// Waiting for a card.
#[derive(Clone, Debug, PartialEq)]
pub struct IdlePage {
    /// The school's name.
    pub school: String,
    /// Today's hot dishes, in the screen's language.
    pub dishes: Vec<String>,
    /// The next cut-off.
    pub countdown: Option<Countdown>,
    /// What the last tap came to, if it opened nothing.
    pub notice: Option<Notice>,
}

/// How long orders for a day are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Countdown {
    /// The day of delivery.
    pub date: Date,
    /// Whole minutes left.
    pub minutes: i64,
}

/// A sentence for whoever just tapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    /// The card could not be taken.
    Refused(TapRefusal),
    /// The school does not know the card.
    UnknownCard,
    /// The card is blocked.
    BlockedCard,
    /// Another card took its place.
    ReplacedCard,
    /// The card was blocked a moment ago, by whoever holds it.
    NowBlocked,
    /// The visit is over.
    Goodbye,
}

impl Notice {
    /// Why a card that stands so opens nothing; none if it lets in, or is opened by its code.
    pub(crate) const fn of(status: CardStatus) -> Option<Self> {
        match status {
            CardStatus::Active | CardStatus::BlockedByHolder => None,
            CardStatus::BlockedByGuardian | CardStatus::Blocked => Some(Self::BlockedCard),
            CardStatus::Replaced => Some(Self::ReplacedCard),
        }
    }
}

/// Asking for the verification code.
#[derive(Clone, Debug, PartialEq)]
pub struct CodePage {
    /// Digits typed so far; the digits themselves are not shown.
    pub typed: usize,
    /// Digits a code has.
    pub length: usize,
    /// It is being looked at.
    pub checking: bool,
    /// What the last try came to.
    pub message: Option<CodeMessage>,
    /// Somebody is in already and can go back.
    pub inside: bool,
    /// A password can be used instead.
    pub password: bool,
    /// The card is blocked, by its own holder: the code opens it again.
    pub blocked: bool,
}

/// What the last code came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeMessage {
    /// Not that code.
    Wrong {
        /// Tries before a wait.
        tries_left: u32,
    },
    /// Too many wrong ones.
    Wait {
        /// Seconds to wait.
        seconds: i64,
    },
    /// Only the server can look at it, and it is out of reach.
    OutOfReach,
    /// The server was asked too often.
    TooOften(ComeBack),
}

/// The person's own page.
#[derive(Clone, Debug, PartialEq)]
pub struct HomePage {
    /// Their name; empty for a guest.
    pub name: String,
    /// What they are.
    pub kind: PersonKind,
    /// The accounts they may use.
    pub accounts: Vec<AccountChoice>,
    /// The chosen account's balance.
    pub balance: Money,
    /// Auto top-up of the chosen account.
    pub auto_recharge: Option<AutoRecharge>,
    /// Orders of the chosen account for today.
    pub today: Vec<OrderBrief>,
    /// Orders of the chosen account for later days.
    pub coming: Vec<OrderBrief>,
    /// Where to go.
    pub tiles: Vec<Tile>,
    /// An order the server refused after the fact.
    pub refused: Option<RefusedOrder>,
}

/// An order that was told as ordered, and that the server did not take.
#[derive(Clone, Debug, PartialEq)]
pub struct RefusedOrder {
    /// Its number.
    pub number: String,
    /// `Lasagne, Æble`, in the screen's language.
    pub what: String,
    /// What it would have cost.
    pub total: Money,
    /// Which rule said no.
    pub why: Rule,
}

/// One of the person's accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountChoice {
    /// Its id.
    pub id: AccountId,
    /// What it is called.
    pub label: String,
    /// Whether it is the chosen one.
    pub chosen: bool,
}

/// An order in one line.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderBrief {
    /// Its id.
    pub id: OperationId,
    /// Its number.
    pub number: String,
    /// The day of delivery.
    pub date: Date,
    /// `Lasagne, 2 × Æble`, in the screen's language.
    pub what: String,
    /// What it costs.
    pub total: Money,
    /// Where it stands.
    pub state: OrderState,
    /// Whether it can still be taken back.
    pub can_cancel: bool,
    /// Not yet acknowledged by the server.
    pub pending: bool,
    /// It was handed out.
    pub picked_up: bool,
}

/// A way to go from home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Where to.
    pub kind: TileKind,
    /// Why not, if it cannot be gone.
    pub why_not: Option<WhyNot>,
}

/// The rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TileKind {
    /// *Konti*.
    Accounts,
    /// *Auto-optank*.
    AutoRecharge,
    /// *Ordrer*.
    Orders,
    /// *Overfør*.
    Transfer,
    /// *Udbetal*.
    Withdraw,
    /// *Bestil mad*.
    Order,
    /// *Indbetal*.
    Deposit,
    /// *Kontoudtog*.
    Statement,
    /// *Brugerinfo*.
    Profile,
    /// *Support*.
    Support,
}

/// Why something cannot be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhyNot {
    /// It needs the server.
    Offline,
    /// There is no menu to order from.
    NoMenu,
}

/// What is wrong with what was filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormProblem {
    /// No amount yet, or nought.
    AmountMissing,
    /// Below the lowest deposit.
    AmountTooLow(Money),
    /// Above the highest deposit.
    AmountTooHigh(Money),
    /// Not an e-mail address.
    Email,
    /// The terms are not accepted.
    Terms,
    /// A name is missing.
    Name,
    /// The message is missing.
    Message,
    /// Nothing in the basket.
    EmptyBasket,
    /// The balance does not cover it; this much is missing.
    Balance(Money),
    /// Over what may be spent in a day; this much is left of it.
    DayCap(Money),
    /// Over what may be spent in a week; this much is left of it.
    WeekCap(Money),
    /// Over what may be spent in a month; this much is left of it.
    MonthCap(Money),
    /// Orders for that day have closed.
    CutOff,
    /// Over what may be ordered while the server is out of reach; this much is allowed.
    OfflineLimit(Money),
    /// The server could not be reached; nothing was done.
    Unreachable,
    /// The server said no; nothing was done.
    Refused,
    /// No more of one product in one order.
    TooMany(u32),
    /// No more than this is left of it.
    OnlyLeft(u32),
    /// Not a telephone number.
    Phone,
    /// Not an address.
    Address,
    /// Not four digits.
    Postcode,
    /// Not a cap in whole kroner, or too high.
    Cap,
    /// Only a guardian raises or removes a cap.
    GuardiansCap,
    /// More than there is on the account.
    OverBalance(Money),
    /// Not a bank's registration number.
    Registration,
    /// Not a bank's account number.
    AccountNumber,
    /// No account to move money to.
    Target,
    /// It needs the server, and the server is out of reach; nothing was done.
    NeedsConnection,
    /// The password or the code that holds now is missing.
    CurrentMissing,
    /// Neither the password nor the code; so many tries before a wait.
    WrongCurrent(u32),
    /// Too many wrong ones: so many seconds to wait.
    Wait(i64),
    /// Too short, or too easy to guess.
    WeakPassword,
    /// The new password and its repetition are not the same.
    PasswordsDiffer,
    /// The server was asked for the like too often; nothing was done.
    TooOften(ComeBack),
    /// The same, after it had given no answer to this very thing: it may have heard then. To ask again does it no second time.
    UnsureTooOften(ComeBack),
    /// The server did not answer: it may have heard, and to ask again does it no second time.
    Unsure,
}

/// Support: write.
#[derive(Clone, Debug, PartialEq)]
pub struct SupportPage {
    /// Who asks.
    pub name: String,
    /// Where the answer goes.
    pub email: String,
    /// Where they can be called.
    pub phone: String,
    /// Whose account it is about.
    pub accounts: Vec<AccountChoice>,
    /// What is wrong.
    pub message: String,
    /// What is wrong with the form.
    pub problem: Option<FormProblem>,
    /// It is being put on disk.
    pub sending: bool,
}

/// Support: filed.
#[derive(Clone, Debug, PartialEq)]
pub struct SupportDonePage {
    /// Its number.
    pub number: String,
    /// The slip.
    pub paper: PrintState,
    /// It goes to support when the server is back.
    pub offline: bool,
}
