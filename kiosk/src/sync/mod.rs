//! The way to the server: what was done goes up, what changed comes down, and questions are asked in between.
//!
//! One thread with its own small runtime. **Invariants:** an operation is pushed until the server has answered for it, in the
//! journal's order; the same operation carries the same id for ever, so that pushing it again is harmless. Whatever comes back is
//! told as a [`kiosk_core::Event`]; nothing here decides what a person sees.

mod ask;
mod client;
mod deposits;
pub mod enrol;
mod follow;
mod food;
mod letters;
mod link;
mod money;
mod pictures;
mod product_pictures;
mod pull;
mod push;
mod session;

pub use client::{Call, CallError};
pub use link::Backoff;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use jiff::civil::Date;
use kiosk_core::Secret;
use madkort_protocol::{
    AccountId, AllergiesChange, CardId, DepositRequest, MandatePageRequest, MandateWish, OperationId,
    PasswordResetRequest, PersonId, PicturePageRequest, ProfileChange, QuoteRequest, StatementMailRequest,
    TransferRequest, WithdrawalRequest,
};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::events::{Clock, Dice, Events};
use crate::store::StoreHandle;
use ask::Questions;
use client::Line;

/// Where the server is, and under which name to enrol there.
#[derive(Clone, Debug)]
pub struct SyncConfig {
    /// Scheme, host and port.
    pub server: String,
    /// The directory of the device's key.
    pub state: PathBuf,
    /// What staff call this kiosk.
    pub name: String,
    /// A one-time enrolment code, should the kiosk not be enrolled.
    pub enrol_code_file: Option<PathBuf>,
}

/// A question for the server.
#[derive(Clone, Debug)]
pub enum Question {
    /// Look at a verification code, or at a password, or open a card with it; answered by `CodeChecked`.
    CheckCode {
        /// The card.
        card: CardId,
        /// What was typed.
        code: Typed,
    },
    /// Ask for a letter with which a forgotten password is replaced.
    AskReset(PasswordResetRequest),
    /// Replace a password.
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
    /// Open a payment page and follow it.
    OpenDeposit(Box<DepositRequest>),
    /// Give a payment up.
    CancelDeposit(OperationId),
    /// Follow a payment of an earlier visit: somebody waits for it again.
    FollowDeposit(OperationId),
    /// Nobody waits for a payment any more, or for a page; how a payment ends is still kept.
    ForgetDeposit(OperationId),
    /// Find out what an order would take from an account.
    AskQuote {
        /// Whose.
        account: AccountId,
        /// The card and the basket.
        request: QuoteRequest,
    },
    /// Find out what they cannot eat for whom a card orders.
    LoadAllergies(CardId),
    /// Tell what somebody cannot eat.
    SaveAllergies {
        /// Who cannot.
        person: PersonId,
        /// As it stands on the screen.
        change: AllergiesChange,
    },
    /// Fetch a profile.
    LoadProfile(PersonId),
    /// Change a profile.
    SaveProfile {
        /// Whose.
        person: PersonId,
        /// As it stands on the screen.
        change: Box<ProfileChange>,
    },
    /// Fetch a picture.
    LoadPicture(PersonId),
    /// Open a page for a picture and follow it, until it is forgotten like a payment.
    OpenPicturePage(Box<PicturePageRequest>),
    /// Give such a page up.
    CancelPicturePage(OperationId),
    /// Set money aside for a bank account.
    Withdraw(Box<WithdrawalRequest>),
    /// Call a withdrawal off.
    CancelWithdrawal(OperationId),
    /// Fetch the withdrawals of an account.
    LoadWithdrawals(AccountId),
    /// Move money between accounts.
    Transfer(TransferRequest),
    /// Look at auto top-up.
    LoadAutoRecharge(AccountId),
    /// Pause, resume or stop it.
    ChangeAutoRecharge {
        /// Of which account.
        account: AccountId,
        /// The card on the reader.
        card: CardId,
        /// What to do.
        wish: MandateWish,
    },
    /// Open a page for a payment card and follow it, until it is forgotten like a payment.
    OpenMandatePage(Box<MandatePageRequest>),
    /// Give such a page up.
    CancelMandatePage(OperationId),
    /// Fetch a statement.
    LoadStatement {
        /// Whose.
        account: AccountId,
        /// The first day of the month; the current one if none.
        month: Option<Date>,
    },
    /// Have a statement sent as a letter.
    MailStatement {
        /// Whose.
        account: AccountId,
        /// The first day of the month.
        month: Date,
        /// Under which id, and where to.
        request: Box<StatementMailRequest>,
    },
    /// Whoever was here is gone, and somebody else may come: the session ends.
    NextVisit,
    /// Somebody is here: do not wait for the next try.
    Hurry,
}

/// What was typed at a door.
#[derive(Clone, Debug)]
pub enum Typed {
    /// The digits on the card, which the kiosk can look at itself.
    Code(Secret),
    /// A password, which only the server knows.
    Password(Secret),
    /// Either of them, for a blocked card: the server opens it.
    Opening(Secret),
}

/// The way to the sync thread. Cheap to clone; the thread ends when all are gone.
#[derive(Clone)]
pub struct SyncHandle(UnboundedSender<Question>);

impl SyncHandle {
    /// Asks something; the answer comes as an event.
    pub fn ask(&self, question: Question) {
        // Fails only when the thread is gone, that is when the kiosk ends.
        let _ = self.0.send(question);
    }
}

/// What the thread works with.
pub struct Outside {
    /// The database.
    pub store: StoreHandle,
    /// Where answers go.
    pub events: Events,
    /// The time.
    pub clock: Clock,
    /// For the waits.
    pub dice: Dice,
    /// Rung when the outbox has grown.
    pub outbox: Arc<Notify>,
}

/// Starts the thread.
pub fn start(config: SyncConfig, outside: Outside) -> anyhow::Result<SyncHandle> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outbox = outside.outbox.clone();
    let line = Arc::new(Line::new(config, outside)?);
    let (out, questions) = unbounded_channel();
    let run = move || runtime.block_on(run(&line, &outbox, questions));
    thread::Builder::new().name("sync".to_owned()).spawn(run)?;
    Ok(SyncHandle(out))
}

async fn run(line: &Arc<Line>, outbox: &Notify, mut questions: UnboundedReceiver<Question>) {
    let mut asking = Questions::new(line.clone());
    let answer = async {
        for id in deposits::left(line).await {
            asking.ask(Question::ForgetDeposit(id));
        }
        while let Some(question) = questions.recv().await {
            asking.ask(question);
        }
    };
    tokio::select! {
        () = answer => {}
        () = push::run(line, outbox) => {}
        () = pull::run(line) => {}
    }
}
