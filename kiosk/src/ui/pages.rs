//! Each page of the core laid out as the screen's properties.
//!
//! **Invariant:** a page that is not shown holds nothing: its properties are the empty ones and its lists have no rows.

mod money;
mod people;
mod shop;
mod statement;

use jiff::civil::Date;
use kiosk_core::{
    AccountCard, AccountChoice, AccountsPage, BlockCardPage, CheckoutLine, DayChoice, DepositAmountPage,
    DepositDonePage, DepositPayPage, Fault, HomePage, IdlePage, MonthChoice, OrderBrief, Page, Picture, ProductCard,
    SupportDonePage, SupportPage, Tile,
};
use madkort_protocol::{Allergen, AutoRechargeCharge, Language, Money, StatementLine, Withdrawal};
use slint::{ComponentHandle, ModelRc, VecModel};

use super::kinds;
use super::pay_code::pay_code;
use super::photo::Photos;
use super::rows::Rows;
use super::screens as ui;

/// The lists of all pages, and what code and face were drawn from.
pub(super) struct Lists {
    pub faults: Rows<Fault, ui::FaultKind>,
    dishes: Rows<String, slint::SharedString>,
    accounts: Rows<AccountChoice, ui::AccountView>,
    account_rows: Rows<(AccountCard, Language), ui::AccountRow>,
    today: Rows<(OrderBrief, Language), ui::OrderView>,
    coming: Rows<(OrderBrief, Language), ui::OrderView>,
    rooms: Rows<Tile, ui::RoomView>,
    presets: Rows<i32, i32>,
    terms: Rows<String, slint::SharedString>,
    allergens: Rows<Allergen, ui::AllergenKind>,
    allergen_rows: Rows<(Allergen, bool), ui::AllergenRow>,
    days: Rows<(DayChoice, Language), ui::DayView>,
    products: Rows<(bool, Vec<ProductCard>, Language), ui::ShelfRow>,
    lines: Rows<(CheckoutLine, Language), ui::LineView>,
    entries: Rows<(StatementLine, Language), ui::EntryView>,
    months: Rows<MonthChoice, ui::MonthRow>,
    charges: Rows<(AutoRechargeCharge, Language), ui::ChargeRow>,
    targets: Rows<(usize, AccountChoice), ui::TargetRow>,
    withdrawals: Rows<(Withdrawal, Language), ui::WithdrawalRow>,
    code_url: std::cell::RefCell<String>,
    face: std::cell::RefCell<Option<Picture>>,
    photos: Photos,
}

impl Lists {
    pub fn new(window: &ui::AppWindow) -> Self {
        let lists = Self {
            faults: Rows::new(),
            dishes: Rows::new(),
            accounts: Rows::new(),
            account_rows: Rows::new(),
            today: Rows::new(),
            coming: Rows::new(),
            rooms: Rows::new(),
            presets: Rows::new(),
            terms: Rows::new(),
            allergens: Rows::new(),
            allergen_rows: Rows::new(),
            days: Rows::new(),
            products: Rows::new(),
            lines: Rows::new(),
            entries: Rows::new(),
            months: Rows::new(),
            charges: Rows::new(),
            targets: Rows::new(),
            withdrawals: Rows::new(),
            code_url: std::cell::RefCell::default(),
            face: std::cell::RefCell::default(),
            photos: Photos::default(),
        };
        let api = window.global::<ui::Api>();
        api.set_faults(lists.faults.model());
        api.set_dishes(lists.dishes.model());
        api.set_accounts(lists.accounts.model());
        api.set_account_rows(lists.account_rows.model());
        api.set_today(lists.today.model());
        api.set_coming(lists.coming.model());
        api.set_rooms(lists.rooms.model());
        api.set_presets(lists.presets.model());
        api.set_terms(lists.terms.model());
        api.set_allergens(lists.allergens.model());
        api.set_allergen_rows(lists.allergen_rows.model());
        api.set_days(lists.days.model());
        api.set_products(lists.products.model());
        api.set_lines(lists.lines.model());
        api.set_entries(lists.entries.model());
        api.set_months(lists.months.model());
        api.set_charges(lists.charges.model());
        api.set_targets(lists.targets.model());
        api.set_withdrawals(lists.withdrawals.model());
        lists
    }

    /// Shows one page and empties all others.
    pub fn show(&self, api: &ui::Api, page: &Page, language: Language) {
        self.empty_others(api, page);
        // The page comes last: it is never shown with the figures of another.
        let kind = match page {
            Page::Starting => ui::PageKind::Starting,
            Page::OutOfService(fault) => {
                api.set_stopped_by(kinds::fault(*fault));
                ui::PageKind::OutOfService
            }
            Page::Idle(page) => self.idle(api, page),
            Page::Code(page) => people::code(api, page),
            Page::Password(page) => people::password(api, *page),
            Page::Forgotten(page) => people::forgotten(api, page, language),
            Page::ChangePassword(page) => people::change_password(api, *page, language),
            Page::ChangePicture(page) => self.change_picture(api, page),
            Page::Months(page) => self.months(api, page, language),
            Page::MailStatement(page) => statement::mail(api, page, language),
            Page::Number(page) => people::number(api, page),
            Page::Home(page) => self.home(api, page, language),
            Page::Accounts(page) => self.accounts(api, page, language),
            Page::BlockCard(page) => blocking(api, page),
            Page::DepositAmount(page) => self.amount(api, page, language),
            Page::DepositPay(page) => self.pay(api, page, language),
            Page::DepositDone(page) => paid(api, page, language),
            Page::Menu(page) => self.menu(api, page, language),
            Page::Checkout(page) => self.checkout(api, page, language),
            Page::Days(page) => self.days(api, page, language),
            Page::Allergy(page) => self.allergy(api, page),
            Page::OrderDone(page) => shop::ordered(api, page, language),
            Page::Profile(page) => self.profile(api, page, language),
            Page::Allergies(page) => self.allergies(api, page, language),
            Page::Statement(page) => self.statement(api, page, language),
            Page::Support(page) => self.support(api, page, language),
            Page::SupportDone(page) => filed(api, page),
            Page::AutoRecharge(page) => self.auto_recharge(api, page, language),
            Page::StopAutoRecharge(page) => money::stopping(api, page),
            Page::Orders(page) => self.own_orders(api, page, language),
            Page::Transfer(page) => self.transfer(api, page, language),
            Page::TransferDone(page) => money::transferred(api, page, language),
            Page::Withdraw(page) => self.withdraw(api, page, language),
            Page::WithdrawCheck(page) => money::withdraw_check(api, page, language),
            Page::WithdrawDone(page) => money::withdrawn(api, page, language),
        };
        api.set_page(kind);
    }

    fn empty_others(&self, api: &ui::Api, page: &Page) {
        macro_rules! empty {
            ($($shown:pat => $($set:ident)?, $($list:ident)*;)+) => {$(
                if !matches!(page, $shown) {
                    $(api.$set(Default::default());)?
                    $(self.$list.clear();)*
                }
            )+};
        }
        empty! {
            Page::Idle(_) => set_idle, dishes;
            Page::Code(_) => set_code, ;
            Page::Password(_) => set_password, ;
            Page::Forgotten(_) => set_forgotten, ;
            Page::ChangePassword(_) => set_change_password, ;
            Page::ChangePicture(_) => set_change_picture, ;
            Page::Months(_) => set_months_of, months;
            Page::MailStatement(_) => set_mail_statement, ;
            Page::Number(_) => set_number, ;
            Page::Accounts(_) => set_accounts_list, account_rows;
            Page::BlockCard(_) => set_blocking, ;
            Page::Home(_) => set_home, today rooms;
            Page::Home(_) | Page::Orders(_) => , coming;
            Page::Home(_) | Page::Orders(_) | Page::Support(_) => , accounts;
            Page::DepositAmount(_) => set_amount, presets terms;
            Page::DepositPay(_) => set_pay, ;
            Page::DepositDone(_) => set_paid, ;
            Page::Menu(_) => set_menu, products;
            Page::Days(_) => set_days_of, days;
            Page::Allergy(_) => set_allergy, allergens;
            Page::Checkout(_) => set_checkout, lines;
            Page::OrderDone(_) => set_ordered, ;
            Page::Orders(_) => set_orders_list, ;
            Page::Profile(_) => set_profile, ;
            Page::Allergies(_) => set_allergies, allergen_rows;
            Page::Statement(_) => set_statement, entries;
            Page::Support(_) => set_support, ;
            Page::SupportDone(_) => set_filed, ;
            Page::AutoRecharge(_) => set_auto, charges;
            Page::StopAutoRecharge(_) => set_stopping, ;
            Page::Transfer(_) => set_transfer, targets;
            Page::TransferDone(_) => set_transferred, ;
            Page::Withdraw(_) => set_withdraw, withdrawals;
            Page::WithdrawCheck(_) => set_withdraw_check, ;
            Page::WithdrawDone(_) => set_withdrawn, ;
        }
        if !matches!(page, Page::DepositPay(_) | Page::ChangePicture(_)) {
            self.show_code(api, "");
        }
        if !matches!(page, Page::Profile(_)) {
            self.show_face(api, None);
        }
    }

    fn idle(&self, api: &ui::Api, page: &IdlePage) -> ui::PageKind {
        api.set_idle(ui::IdleView {
            school: (&page.school).into(),
            countdown: kinds::countdown(page.countdown),
            notice: kinds::notice(page.notice),
        });
        self.dishes.show(page.dishes.iter().cloned(), |dish| dish.into());
        ui::PageKind::Idle
    }

    fn home(&self, api: &ui::Api, page: &HomePage, language: Language) -> ui::PageKind {
        let auto = page.auto_recharge;
        api.set_home(ui::HomeView {
            name: (&page.name).into(),
            balance: page.balance.in_words(language).into(),
            auto: auto.map_or(ui::AutoKind::None, |a| kinds::auto_recharge(a.state)),
            auto_amount: words(auto.map(|a| a.amount), language),
            auto_below: words(auto.map(|a| a.below), language),
            refused: page.refused.is_some(),
            refused_number: page.refused.as_ref().map(|o| (&o.number).into()).unwrap_or_default(),
            refused_what: page.refused.as_ref().map(|o| (&o.what).into()).unwrap_or_default(),
            refused_why: page.refused.as_ref().map(|o| kinds::refusal(o.why)).unwrap_or_default(),
        });
        let orders = |list: &[OrderBrief]| list.iter().map(|o| (o.clone(), language)).collect::<Vec<_>>();
        self.accounts.show(page.accounts.iter().cloned(), account);
        self.today.show(orders(&page.today), order);
        self.coming.show(orders(&page.coming), order);
        self.rooms.show(page.tiles.iter().copied(), |tile| ui::RoomView {
            kind: kinds::room(tile.kind),
            why_not: kinds::why_not(tile.why_not),
        });
        ui::PageKind::Home
    }

    fn accounts(&self, api: &ui::Api, page: &AccountsPage, language: Language) -> ui::PageKind {
        let no_deposit = kinds::why_not(page.no_deposit);
        api.set_accounts_list(ui::AccountsView { recording: page.recording, no_deposit });
        self.account_rows.show(page.accounts.iter().map(|account| (account.clone(), language)), account_row);
        ui::PageKind::Accounts
    }

    fn amount(&self, api: &ui::Api, page: &DepositAmountPage, language: Language) -> ui::PageKind {
        api.set_amount(ui::AmountView {
            account: (&page.account).into(),
            balance: page.balance.in_words(language).into(),
            kroner: (&page.kroner).into(),
            figures: Money::parse(&page.kroner).map(|typed| typed.kroner_figures(language)).unwrap_or_default().into(),
            email: (&page.email).into(),
            accepted: page.accepted,
            reading_terms: page.terms.is_some(),
            issuer: (&page.issuer).into(),
            problem: kinds::problem(page.problem, language),
            opening: page.opening,
            auto: page.auto.is_some(),
            below: words(page.auto.map(|auto| auto.below), language),
            armed_from: words(page.auto.map(|auto| auto.armed_from), language),
        });
        self.presets.show(page.presets.iter().copied(), |kroner| *kroner);
        let terms = page.terms.as_deref().unwrap_or_default();
        self.terms.show(terms.split('\n').filter(|p| !p.trim().is_empty()).map(str::to_owned), |p| p.into());
        ui::PageKind::DepositAmount
    }

    fn pay(&self, api: &ui::Api, page: &DepositPayPage, language: Language) -> ui::PageKind {
        api.set_pay(ui::PayView {
            account: (&page.account).into(),
            amount: page.amount.in_words(language).into(),
            state: kinds::pay_state(page.state),
            minutes_left: kinds::whole(page.minutes_left),
            auto: page.auto,
        });
        self.show_code(api, &page.url);
        ui::PageKind::DepositPay
    }

    /// The address as a code; none for an empty one.
    fn show_code(&self, api: &ui::Api, url: &str) {
        if self.code_url.replace(url.to_owned()) != url {
            api.set_pay_code(if url.is_empty() { slint::Image::default() } else { pay_code(url) });
        }
    }

    fn support(&self, api: &ui::Api, page: &SupportPage, language: Language) -> ui::PageKind {
        api.set_support(ui::SupportView {
            name: (&page.name).into(),
            email: (&page.email).into(),
            phone: (&page.phone).into(),
            message: (&page.message).into(),
            problem: kinds::problem(page.problem, language),
            sending: page.sending,
        });
        self.accounts.show(page.accounts.iter().cloned(), account);
        ui::PageKind::Support
    }
}

fn blocking(api: &ui::Api, page: &BlockCardPage) -> ui::PageKind {
    let (masked, account) = ((&page.masked).into(), (&page.account).into());
    api.set_blocking(ui::BlockingView { masked, account, here: page.here });
    ui::PageKind::BlockCard
}

fn account_row((account, language): &(AccountCard, Language)) -> ui::AccountRow {
    let auto = account.auto_recharge;
    let cards = account.cards.iter().map(|card| ui::CardRow {
        id: slint::format!("{}", card.id),
        masked: (&card.masked).into(),
        status: kinds::card_status(card.status),
        here: card.here,
        can_switch: card.can_switch,
    });
    ui::AccountRow {
        place: kinds::whole(account.place),
        label: (&account.label).into(),
        balance: account.balance.in_words(*language).into(),
        active: account.active,
        auto: auto.map_or(ui::AutoKind::None, |a| kinds::auto_recharge(a.state)),
        auto_amount: words(auto.map(|a| a.amount), *language),
        auto_below: words(auto.map(|a| a.below), *language),
        cards: ModelRc::new(cards.collect::<VecModel<_>>()),
    }
}

fn paid(api: &ui::Api, page: &DepositDonePage, language: Language) -> ui::PageKind {
    api.set_paid(ui::PaidView {
        account: (&page.account).into(),
        amount: page.amount.in_words(language).into(),
        balance: page.balance.in_words(language).into(),
        receipt: (&page.receipt).into(),
        paper: kinds::paper(Some(page.paper)),
    });
    ui::PageKind::DepositDone
}

fn filed(api: &ui::Api, page: &SupportDonePage) -> ui::PageKind {
    api.set_filed(ui::FiledView {
        number: (&page.number).into(),
        paper: kinds::paper(Some(page.paper)),
        offline: page.offline,
    });
    ui::PageKind::SupportDone
}

fn account(choice: &AccountChoice) -> ui::AccountView {
    ui::AccountView { label: (&choice.label).into(), chosen: choice.chosen }
}

fn order((order, language): &(OrderBrief, Language)) -> ui::OrderView {
    ui::OrderView {
        id: slint::format!("{}", order.id),
        number: (&order.number).into(),
        day: kinds::day(order.date),
        what: (&order.what).into(),
        total: order.total.in_words(*language).into(),
        state: kinds::order_state(order.state),
        can_cancel: order.can_cancel,
        pending: order.pending,
        picked_up: order.picked_up,
    }
}

fn iso(date: Date) -> slint::SharedString {
    slint::format!("{date}")
}

fn words(money: Option<Money>, language: Language) -> slint::SharedString {
    money.map(|m| m.in_words(language).into()).unwrap_or_default()
}
