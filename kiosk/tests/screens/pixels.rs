//! Words, icons and edges of controls as they are painted: what is measured is the picture, whatever the tokens say.
//!
//! The ground is the commonest colour along a thing's upper and lower rim; its ink is the colour in it that stands out the most.
//! Asked is more than WCAG 2.2 asks: of large text as much as of small text, 4.5 to 1 (1.4.3). Of icons and edges, 3 to 1 (1.4.11).

use std::collections::BTreeMap;

use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery};
use kiosk_core::{Page, Screen};
use madkort_protocol::Language;

use crate::contrast::contrast;
use crate::fixtures::{self, PORTRAIT, Shot, Stage, open_stage, screen};
use crate::geometry::{Box2, seen};

/// Of words.
const WORDS: f64 = 4.5;
/// Of icons, and of an edge against one of its two sides.
const SHAPES: f64 = 3.0;
/// Controls that are known by their edge: the others are known by the words or the icon on them.
const EDGED: [&str; 6] = ["Field", "Chip", "Digit", "Cap", "Tile", "DayRow"];
/// Pixels to each side of an edge that belong to it or to what is beside it.
const ASIDE: f32 = 6.0;

/// The colour of one pixel.
type Colour = [u8; 3];

/// What of a page is too faint, as it is shown now.
pub fn too_faint(stage: &Stage, screen: &Screen, shot: &Shot) -> Vec<String> {
    let mut faint = Vec::new();
    let mut seen = seen(stage, (shot.width(), shot.height()), &mut Vec::new());
    if screen.warning.is_some() {
        // What is under the question is covered on purpose.
        let over = ElementQuery::from_root(stage.ui.window()).match_type_name("StillHere").find_first().unwrap();
        let asking: Vec<_> = over.query_descendants().find_all().iter().map(Box2::of).collect();
        for things in [&mut seen.texts, &mut seen.icons, &mut seen.controls] {
            things.retain(|thing| asking.iter().any(|own| own.what == thing.what && own.within(thing)));
        }
    }
    for (things, least) in [(&seen.texts, WORDS), (&seen.icons, SHAPES)] {
        for thing in things.iter().filter(|thing| !thing.cut) {
            if let Some(measured) = ink_on_ground(shot, thing).filter(|measured| *measured < least) {
                faint.push(format!("{} in {}: {measured:.2}", thing.what, around(thing, &seen.controls)));
            }
        }
    }
    let edged = |control: &&Box2| EDGED.iter().any(|name| control.what.split(' ').next() == Some(name));
    // Of one that is cut only the round corner may show, which has no straight edge to measure.
    for control in seen.controls.iter().filter(edged).filter(|control| control.enabled && !control.cut) {
        let measured = edge(shot, control);
        if measured < SHAPES {
            faint.push(format!("the edge of {}: {measured:.2}", control.what));
        }
    }
    faint
}

/// The same of what lies further down a page that is longer than the panel; left there.
pub fn too_faint_further_down(stage: &Stage, screen: &Screen) -> Vec<String> {
    let down = if screen.language == Language::Danish { "Ned" } else { "Down" };
    let leads = |key: &ElementHandle| {
        key.accessible_label().is_some_and(|label| label == down) && key.accessible_enabled() == Some(true)
    };
    let mut faint = Vec::new();
    while let Some(key) = stage.all(AccessibleRole::Button).into_iter().find(leads) {
        stage.tap(&key);
        faint.extend(too_faint(stage, screen, &stage.shot()));
    }
    faint
}

/// The control that something stands in, for the name of it.
fn around<'a>(thing: &Box2, controls: &'a [Box2]) -> &'a str {
    controls.iter().find(|control| thing.within(control)).map_or("the page", |control| &control.what)
}

/// How far the ink stands out from the ground; nothing of words that are none.
fn ink_on_ground(shot: &Shot, thing: &Box2) -> Option<f64> {
    let (across, down) =
        (pixels(thing.left, thing.right, shot.width()), pixels(thing.top, thing.bottom, shot.height()));
    let (first, last) = (down.clone().next()?, down.clone().last()?);
    let rim = across.clone().flat_map(|x| [colour(shot, x, first), colour(shot, x, last)]);
    let mut counted = BTreeMap::<Colour, usize>::new();
    rim.for_each(|colour| *counted.entry(colour).or_default() += 1);
    let (ground, _) = counted.into_iter().max_by_key(|(_, count)| *count)?;
    let all = down.flat_map(|y| across.clone().map(move |x| colour(shot, x, y)));
    let inks = all.filter(|ink| *ink != ground).map(|ink| contrast(ink, ground));
    inks.max_by(f64::total_cmp).or_else(|| (!thing.what.ends_with(" \"\"")).then_some(1.0))
}

/// How far the left edge of a control stands out from what is inside it or outside, whichever is further.
fn edge(shot: &Shot, control: &Box2) -> f64 {
    let half_way = f32::midpoint(control.top, control.bottom);
    let middle = pixels(half_way, half_way + 2.0, shot.height()).start;
    let line: Vec<Colour> =
        pixels(control.left - ASIDE, control.left + ASIDE, shot.width()).map(|x| colour(shot, x, middle)).collect();
    let ends = [line.first(), line.last()].into_iter().flatten();
    let measured = ends.flat_map(|end| line.iter().map(|ink| contrast(*ink, *end)));
    measured.max_by(f64::total_cmp).unwrap_or(1.0)
}

/// The whole pixels between two places.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn pixels(from: f32, to: f32, most: u32) -> std::ops::Range<u32> {
    let place = |at: f32| (at.max(0.0) as u32).min(most);
    place(from.ceil())..place(to.floor())
}

fn colour(shot: &Shot, x: u32, y: u32) -> Colour {
    let pixel = shot.as_slice()[(y * shot.width() + x) as usize];
    [pixel.r, pixel.g, pixel.b]
}

/// The same picture with a third of what it stands out by.
fn washed_out(shot: &Shot) -> Shot {
    let mut pale = shot.clone();
    for pixel in pale.make_mut_slice() {
        for channel in [&mut pixel.r, &mut pixel.g, &mut pixel.b] {
            *channel = u8::MAX - (u8::MAX - *channel) / 3;
        }
    }
    pale
}

#[test]
fn whatever_is_washed_out_is_named() {
    let stage = open_stage();
    let amount = screen(Language::Danish, Page::DepositAmount(fixtures::amount("100", None)));
    stage.show(&amount);
    let shot = stage.shot();
    assert_eq!(too_faint(&stage, &amount, &shot), Vec::<String>::new());
    let pale = too_faint(&stage, &amount, &washed_out(&shot));
    let seen = seen(&stage, PORTRAIT, &mut Vec::new());
    let whole = |things: &[Box2]| things.iter().filter(|thing| !thing.cut).count();
    let words = pale.iter().filter(|faint| faint.contains("Text") || faint.contains(" in ")).count();
    assert_eq!(words, whole(&seen.texts) + whole(&seen.icons), "{pale:#?}");
    for named in ["Digit \"5\"", "Button \"Næste\"", "Field \"E-mail\"", "the edge of Chip"] {
        assert!(pale.iter().any(|faint| faint.contains(named)), "{named} in {pale:#?}");
    }
}
