//! The window, and the two ways across: [`Ui::show`] copies a screen in, a callback carries an [`Intent`] out.
//!
//! **Invariant:** `show` is idempotent and copies the whole visible state: whatever the last page held about a person is gone
//! with the page, in the lists, in the field being typed into and in how far it was scrolled.

use std::cell::Cell;
use std::mem::{Discriminant, discriminant};
use std::rc::Rc;

use jiff::civil::Date;
use kiosk_core::{Field, Intent, Level, Looks, Page, Screen, StatementBody, TextSize};
use madkort_protocol::{CardId, Language, MandateWish, OperationId, ProductId};
use slint::platform::WindowEvent;
use slint::{ComponentHandle, Model as _, PlatformError, SharedString};

use super::pages::Lists;
use super::reader::Reader;
use super::reading::Hearing;
use super::rows::Rows;
use super::screens as ui;
use super::{focus, kinds, pixels};
use crate::speech::Voice;

/// How the screen looks before anybody chose anything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct House {
    /// From 1.0 to 1.4: the smallest type, whatever is chosen.
    pub text_scale: f32,
    /// Nothing moves by itself.
    pub reduced_motion: bool,
}

impl Default for House {
    fn default() -> Self {
        Self { text_scale: 1.0, reduced_motion: false }
    }
}

/// Where on the screen somebody is, as far as scrolling goes: another day, month or text starts at its top.
#[derive(Clone, Copy, PartialEq)]
struct Place {
    page: Discriminant<Page>,
    date: Option<Date>,
    terms: bool,
    adjusting: bool,
}

impl Place {
    fn of(screen: &Screen) -> Self {
        let page = &screen.page;
        let date = match page {
            Page::Menu(menu) => Some(menu.day.date),
            Page::Statement(statement) => match &statement.body {
                StatementBody::Here(month) => Some(month.month),
                StatementBody::Loading | StatementBody::Unreachable => None,
            },
            _ => None,
        };
        let terms = matches!(page, Page::DepositAmount(amount) if amount.terms.is_some());
        Self { page: discriminant(page), date, terms, adjusting: screen.adjusting }
    }
}

/// The kiosk's window.
pub struct Ui {
    window: ui::AppWindow,
    lists: Lists,
    language: Cell<Option<Language>>,
    place: Cell<Option<Place>>,
    house: Cell<House>,
    looks: Cell<Looks>,
    sizes: Rows<(TextSize, bool), ui::SizeRow>,
    reader: Rc<Reader>,
    glass: Rc<Reader>,
}

impl Ui {
    /// Makes the window; every touch comes out of it as an intent, on the thread of the window.
    pub fn new(on_intent: impl Fn(Intent) + 'static) -> Result<Self, PlatformError> {
        let window = ui::AppWindow::new()?;
        let lists = Lists::new(&window);
        pixels::keep(&window);
        let (reader, glass) = (Reader::silent(), Reader::glass(&window));
        let interrupted = Rc::clone(&reader);
        let out: Rc<dyn Fn(Intent)> = Rc::new(move |intent| {
            interrupted.interrupt();
            on_intent(intent);
        });
        listen(&window, &out);
        listen_for_looks(&window, &out, &reader);
        listen_for_glass(&window, &glass);
        focus::listen(&window, [&reader, &glass]);
        let sizes = Rows::new();
        window.global::<ui::Api>().set_sizes(sizes.model());
        let (language, place) = (Cell::default(), Cell::default());
        Ok(Self {
            window,
            lists,
            language,
            place,
            house: Cell::default(),
            looks: Cell::default(),
            sizes,
            reader,
            glass,
        })
    }

    /// Shows this, whatever was shown before.
    pub fn show(&self, screen: &Screen) {
        if self.language.replace(Some(screen.language)) != Some(screen.language)
            && let Err(error) = slint::select_bundled_translation(screen.language.tag())
        {
            // Only possible when the catalogue was left out of the build; the words stay English.
            tracing::error!(%error, "no words in this language");
        }
        let place = Place::of(screen);
        let last = self.place.replace(Some(place));
        if last.is_none_or(|last| (last.page, last.adjusting) != (place.page, place.adjusting)) {
            self.clear_desk();
        } else if last != Some(place) {
            self.window.global::<ui::Desk>().set_scroll(0.0);
        }
        let api = self.window.global::<ui::Api>();
        api.set_danish(screen.language == Language::Danish);
        api.set_adjusting(screen.adjusting);
        self.looks.set(screen.looks);
        self.apply_looks();
        self.lists.faults.show(screen.faults.iter().copied(), |f| kinds::fault(*f));
        api.set_warning(screen.warning.map_or(-1, i32::from));
        self.lists.show(&api, &screen.page, screen.language);
        let new_page = last != Some(place);
        focus::settle(&self.window, new_page);
        self.reader.shown(&self.window, screen, new_page);
        self.glass.shown(&self.window, screen, new_page);
    }

    /// Gives the screen a voice, which one person hears in a headset or everybody on a loudspeaker.
    pub fn set_voice(&self, voice: Box<dyn Voice>, in_headset: bool) {
        self.window.global::<ui::Api>().set_has_voice(true);
        self.reader.take(voice, if in_headset { Hearing::Private } else { Hearing::Loud });
    }

    /// Sets size of type and motion as they are for everybody.
    pub fn set_house(&self, house: House) {
        self.house.set(house);
        self.apply_looks();
    }

    fn apply_looks(&self) {
        let (house, looks) = (self.house.get(), self.looks.get());
        let tokens = self.window.global::<ui::Tokens>();
        tokens.set_text_scale(kinds::scale(looks.size).max(house.text_scale).clamp(1.0, 1.4));
        tokens.set_high_contrast(looks.high_contrast);
        tokens.set_reduced_motion(house.reduced_motion);
        let api = self.window.global::<ui::Api>();
        api.set_aloud(looks.aloud);
        api.set_glass(looks.glass);
        if !looks.glass {
            api.set_glass_text(SharedString::default());
        }
        api.set_volume(looks.volume.step().into());
        api.set_pace(looks.pace.step().into());
        api.set_most_of_voice(Level::MOST.into());
        self.sizes.show(TextSize::ALL.map(|size| (size, size == looks.size)), |row| kinds::size_row(*row));
    }

    /// The window itself.
    pub fn window(&self) -> &ui::AppWindow {
        &self.window
    }

    /// Nothing of the last page is left lying about.
    fn clear_desk(&self) {
        let desk = self.window.global::<ui::Desk>();
        desk.set_editing(false);
        desk.set_returning(false);
        desk.set_revealed(false);
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
        on_adjust(adjust: bool) => Some(Intent::Adjust(adjust));
        on_speak(danish: bool) => Some(Intent::Speak(if danish { Language::Danish } else { Language::English }));
        on_digit(digit: i32) => u8::try_from(digit).ok().map(Intent::Digit);
        on_erase() => Some(Intent::Erase);
        on_preset(kroner: i32) => Some(Intent::Preset(kroner));
        on_open(room: ui::RoomKind) => Some(Intent::Open(kinds::tile_kind(room)));
        on_without_card() => Some(Intent::WithoutCard);
        on_with_password() => Some(Intent::WithPassword);
        on_forgot_password() => Some(Intent::ForgotPassword);
        on_allergies_page() => Some(Intent::Allergies);
        on_toggle_allergen(kind: ui::AllergenKind) => Some(Intent::Allergen(kinds::allergen_of(kind)));
        on_block_food(block: bool) => Some(Intent::BlockFood(block));
        on_clear_allergies() => Some(Intent::ClearAllergies);
        on_change_password_page() => Some(Intent::ChangePassword);
        on_change_picture_page() => Some(Intent::ChangePicture);
        on_block_card(id: SharedString) => CardId::parse(&id).ok().map(Intent::BlockCard);
        on_unblock_card(id: SharedString) => CardId::parse(&id).ok().map(Intent::UnblockCard);
        on_back() => Some(Intent::Back);
        on_leave() => Some(Intent::Leave);
        on_still_here() => Some(Intent::StillHere);
        on_account(place: i32) => usize::try_from(place).ok().map(Intent::Account);
        on_edit(field: ui::FieldKind, product: SharedString, text: SharedString) =>
            typed_field(field, &product).map(|field| typed(field, &text));
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
        on_print_order(id: SharedString) => OperationId::parse(&id).ok().map(Intent::PrintOrder);
        on_all_months() => Some(Intent::ChooseMonth);
        on_mail_statement_page() => Some(Intent::MailStatement);
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

/// One wish at a time; the rest stays as it is shown.
fn listen_for_looks(window: &ui::AppWindow, out: &Rc<dyn Fn(Intent)>, reader: &Rc<Reader>) {
    let api = window.global::<ui::Api>();
    let shown = |weak: &slint::Weak<ui::AppWindow>| {
        let window = weak.upgrade()?;
        let (api, tokens) = (window.global::<ui::Api>(), window.global::<ui::Tokens>());
        let size = api.get_sizes().iter().find(|row| row.chosen).map(|row| kinds::text_size(row.kind));
        Some(Looks {
            size: size.unwrap_or_default(),
            high_contrast: tokens.get_high_contrast(),
            glass: api.get_glass(),
            aloud: api.get_aloud(),
            volume: Level::new(api.get_volume()),
            pace: Level::new(api.get_pace()),
        })
    };
    let heard = Rc::clone(reader);
    api.on_interrupt(move || heard.interrupt());
    let (weak, told) = (window.as_weak(), Rc::clone(out));
    api.on_choose_size(move |kind| {
        if let Some(looks) = shown(&weak) {
            told(Intent::Look(Looks { size: kinds::text_size(kind), ..looks }));
        }
    });
    let (weak, told) = (window.as_weak(), Rc::clone(out));
    api.on_choose_contrast(move |high_contrast| {
        if let Some(looks) = shown(&weak) {
            told(Intent::Look(Looks { high_contrast, ..looks }));
        }
    });
    let (weak, told, reader) = (window.as_weak(), Rc::clone(out), Rc::clone(reader));
    api.on_read_again(move || {
        let (Some(looks), Some(window)) = (shown(&weak), weak.upgrade()) else { return };
        if looks.aloud {
            reader.again(&window);
        } else if window.global::<ui::Api>().get_has_voice() {
            told(Intent::Look(Looks { aloud: true, ..looks }));
        }
    });
    let (weak, told) = (window.as_weak(), Rc::clone(out));
    api.on_change_voice(move |louder, faster| {
        if let Some(looks) = shown(&weak)
            && weak.upgrade().is_some_and(|window| window.global::<ui::Api>().get_has_voice())
        {
            let volume = Level::new(i32::from(looks.volume.step()) + louder);
            let pace = Level::new(i32::from(looks.pace.step()) + faster);
            told(Intent::Look(Looks { volume, pace, ..looks }));
        }
    });
    let (weak, told) = (window.as_weak(), Rc::clone(out));
    api.on_choose_glass(move |glass| {
        if let Some(looks) = shown(&weak) {
            told(Intent::Look(Looks { glass, ..looks }));
        }
    });
    let (weak, told) = (window.as_weak(), Rc::clone(out));
    api.on_read_aloud(move |aloud| {
        if let Some(looks) = shown(&weak) {
            told(Intent::Look(Looks { aloud, ..looks }));
        }
    });
}

fn listen_for_glass(window: &ui::AppWindow, glass: &Rc<Reader>) {
    let (weak, glass) = (window.as_weak(), Rc::clone(glass));
    window.global::<ui::Api>().on_read_through_glass(move || {
        if let Some(window) = weak.upgrade() {
            glass.again(&window);
        }
    });
}

fn typed(field: Field, text: &str) -> Intent {
    match field {
        Field::Password | Field::CurrentPassword | Field::NewPassword | Field::PasswordAgain => {
            Intent::Type(field, text.into())
        }
        field => Intent::Edit(field, text.to_owned()),
    }
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
        ui::FieldKind::Password => Field::Password,
        ui::FieldKind::CurrentPassword => Field::CurrentPassword,
        ui::FieldKind::NewPassword => Field::NewPassword,
        ui::FieldKind::PasswordAgain => Field::PasswordAgain,
        ui::FieldKind::Comment => Field::Comment(ProductId::parse(product).ok()?),
    })
}
