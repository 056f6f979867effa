//! Nothing lies off the screen, under something else, or too small for a finger: every page, both panels, both languages, all
//! four sizes of type; under the reading glass in the smallest and the largest. The high-contrast theme changes colours and borders and
//! no place, which is tested once: so these combinations stand for twice as many.

use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery};
use kiosk_core::{Looks, Page, Screen, TextSize};
use madkort_protocol::Language;

use crate::fixtures::{self, LANDSCAPE, PORTRAIT, Stage, open_stage, samples};

/// The least side of whatever can be pressed, in pixels: fifteen millimetres. 720 × 1280 on 7 inches is 8.26 pixels a millimetre, upright;
/// 1280 × 800 on 10.1 inches 5.88, across.
const FIFTEEN_MM: [((u32, u32), f32); 2] = [(PORTRAIT, 123.9), (LANDSCAPE, 88.2)];
/// Half a pixel is rounding.
const ROUNDING: f32 = 0.75;

/// Panels that words must not stick out of.
const PANELS: [&str; 16] = [
    "Card", "Note", "Banner", "Balance", "Button", "Chip", "Tile", "Field", "Allergen", "Digit", "Cap", "Speak",
    "Tick", "Product", "Line", "Adjust",
];

/// Where something is, as far as it shows.
#[derive(Clone, Debug)]
pub struct Box2 {
    pub what: String,
    pub left: f32,
    pub top: f32,
    pub right: f32,
    pub bottom: f32,
    /// It can be used.
    pub enabled: bool,
    /// The edge of the part that scrolls goes through it.
    pub cut: bool,
}

impl Box2 {
    pub fn of(e: &ElementHandle) -> Self {
        let (at, size) = (e.absolute_position(), e.size());
        let what = format!("{} {:?}", e.type_name().unwrap_or_default(), e.accessible_label().unwrap_or_default());
        let enabled = e.accessible_enabled() != Some(false);
        let (right, bottom) = (at.x + size.width, at.y + size.height);
        Self { what, left: at.x, top: at.y, right, bottom, enabled, cut: false }
    }

    pub fn within(&self, other: &Self) -> bool {
        self.left >= other.left - ROUNDING
            && self.top >= other.top - ROUNDING
            && self.right <= other.right + ROUNDING
            && self.bottom <= other.bottom + ROUNDING
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right - ROUNDING
            && other.left < self.right - ROUNDING
            && self.top < other.bottom - ROUNDING
            && other.top < self.bottom - ROUNDING
    }

    fn clipped(&self, view: &Self) -> Self {
        let (top, bottom) = (self.top.max(view.top), self.bottom.min(view.bottom));
        let (left, right) = (self.left.max(view.left), self.right.min(view.right));
        let cut = top > self.top || bottom < self.bottom || left > self.left || right < self.right;
        Self { left, top, right, bottom, cut, ..self.clone() }
    }

    fn is_empty(&self) -> bool {
        self.right - self.left <= ROUNDING || self.bottom - self.top <= ROUNDING
    }
}

/// Parts of the screen that more lies in than they show: a page that is turned, the words under the glass, and those being typed.
const VIEWS: [&str; 3] = ["Sheet::flick", "Glass::pane", TYPING];
/// Where words follow the cursor, to any side.
const TYPING: &str = "Editor::box";
/// From the edge of that to its words.
const TYPING_INSET: f32 = 18.0;

/// One of them, and what lies in it.
struct View {
    edge: Box2,
    /// What lies in it begins at its top, and is no wider.
    pages: bool,
    within: Vec<Box2>,
}

impl View {
    fn of(e: &ElementHandle) -> Self {
        let kept = |e: &ElementHandle| is_control(e) || is_any_of(e, &["Text", "Icon"]);
        let within = e.query_descendants().find_all().iter().filter(|e| kept(e)).map(Box2::of).collect();
        Self { edge: Box2::of(e), pages: e.id().is_none_or(|id| id != TYPING), within }
    }

    fn holds(&self, part: &Box2) -> bool {
        let same =
            |s: &Box2| s.left == part.left && s.top == part.top && s.bottom == part.bottom && s.what == part.what;
        self.within.iter().any(same)
    }
}

/// What is seen at once: the parts of the page that stand, and those inside the part that scrolls, cut to what shows.
pub struct Seen {
    pub controls: Vec<Box2>,
    pub texts: Vec<Box2>,
    pub icons: Vec<Box2>,
    panels: Vec<ElementHandle>,
}

/// Fifteen millimetres on the panel that stands or lies as this one.
fn fifteen_mm((width, height): (u32, u32)) -> f32 {
    FIFTEEN_MM[usize::from(width > height)].1
}

fn is_control(e: &ElementHandle) -> bool {
    let roles = [AccessibleRole::Button, AccessibleRole::Checkbox, AccessibleRole::TextInput];
    e.accessible_role().is_some_and(|role| roles.contains(&role))
}

/// Whether it is one of these, or built on one.
fn is_any_of(e: &ElementHandle, names: &[&str]) -> bool {
    e.type_name().into_iter().chain(e.bases().into_iter().flatten()).any(|name| names.contains(&name.as_str()))
}

pub fn seen(stage: &Stage, size: (u32, u32), faults: &mut Vec<String>) -> Seen {
    #[allow(clippy::cast_precision_loss)]
    let (width, height) = (size.0 as f32, size.1 as f32);
    let what = "window".to_owned();
    let window = Box2 { what, left: 0.0, top: 0.0, right: width, bottom: height, enabled: true, cut: false };
    let (mut controls, mut texts, mut icons, mut panels, mut views) = (vec![], vec![], vec![], vec![], vec![]);
    let finger = fifteen_mm(size);
    // One walk through the tree: it is what this test takes its time for.
    for e in ElementQuery::from_root(stage.ui.window()).find_all() {
        if e.id().is_some_and(|id| VIEWS.contains(&id.as_str())) {
            views.push(e.clone());
        }
        if is_any_of(&e, &["Text"]) {
            texts.push(Box2::of(&e));
            continue;
        }
        if is_any_of(&e, &["Icon"]) {
            icons.push(Box2::of(&e));
        }
        if is_control(&e) {
            let size = e.size();
            if size.height < finger || size.width < finger {
                faults.push(format!("too small for a finger: {:?}", Box2::of(&e)));
            }
            controls.push(Box2::of(&e));
        }
        if is_any_of(&e, &PANELS) {
            panels.push(e);
        }
    }
    let views: Vec<View> = views.iter().map(View::of).collect();
    let mut see = |all: Vec<Box2>| -> Vec<Box2> {
        let mut kept = Vec::new();
        for part in all.into_iter().filter(|p| !p.is_empty()) {
            let Some(View { edge, pages, .. }) = views.iter().find(|view| view.holds(&part)) else {
                if !part.within(&window) {
                    faults.push(format!("off the screen: {part:?}"));
                }
                kept.push(part);
                continue;
            };
            let outside = part.left < edge.left - ROUNDING || part.right > edge.right + ROUNDING;
            if *pages && (outside || part.top < edge.top - ROUNDING) {
                faults.push(format!("off the page: {part:?}"));
            }
            let shown = part.clipped(edge);
            if !shown.is_empty() {
                kept.push(shown);
            }
        }
        kept
    };
    Seen { controls: see(controls), texts: see(texts), icons: see(icons), panels }
}

fn check(stage: &Stage, screen: &Screen, size: (u32, u32)) -> Vec<String> {
    let mut faults = Vec::new();
    let seen = seen(stage, size, &mut faults);
    // Over a page lies a question; what is under it is covered on purpose.
    if screen.warning.is_none() {
        for (place, a) in seen.controls.iter().enumerate() {
            for b in &seen.controls[place + 1..] {
                if a.overlaps(b) {
                    faults.push(format!("one on the other: {a:?} {b:?}"));
                }
            }
            for text in &seen.texts {
                if a.overlaps(text) && !text.within(a) {
                    faults.push(format!("words across an edge: {text:?} {a:?}"));
                }
            }
        }
        for (place, a) in seen.texts.iter().enumerate() {
            faults.extend(
                seen.texts[place + 1..]
                    .iter()
                    .filter(|b| a.overlaps(b))
                    .map(|b| format!("words on words: {a:?} {b:?}")),
            );
        }
    }
    for panel in seen.panels {
        let edge = Box2::of(&panel);
        let words = panel.query_descendants().match_inherits("Text").find_all();
        let out = words.iter().map(Box2::of).filter(|w| !w.is_empty() && !w.within(&edge));
        faults.extend(out.map(|w| format!("words out of {edge:?}: {w:?}")));
    }
    faults
}

/// Fields that are typed into, by page and by what they are called in both languages: an address, words of more than one line, a secret
/// with a long name, and one whose name is a dish's.
const TYPED: [(&str, [&str; 2]); 4] = [
    ("support", ["E-mail", "E-mail"]),
    ("support", ["Besked", "Message"]),
    ("change-password", ["Din adgangskode nu, eller koden på kortet", "Your password now, or the code on the card"]),
    ("checkout", ["Kommentar til Lasagne med rugbrødsdrys", "Comment on Lasagne with rye crumble"]),
];

/// What is wrong with the keyboard while something is typed into that field, on each of its pages.
fn keyboards(stage: &Stage, screen: &Screen, [danish, english]: [&'static str; 2], size: (u32, u32)) -> Vec<String> {
    let say = |da: &'static str, en: &'static str| if screen.language == Language::Danish { da } else { en };
    stage.turn_to(AccessibleRole::TextInput, say(danish, english));
    stage.tap(&stage.find(AccessibleRole::TextInput, say(danish, english)));
    let mut wrong = check(stage, screen, size);
    wrong.extend(typed_in_a_corner(stage, size));
    let turns = [say("Store bogstaver", "Capital letters"), say("Tal og tegn", "Digits and signs")];
    for turn in turns {
        let keys = stage.all(AccessibleRole::Button);
        // The keyboard of the wide panel has all its digits on one page.
        if let Some(key) = keys.iter().find(|key| key.accessible_label().is_some_and(|label| label == turn)) {
            stage.tap(key);
            wrong.extend(check(stage, screen, size).into_iter().map(|fault| format!("{turn}: {fault}")));
        }
    }
    stage.tap(&stage.button(say("Færdig", "Done")));
    wrong
}

/// Whether less than half of the width is for what is typed, or words are out of sight to the left that there is room for.
fn typed_in_a_corner(stage: &Stage, (width, _): (u32, u32)) -> Option<String> {
    let part = |id: &str| Some(Box2::of(&ElementQuery::from_root(stage.ui.window()).match_id(id).find_first()?));
    let (room, words) = (part(TYPING)?, part("Editor::input")?);
    #[allow(clippy::cast_precision_loss)]
    let narrow = 2.0 * (room.right - room.left) < width as f32;
    let shifted = words.left < room.left && words.right < room.right - TYPING_INSET - ROUNDING;
    (narrow || shifted).then(|| format!("typed in a corner: {words:?} in {room:?}"))
}

fn plain(size: TextSize) -> Looks {
    Looks { size, ..Looks::PLAIN }
}

fn glass(size: TextSize) -> Looks {
    Looks { glass: true, ..plain(size) }
}

/// Lines of nothing by which the glass knows how tall one is.
const RULED: f32 = 10.0;
/// What rounding makes of it on the longest page, in lines.
const ABOUT: f32 = 0.25;

/// What is cut off under the glass: it shows three whole lines, and no line is wider than it.
fn cut_by_the_glass(stage: &Stage) -> Option<String> {
    let part = |id: &str| ElementQuery::from_root(stage.ui.window()).match_id(id).find_first();
    let (words, line) = (part("Glass::words")?.size(), part("Glass::ruler")?.size().height / RULED);
    let pane = part("Glass::pane")?.size();
    let lines = words.height / line;
    let whole = (lines - lines.round()).abs() < ABOUT && (pane.height / line - 3.0).abs() < ABOUT;
    (!whole || words.width > pane.width).then(|| format!("under the glass: {words:?} in {pane:?}, lines of {line}"))
}

fn every_page_fits(size: (u32, u32), looks: Looks, language: Language) {
    let stage = open_stage();
    stage.ui.set_voice(Box::new(fixtures::Quiet), true);
    stage.resize(size);
    stage.choose(looks);
    let text = looks.size;
    let mut wrong = Vec::new();
    let mut kinds = Vec::new();
    for (name, screen) in samples(language) {
        // Between the smallest type and the largest nothing is longer than at the largest; what can differ is where words wrap, and
        // for that one page of each kind is enough.
        let kind = (std::mem::discriminant(&screen.page), screen.adjusting, screen.warning.is_some());
        let known = kinds.contains(&kind);
        kinds.push(kind);
        if known && !matches!(text, TextSize::Normal | TextSize::Largest) && !name.ends_with("-long") {
            continue;
        }
        // Another page of the same kind stays where it was turned to.
        stage.show(&Screen { page: Page::Starting, warning: None, adjusting: false, ..screen.clone() });
        stage.show(&screen);
        wrong.extend(check(&stage, &screen, size).into_iter().map(|fault| format!("{name}: {fault}")));
        assert_eq!(stage.has("Glass::words"), looks.glass, "{name}");
        wrong.extend(cut_by_the_glass(&stage).map(|fault| format!("{name}: {fault}")));
        for (_, field) in TYPED.into_iter().filter(|(page, _)| *page == name) {
            for what in keyboards(&stage, &screen, field, size) {
                wrong.push(format!("{name}, {}: {what}", field[0]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} faults at {size:?}, {looks:?}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_is_wrong_is_said_where_it_is_seen_at_once() {
    let stage = open_stage();
    for (panel, size) in
        [PORTRAIT, LANDSCAPE].map(|panel| [(panel, TextSize::Normal), (panel, TextSize::Largest)]).concat()
    {
        stage.resize(panel);
        stage.choose(plain(size));
        let wrong = samples(Language::Danish).into_iter().filter(|(_, screen)| {
            !matches!(screen.page, Page::Number(_)) && format!("{:?}", screen.page).contains("problem: Some(")
        });
        let mut found = 0;
        for (name, screen) in wrong {
            stage.show(&Screen { page: Page::Starting, ..screen.clone() });
            stage.show(&screen);
            let seen = seen(&stage, panel, &mut Vec::new());
            let troubles = ElementQuery::from_root(stage.ui.window()).match_inherits("Trouble").find_all();
            let said = troubles.iter().flat_map(|said| said.query_descendants().match_inherits("Text").find_all());
            let said: Vec<_> = said.map(|text| Box2::of(&text)).collect();
            let whole = |text: &Box2| seen.texts.iter().any(|seen| seen.within(text) && text.within(seen) && !seen.cut);
            assert!(!said.is_empty() && said.iter().all(whole), "{name}, {panel:?}, {size:?}: {said:?}");
            found += 1;
        }
        assert!(found > 30, "{found} pages with something wrong are found");
    }
}

/// Where everything is.
fn places(stage: &Stage) -> Vec<(String, f32, f32, f32, f32)> {
    let all = ElementQuery::from_root(stage.ui.window()).find_all();
    all.iter().map(Box2::of).map(|b| (b.what, b.left, b.top, b.right, b.bottom)).collect()
}

#[test]
fn high_contrast_moves_nothing() {
    let stage = open_stage();
    let looks = |high_contrast| Looks { size: TextSize::Largest, high_contrast, ..Looks::PLAIN };
    let mut pages = Vec::new();
    for (name, screen) in samples(Language::Danish) {
        // One of each kind of page: what differs within one is words.
        let kind = std::mem::discriminant(&screen.page);
        if pages.contains(&kind) {
            continue;
        }
        pages.push(kind);
        stage.choose(looks(false));
        stage.show(&screen);
        let calm = places(&stage);
        stage.choose(looks(true));
        stage.show(&screen);
        assert_eq!(places(&stage), calm, "{name}");
    }
}

#[test]
fn whatever_can_be_pressed_is_fifteen_millimetres_tall_and_wide() {
    let stage = open_stage();
    stage.ui.set_voice(Box::new(fixtures::Quiet), true);
    for (size, fifteen) in FIFTEEN_MM {
        stage.resize(size);
        let mut found = 0;
        for (name, screen) in samples(Language::Danish) {
            stage.show(&screen);
            for control in ElementQuery::from_root(stage.ui.window()).match_predicate(is_control).find_all() {
                let least = control.size().height.min(control.size().width);
                assert!(least >= fifteen, "{name}: {:?}", Box2::of(&control));
                found += 1;
            }
        }
        assert!(found > 1000, "{found} controls are found");
    }
}

macro_rules! every_page_fits {
    ($($name:ident: $panel:ident, $looks:ident($size:ident), $language:ident;)+) => {$(
        #[test]
        fn $name() {
            every_page_fits($panel, $looks(TextSize::$size), Language::$language);
        }
    )+};
}

every_page_fits! {
    in_portrait_in_danish: PORTRAIT, plain(Normal), Danish;
    in_portrait_in_english: PORTRAIT, plain(Normal), English;
    in_portrait_in_large_danish: PORTRAIT, plain(Large), Danish;
    in_portrait_in_large_english: PORTRAIT, plain(Large), English;
    in_portrait_in_larger_danish: PORTRAIT, plain(Larger), Danish;
    in_portrait_in_larger_english: PORTRAIT, plain(Larger), English;
    in_portrait_in_largest_danish: PORTRAIT, plain(Largest), Danish;
    in_portrait_in_largest_english: PORTRAIT, plain(Largest), English;
    in_landscape_in_danish: LANDSCAPE, plain(Normal), Danish;
    in_landscape_in_english: LANDSCAPE, plain(Normal), English;
    in_landscape_in_large_danish: LANDSCAPE, plain(Large), Danish;
    in_landscape_in_large_english: LANDSCAPE, plain(Large), English;
    in_landscape_in_larger_danish: LANDSCAPE, plain(Larger), Danish;
    in_landscape_in_larger_english: LANDSCAPE, plain(Larger), English;
    in_landscape_in_largest_danish: LANDSCAPE, plain(Largest), Danish;
    in_landscape_in_largest_english: LANDSCAPE, plain(Largest), English;
    in_portrait_in_danish_under_the_glass: PORTRAIT, glass(Normal), Danish;
    in_portrait_in_english_under_the_glass: PORTRAIT, glass(Normal), English;
    in_portrait_in_largest_danish_under_the_glass: PORTRAIT, glass(Largest), Danish;
    in_portrait_in_largest_english_under_the_glass: PORTRAIT, glass(Largest), English;
    in_landscape_in_danish_under_the_glass: LANDSCAPE, glass(Normal), Danish;
    in_landscape_in_english_under_the_glass: LANDSCAPE, glass(Normal), English;
    in_landscape_in_largest_danish_under_the_glass: LANDSCAPE, glass(Largest), Danish;
    in_landscape_in_largest_english_under_the_glass: LANDSCAPE, glass(Largest), English;
}
