//! The core's enums as the screen's, one for one.
//!
//! Pure. **Invariant:** every match is exhaustive: a new fault, notice or problem does not compile until it has its words.

use jiff::civil::Date;
use kiosk_core::{
    CodeMessage, ComeBack, Countdown, Fault, FormProblem, Notice, NumberProblem, PayState, PrintState, TapRefusal,
    TextSize, TileKind, WhyNot,
};
use madkort_protocol::{Allergen, AutoRechargeState, CardStatus, Category, Language, OrderState, Rule};

use super::screens as ui;

pub(super) const fn text_size(kind: ui::SizeKind) -> TextSize {
    match kind {
        ui::SizeKind::Normal => TextSize::Normal,
        ui::SizeKind::Large => TextSize::Large,
        ui::SizeKind::Larger => TextSize::Larger,
        ui::SizeKind::Largest => TextSize::Largest,
    }
}

/// A size of type, not an amount of money.
#[allow(clippy::float_arithmetic)]
pub(super) fn scale(size: TextSize) -> f32 {
    f32::from(size.percent()) / 100.0
}

pub(super) fn size_row((size, chosen): (TextSize, bool)) -> ui::SizeRow {
    let kind = match size {
        TextSize::Normal => ui::SizeKind::Normal,
        TextSize::Large => ui::SizeKind::Large,
        TextSize::Larger => ui::SizeKind::Larger,
        TextSize::Largest => ui::SizeKind::Largest,
    };
    ui::SizeRow { kind, scale: scale(size), chosen }
}

pub(super) const fn fault(fault: Fault) -> ui::FaultKind {
    match fault {
        Fault::Disk => ui::FaultKind::Disk,
        Fault::NotEnrolled => ui::FaultKind::NotEnrolled,
        Fault::WrongVersion => ui::FaultKind::WrongVersion,
        Fault::OfflineTooLong => ui::FaultKind::OfflineTooLong,
        Fault::ReaderService => ui::FaultKind::ReaderService,
        Fault::NoReader => ui::FaultKind::NoReader,
        Fault::ReaderFault => ui::FaultKind::ReaderFault,
        Fault::Offline => ui::FaultKind::Offline,
        Fault::Unsent => ui::FaultKind::Unsent,
        Fault::PaperOut => ui::FaultKind::PaperOut,
        Fault::CoverOpen => ui::FaultKind::CoverOpen,
        Fault::Cutter => ui::FaultKind::Cutter,
        Fault::PrinterFault => ui::FaultKind::PrinterFault,
        Fault::PrinterGone => ui::FaultKind::PrinterGone,
    }
}

pub(super) const fn notice(notice: Option<Notice>) -> ui::NoticeKind {
    match notice {
        None => ui::NoticeKind::None,
        Some(Notice::Refused(TapRefusal::Phone)) => ui::NoticeKind::Phone,
        Some(Notice::Refused(TapRefusal::TwoCards)) => ui::NoticeKind::TwoCards,
        Some(Notice::Refused(TapRefusal::Unreadable)) => ui::NoticeKind::Unreadable,
        Some(Notice::Refused(TapRefusal::LeftTooSoon)) => ui::NoticeKind::LeftTooSoon,
        Some(Notice::UnknownCard) => ui::NoticeKind::UnknownCard,
        Some(Notice::BlockedCard) => ui::NoticeKind::BlockedCard,
        Some(Notice::ReplacedCard) => ui::NoticeKind::ReplacedCard,
        Some(Notice::NowBlocked) => ui::NoticeKind::NowBlocked,
        Some(Notice::Goodbye) => ui::NoticeKind::Goodbye,
    }
}

pub(super) fn code_message(message: Option<CodeMessage>) -> (ui::CodeKind, i32) {
    match message {
        None => (ui::CodeKind::None, 0),
        Some(CodeMessage::Wrong { tries_left }) => (ui::CodeKind::Wrong, whole(tries_left)),
        Some(CodeMessage::Wait { seconds }) => (ui::CodeKind::Wait, whole(seconds)),
        Some(CodeMessage::OutOfReach) => (ui::CodeKind::OutOfReach, 0),
        Some(CodeMessage::TooOften(back)) => (ui::CodeKind::TooOften, minutes(back)),
    }
}

pub(super) fn number_problem(problem: Option<NumberProblem>) -> (ui::NumberKind, i32) {
    match problem {
        None => (ui::NumberKind::None, 0),
        Some(NumberProblem::Mistyped) => (ui::NumberKind::Mistyped, 0),
        Some(NumberProblem::Unknown) => (ui::NumberKind::Unknown, 0),
        Some(NumberProblem::Wait { seconds }) => (ui::NumberKind::Wait, whole(seconds)),
    }
}

pub(super) const fn card_status(status: CardStatus) -> ui::CardKind {
    match status {
        CardStatus::Active => ui::CardKind::Active,
        CardStatus::BlockedByHolder | CardStatus::BlockedByGuardian => ui::CardKind::Blocked,
        CardStatus::Blocked => ui::CardKind::BlockedByOffice,
        CardStatus::Replaced => ui::CardKind::Replaced,
    }
}

pub(super) fn problem(problem: Option<FormProblem>, language: Language) -> ui::Problem {
    use ui::ProblemKind as K;
    let (kind, money, count) = match problem {
        None => (K::None, None, 0),
        Some(FormProblem::AmountMissing) => (K::AmountMissing, None, 0),
        Some(FormProblem::AmountTooLow(lowest)) => (K::AmountTooLow, Some(lowest), 0),
        Some(FormProblem::AmountTooHigh(highest)) => (K::AmountTooHigh, Some(highest), 0),
        Some(FormProblem::Email) => (K::Email, None, 0),
        Some(FormProblem::Terms) => (K::Terms, None, 0),
        Some(FormProblem::Name) => (K::Name, None, 0),
        Some(FormProblem::Message) => (K::Message, None, 0),
        Some(FormProblem::EmptyBasket) => (K::EmptyBasket, None, 0),
        Some(FormProblem::Balance(missing)) => (K::Balance, Some(missing), 0),
        Some(FormProblem::DayCap(left)) => (K::DayCap, Some(left), 0),
        Some(FormProblem::WeekCap(left)) => (K::WeekCap, Some(left), 0),
        Some(FormProblem::MonthCap(left)) => (K::MonthCap, Some(left), 0),
        Some(FormProblem::CutOff) => (K::CutOff, None, 0),
        Some(FormProblem::OfflineLimit(limit)) => (K::OfflineLimit, Some(limit), 0),
        Some(FormProblem::Unreachable) => (K::Unreachable, None, 0),
        Some(FormProblem::Refused) => (K::Refused, None, 0),
        Some(FormProblem::Phone) => (K::Phone, None, 0),
        Some(FormProblem::Address) => (K::Address, None, 0),
        Some(FormProblem::Postcode) => (K::Postcode, None, 0),
        Some(FormProblem::Cap) => (K::Cap, None, 0),
        Some(FormProblem::GuardiansCap) => (K::GuardiansCap, None, 0),
        Some(FormProblem::OnlyLeft(left)) => (K::OnlyLeft, None, whole(left)),
        Some(FormProblem::TooMany(most)) => (K::TooMany, None, whole(most)),
        Some(FormProblem::OverBalance(balance)) => (K::OverBalance, Some(balance), 0),
        Some(FormProblem::Registration) => (K::Registration, None, 0),
        Some(FormProblem::AccountNumber) => (K::AccountNumber, None, 0),
        Some(FormProblem::Target) => (K::Target, None, 0),
        Some(FormProblem::NeedsConnection) => (K::NeedsConnection, None, 0),
        Some(FormProblem::CurrentMissing) => (K::CurrentMissing, None, 0),
        Some(FormProblem::WrongCurrent(tries_left)) => (K::WrongCurrent, None, whole(tries_left)),
        Some(FormProblem::Wait(seconds)) => (K::Wait, None, whole(seconds)),
        Some(FormProblem::WeakPassword) => (K::WeakPassword, None, 0),
        Some(FormProblem::PasswordsDiffer) => (K::PasswordsDiffer, None, 0),
        Some(FormProblem::TooOften(back)) => (K::TooOften, None, minutes(back)),
        Some(FormProblem::UnsureTooOften(back)) => (K::UnsureTooOften, None, minutes(back)),
        Some(FormProblem::Unsure) => (K::Unsure, None, 0),
    };
    ui::Problem { kind, money: money.map(|m| m.in_words(language).into()).unwrap_or_default(), count }
}

pub(super) const fn room(kind: TileKind) -> ui::RoomKind {
    match kind {
        TileKind::Accounts => ui::RoomKind::Accounts,
        TileKind::AutoRecharge => ui::RoomKind::AutoRecharge,
        TileKind::Orders => ui::RoomKind::Orders,
        TileKind::Transfer => ui::RoomKind::Transfer,
        TileKind::Withdraw => ui::RoomKind::Withdraw,
        TileKind::Order => ui::RoomKind::Order,
        TileKind::Deposit => ui::RoomKind::Deposit,
        TileKind::Statement => ui::RoomKind::Statement,
        TileKind::Profile => ui::RoomKind::Profile,
        TileKind::Support => ui::RoomKind::Support,
    }
}

pub(super) const fn tile_kind(kind: ui::RoomKind) -> TileKind {
    match kind {
        ui::RoomKind::Accounts => TileKind::Accounts,
        ui::RoomKind::AutoRecharge => TileKind::AutoRecharge,
        ui::RoomKind::Orders => TileKind::Orders,
        ui::RoomKind::Transfer => TileKind::Transfer,
        ui::RoomKind::Withdraw => TileKind::Withdraw,
        ui::RoomKind::Order => TileKind::Order,
        ui::RoomKind::Deposit => TileKind::Deposit,
        ui::RoomKind::Statement => TileKind::Statement,
        ui::RoomKind::Profile => TileKind::Profile,
        ui::RoomKind::Support => TileKind::Support,
    }
}

pub(super) const fn why_not(why: Option<WhyNot>) -> ui::WhyNotKind {
    match why {
        None => ui::WhyNotKind::None,
        Some(WhyNot::Offline) => ui::WhyNotKind::Offline,
        Some(WhyNot::NoMenu) => ui::WhyNotKind::NoMenu,
    }
}

pub(super) const fn pay_state(state: PayState) -> ui::PayKind {
    match state {
        PayState::Waiting => ui::PayKind::Waiting,
        PayState::Examining => ui::PayKind::Examining,
        PayState::OutOfSight => ui::PayKind::OutOfSight,
        PayState::Declined => ui::PayKind::Declined,
        PayState::Cancelled => ui::PayKind::Cancelled,
        PayState::Expired => ui::PayKind::Expired,
    }
}

pub(super) const fn paper(state: Option<PrintState>) -> ui::PaperKind {
    match state {
        None => ui::PaperKind::None,
        Some(PrintState::Printing) => ui::PaperKind::Printing,
        Some(PrintState::Waiting) => ui::PaperKind::Waiting,
        Some(PrintState::Printed) => ui::PaperKind::Printed,
        Some(PrintState::Uncertain) => ui::PaperKind::Uncertain,
        Some(PrintState::NotPrinted) => ui::PaperKind::NotPrinted,
    }
}

pub(super) const fn auto_recharge(state: AutoRechargeState) -> ui::AutoKind {
    match state {
        AutoRechargeState::WaitingForDeposits => ui::AutoKind::WaitingForDeposits,
        AutoRechargeState::Armed => ui::AutoKind::Armed,
        AutoRechargeState::Charging => ui::AutoKind::Charging,
        AutoRechargeState::Retrying => ui::AutoKind::Retrying,
        AutoRechargeState::Suspended => ui::AutoKind::Suspended,
    }
}

pub(super) const fn order_state(state: OrderState) -> ui::OrderKind {
    match state {
        OrderState::Held => ui::OrderKind::Held,
        OrderState::Captured => ui::OrderKind::Captured,
        OrderState::Released => ui::OrderKind::Released,
        OrderState::Refused => ui::OrderKind::Refused,
    }
}

pub(super) const fn refusal(why: Rule) -> ui::RefusalKind {
    match why {
        Rule::Balance => ui::RefusalKind::Balance,
        Rule::OfflineAllowance => ui::RefusalKind::OfflineLimit,
        Rule::CutOff => ui::RefusalKind::CutOff,
        Rule::NotOnMenu => ui::RefusalKind::NotOnMenu,
        Rule::Portions => ui::RefusalKind::SoldOut,
        Rule::Price => ui::RefusalKind::Price,
        Rule::Card => ui::RefusalKind::Card,
        Rule::Account => ui::RefusalKind::Account,
        Rule::DayCap => ui::RefusalKind::DayCap,
        Rule::WeekCap => ui::RefusalKind::WeekCap,
        Rule::MonthCap => ui::RefusalKind::MonthCap,
        // Not about an order, or not about what a person at a kiosk did.
        Rule::Order
        | Rule::Field
        | Rule::Amount
        | Rule::Authorisation
        | Rule::Undo
        | Rule::Withdrawal
        | Rule::Reversal
        | Rule::GuestCard => ui::RefusalKind::Other,
    }
}

pub(super) const fn shelf(category: Category) -> ui::ShelfKind {
    match category {
        Category::HotMeal => ui::ShelfKind::HotMeal,
        Category::Cold => ui::ShelfKind::Cold,
        Category::Snack => ui::ShelfKind::Snack,
        Category::Drink => ui::ShelfKind::Drink,
    }
}

pub(super) const fn allergen(allergen: Allergen) -> ui::AllergenKind {
    match allergen {
        Allergen::Gluten => ui::AllergenKind::Gluten,
        Allergen::Crustaceans => ui::AllergenKind::Crustaceans,
        Allergen::Eggs => ui::AllergenKind::Eggs,
        Allergen::Fish => ui::AllergenKind::Fish,
        Allergen::Peanuts => ui::AllergenKind::Peanuts,
        Allergen::Soybeans => ui::AllergenKind::Soybeans,
        Allergen::Milk => ui::AllergenKind::Milk,
        Allergen::Nuts => ui::AllergenKind::Nuts,
        Allergen::Celery => ui::AllergenKind::Celery,
        Allergen::Mustard => ui::AllergenKind::Mustard,
        Allergen::Sesame => ui::AllergenKind::Sesame,
        Allergen::Sulphites => ui::AllergenKind::Sulphites,
        Allergen::Lupin => ui::AllergenKind::Lupin,
        Allergen::Molluscs => ui::AllergenKind::Molluscs,
    }
}

pub(super) const fn allergen_of(kind: ui::AllergenKind) -> Allergen {
    match kind {
        ui::AllergenKind::Gluten => Allergen::Gluten,
        ui::AllergenKind::Crustaceans => Allergen::Crustaceans,
        ui::AllergenKind::Eggs => Allergen::Eggs,
        ui::AllergenKind::Fish => Allergen::Fish,
        ui::AllergenKind::Peanuts => Allergen::Peanuts,
        ui::AllergenKind::Soybeans => Allergen::Soybeans,
        ui::AllergenKind::Milk => Allergen::Milk,
        ui::AllergenKind::Nuts => Allergen::Nuts,
        ui::AllergenKind::Celery => Allergen::Celery,
        ui::AllergenKind::Mustard => Allergen::Mustard,
        ui::AllergenKind::Sesame => Allergen::Sesame,
        ui::AllergenKind::Sulphites => Allergen::Sulphites,
        ui::AllergenKind::Lupin => Allergen::Lupin,
        ui::AllergenKind::Molluscs => Allergen::Molluscs,
    }
}

pub(super) fn day(date: Date) -> ui::Day {
    ui::Day {
        year: date.year().into(),
        month: date.month().into(),
        day: date.day().into(),
        weekday: date.weekday().to_monday_one_offset().into(),
    }
}

pub(super) fn countdown(countdown: Option<Countdown>) -> ui::Countdown {
    countdown.map_or_else(ui::Countdown::default, |c| ui::Countdown {
        shown: true,
        day: day(c.date),
        minutes: whole(c.minutes),
    })
}

/// Minutes until somebody may come back; none where nobody told.
fn minutes(back: ComeBack) -> i32 {
    match back {
        ComeBack::Later => 0,
        ComeBack::In { minutes } => whole(minutes),
    }
}

/// A count as Slint holds it; far beyond what a page shows, the largest one.
pub(super) fn whole(count: impl TryInto<i32>) -> i32 {
    count.try_into().unwrap_or(i32::MAX)
}
