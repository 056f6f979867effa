//! The window, and the two ways across: [`Ui::show`] copies a screen in, a callback carries an [`Intent`] out.
//!
//! **Invariant:** `show` is idempotent and copies the whole visible state: whatever the last page held about a person is gone
//! with the page, in the lists, in the field being typed into and in how far it was scrolled.

use std::cell::Cell;
use std::mem::{Discriminant, discriminant};
use std::rc::Rc;

use jiff::civil::Date;
use kiosk_core::{Field, Intent, Page, Screen, StatementBody};
use madkort_protocol::{CardId, Language, MandateWish, OperationId, ProductId};
use slint::platform::WindowEvent;
use slint::{ComponentHandle, PlatformError, SharedString};

use super::kinds;
use super::pages::Lists;
use super::screens as ui;

/// How the screen looks to whoever stands before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Looks {
    /// From 1.0 to 1.4.
    pub text_scale: f32,
    /// Black on white, and borders around everything.
    pub high_contrast: bool,
    /// Nothing moves by itself.
    pub reduced_motion: bool,
}

impl Default for Looks {
    fn default() -> Self {
        Self { text_scale: 1.0, high_contrast: false, reduced_motion: false }
    }
}

/// Where on the screen somebody is, as far as scrolling goes: another day, month or text starts at its top.
#[derive(Clone, Copy, PartialEq)]
struct Place {
    page: Discriminant<Page>,
    date: Option<Date>,
    terms: bool,
}

impl Place {
    fn of(page: &Page) -> Self {
        let date = match page {
            Page::Menu(menu) => Some(menu.day.date),
            Page::Statement(statement) => match &statement.body {
                StatementBody::Here(month) => Some(month.month),
                StatementBody::Loading | StatementBody::Unreachable => None,
            },
            _ => None,
        };
        let terms = matches!(page, Page::DepositAmount(amount) if amount.terms.is_some());
        Self { page: discriminant(page), date, terms }
    }
}

/// The kiosk's window.
pub struct Ui {
    window: ui::AppWindow,
    lists: Lists,
    language: Cell<Option<Language>>,
    place: Cell<Option<Place>>,
}

impl Ui {
    /// Makes the window; every touch comes out of it as an intent, on the thread of the window.
    pub fn new(on_intent: impl Fn(Intent) + 'static) -> Result<Self, PlatformError> {
        let window = ui::AppWindow::new()?;
        let lists = Lists::new(&window);
        let out: Rc<dyn Fn(Intent)> = Rc::new(on_intent);
        listen(&window, &out);
        Ok(Self { window, lists, language: Cell::default(), place: Cell::default() })
    }

    /// Shows this, whatever was shown before.
    pub fn show(&self, screen: &Screen) {
        if self.language.replace(Some(screen.language)) != Some(screen.language)
            && let Err(error) = slint::select_bundled_translation(screen.language.tag())
        {
            // Only possible when the catalogue was left out of the build; the words stay English.
            tracing::error!(%error, "no words in this language");
        }
        let place = Place::of(&screen.page);
        let last = self.place.replace(Some(place));
        if last.is_none_or(|last| last.page != place.page) {
            self.clear_desk();
        } else if last != Some(place) {
            self.window.global::<ui::Desk>().set_scroll(0.0);
        }
        let api = self.window.global::<ui::Api>();
        api.set_danish(screen.language == Language::Danish);
        self.lists.faults.show(screen.faults.iter().copied(), |f| kinds::fault(*f));
        api.set_warning(screen.warning.map_or(-1, i32::from));
        self.lists.show(&api, &screen.page, screen.language);
    }

    /// Sets size of type, contrast and motion.
    pub fn set_looks(&self, looks: Looks) {
        let tokens = self.window.global::<ui::Tokens>();
        tokens.set_text_scale(looks.text_scale.clamp(1.0, 1.4));
        tokens.set_high_contrast(looks.high_contrast);
        tokens.set_reduced_motion(looks.reduced_motion);
    }

    /// The window itself.
    pub fn window(&self) -> &ui::AppWindow {
        &self.window
    }

    /// Nothing of the last page is left lying about.
    fn clear_desk(&self) {
        let desk = self.window.global::<ui::Desk>();
        desk.set_editing(false);
        desk.set_text(SharedString::default());
        desk.set_title(SharedString::default());
        desk.set_product(SharedString::default());
        desk.set_scroll(0.0);
    }
}

/// Every callback of the screen, each with the intent it stands for.
fn listen(window: &ui::AppWindow, out: &Rc<dyn Fn(Intent)>) {
    let api = window.global::<ui::Api>();
    macro_rules! on {
        ($($callback:ident($($argument:ident: $kind:ty),*) => $intent:expr;)+) => {$({
            let out = Rc::clone(out);
            api.$callback(move |$($argument: $kind),*| {
                if let Some(intent) = $intent {
                    out(intent);
                }
            });
        })+};
    }
    on! {
        on_speak(danish: bool) => Some(Intent::Speak(if danish { Language::Danish } else { Language::English }));
        on_digit(digit: i32) => u8::try_from(digit).ok().map(Intent::Digit);
        on_erase() => Some(Intent::Erase);
        on_preset(kroner: i32) => Some(Intent::Preset(kroner));
        on_open(room: ui::RoomKind) => Some(Intent::Open(kinds::tile_kind(room)));
        on_without_card() => Some(Intent::WithoutCard);
        on_block_card(id: SharedString) => CardId::parse(&id).ok().map(Intent::BlockCard);
        on_unblock_card(id: SharedString) => CardId::parse(&id).ok().map(Intent::UnblockCard);
        on_back() => Some(Intent::Back);
        on_leave() => Some(Intent::Leave);
        on_still_here() => Some(Intent::StillHere);
        on_account(place: i32) => usize::try_from(place).ok().map(Intent::Account);
        on_edit(field: ui::FieldKind, product: SharedString, text: SharedString) =>
            typed_field(field, &product).map(|field| Intent::Edit(field, text.into()));
        on_pause_auto() => Some(Intent::AutoRecharge(MandateWish::Pause));
        on_resume_auto() => Some(Intent::AutoRecharge(MandateWish::Resume));
        on_stop_auto() => Some(Intent::AutoRecharge(MandateWish::Cancel));
        on_another_card() => Some(Intent::AnotherCard);
        on_cancel_withdrawal(id: SharedString) => OperationId::parse(&id).ok().map(Intent::CancelWithdrawal);
        on_to_account(place: i32) => usize::try_from(place).ok().map(Intent::ToAccount);
        on_look_again() => Some(Intent::LookAgain);
        on_show_terms(show: bool) => Some(Intent::ShowTerms(show));
        on_accept_terms(accept: bool) => Some(Intent::AcceptTerms(accept));
        on_next() => Some(Intent::Next);
        on_cancel_payment() => Some(Intent::CancelPayment);
        on_open_days() => Some(Intent::Days);
        on_add_anyway() => Some(Intent::AddAnyway);
        on_choose_day(iso: SharedString) => iso.parse().ok().map(Intent::Day);
        on_add(product: SharedString) => ProductId::parse(&product).ok().map(Intent::Add);
        on_remove(product: SharedString) => ProductId::parse(&product).ok().map(Intent::Remove);
        on_to_checkout() => Some(Intent::Checkout);
        on_pay_order() => Some(Intent::Pay);
        on_cancel_order(id: SharedString) => OperationId::parse(&id).ok().map(Intent::CancelOrder);
        on_choose_month(iso: SharedString) => iso.parse().ok().map(Intent::Month);
        on_print() => Some(Intent::Print);
        on_send() => Some(Intent::Send);
    }
    let weak = window.as_weak();
    api.on_type_key(move |text| {
        let Some(window) = weak.upgrade() else { return };
        for key in text.chars() {
            let text = SharedString::from(key);
            window.window().dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
            window.window().dispatch_event(WindowEvent::KeyReleased { text });
        }
    });
}

fn typed_field(field: ui::FieldKind, product: &str) -> Option<Field> {
    Some(match field {
        ui::FieldKind::AccountNumber => Field::AccountNumber,
        ui::FieldKind::Amount => Field::Amount,
        ui::FieldKind::Email => Field::Email,
        ui::FieldKind::Name => Field::Name,
        ui::FieldKind::Phone => Field::Phone,
        ui::FieldKind::Registration => Field::Registration,
        ui::FieldKind::Message => Field::Message,
        ui::FieldKind::Address => Field::Address,
        ui::FieldKind::Postcode => Field::Postcode,
        ui::FieldKind::Town => Field::Town,
        ui::FieldKind::DayCap => Field::DayCap,
        ui::FieldKind::WeekCap => Field::WeekCap,
        ui::FieldKind::MonthCap => Field::MonthCap,
        ui::FieldKind::Comment => Field::Comment(ProductId::parse(product).ok()?),
    })
}
