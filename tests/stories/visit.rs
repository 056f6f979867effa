//! The guided visit on the real programs: every step is looked for on the screen, on the paper and in the books.

use anyhow::Result;
use madkort_tests::album::Album;
use madkort_tests::display::Size;
use madkort_tests::folders::target_dir;
use madkort_tests::rig::{Options, Rig, Stage};
use madkort_tests::visit;

fn whole_visit(name: &str, size: Size) -> Result<()> {
    let mut album = Album::begin(&target_dir().join("stories").join(name), false)?;
    let mut rig = Rig::start(Options { stage: Stage::Hidden, size })?;
    let played = visit::play(&mut rig, &mut album);
    album.finish("The guided visit", "As the story test saw it.")?;
    played
}

#[test]
fn from_tap_to_paper_on_the_upright_panel() -> Result<()> {
    whole_visit("upright", Size::PORTRAIT)
}

#[test]
fn from_tap_to_paper_on_the_wide_panel() -> Result<()> {
    whole_visit("wide", Size::LANDSCAPE)
}
