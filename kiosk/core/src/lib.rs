//! What the kiosk does, told as one visit after another.
//!
//! Pure: [`Kiosk::update`] is told what happened and answers with what to do about it; [`Kiosk::view`] says what to show.
//! No I/O, no clock, no randomness: time comes with [`Event::Tick`], a fresh id with every touch.
//!
//! **Invariants:** "paid", "ordered" and paper come only after [`Event::Recorded`] (or, for a deposit, after the server's word);
//! when the card leaves, the visit is dropped whole, so nothing personal can stay on the screen.

mod basket;
mod come_back;
mod effect;
mod event;
mod fault;
mod form;
mod headset;
mod kiosk;
mod looks;
mod paper;
mod picture;
mod rooms;
mod screen;
mod secret;
mod view;
mod visitor;

pub use basket::{Basket, BasketLine};
pub use come_back::ComeBack;
pub use effect::{Beep, Draft, Effect, Light};
pub use event::{CodeAnswer, Event, Field, Intent, LetterAnswer, TapRefusal};
pub use fault::{Fault, Weight};
pub use kiosk::{IDLE_AFTER, Kiosk, WARNING_FOR};
pub use looks::{Level, Looks, TextSize};
pub use paper::{
    OrderSlip, Paper, PaperLine, PrintState, Receipt, StatementPaper, TicketSlip, TransferSlip, WithdrawalSlip,
};
pub use picture::Picture;
pub use screen::{
    AccountCard, AccountChoice, AccountsPage, AllergiesBody, AllergiesPage, AllergyPage, AutoRechargeBody,
    AutoRechargePage, AutoTerms, BlockCardPage, CardLine, ChangePasswordPage, ChangePicturePage, CheckoutLine,
    CheckoutPage, CodeMessage, CodePage, Countdown, DayChoice, DaysPage, DepositAmountPage, DepositDonePage,
    DepositPayPage, ForgottenPage, FormProblem, HomePage, IdlePage, MailStatementPage, MenuPage, MonthChoice,
    MonthsPage, Notice, NumberPage, NumberProblem, OrderBrief, OrderDonePage, OrdersPage, Page, PasswordPage, PayState,
    PictureState, ProductCard, ProfileBody, ProfileForm, ProfilePage, RefusedOrder, Screen, StatementBody,
    StatementPage, StopAutoRechargePage, SupportDonePage, SupportPage, Tile, TileKind, TransferDonePage, TransferPage,
    WhyNot, WithdrawCheckPage, WithdrawDonePage, WithdrawPage, WithdrawalList,
};
pub use secret::Secret;
pub use visitor::{Catalogue, Link, Moment, PrinterHealth, ReaderHealth, Visitor, VisitorCard};
