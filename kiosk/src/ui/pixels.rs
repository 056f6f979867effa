//! Icons and drawings as pixels: each is drawn once in each size it is shown in, and copied from then on.
//!
//! Slint's software renderer draws an SVG anew wherever a frame touches it, which costs more than everything else on a page full of
//! pictures. **Invariant:** what is shown is what the SVG would be: of the same size in the panel's own pixels, or the SVG itself.

use std::cell::RefCell;
use std::collections::HashMap;

use i_slint_core::graphics::{ImageCacheKey, ImageInner, IntSize, SharedImageBuffer};
use slint::{ComponentHandle, Image};

use super::screens as ui;

/// The largest side that is kept, in pixels: the drawing on the page of something done, on a panel of twice the density.
const LARGEST: f32 = 400.0;

/// Has the pictures of this window drawn once.
pub(super) fn keep(window: &ui::AppWindow) {
    let kept: RefCell<HashMap<(ImageCacheKey, u32), Image>> = RefCell::default();
    let weak = window.as_weak();
    window.global::<ui::Pixels>().on_of(move |picture, size| {
        let scale = weak.upgrade().map_or(1.0, |window| window.window().scale_factor());
        let Some(side) = whole(size, scale) else { return picture };
        let inner = <&ImageInner>::from(&picture);
        let Some(name) = ImageCacheKey::new(inner) else { return picture };
        if let Some(drawn) = kept.borrow().get(&(name.clone(), side)) {
            return drawn.clone();
        }
        let drawn = match inner.render_to_buffer(Some(IntSize::new(side, side).cast_unit())) {
            Some(SharedImageBuffer::RGBA8Premultiplied(pixels)) => Image::from_rgba8_premultiplied(pixels),
            _ => return picture,
        };
        kept.borrow_mut().insert((name, side), drawn.clone());
        drawn
    });
}

/// The side in the panel's pixels, if that is a whole number of them: else it would be copied askew.
#[allow(clippy::float_arithmetic, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole(size: f32, scale: f32) -> Option<u32> {
    let pixels = size * scale;
    (pixels.fract() == 0.0 && (1.0..=LARGEST).contains(&pixels)).then_some(pixels as u32)
}
