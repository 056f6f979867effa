//! Pictures of the pages, to be looked at: `cargo test -p kiosk --test gallery`, then open `target/gallery/`.
//!
//! Painted are the pages of [`SHOWN`]; `GALLERY=menu` paints every sample whose name begins so, `GALLERY=` all of them.

#![allow(clippy::unwrap_used)]

mod fixtures;

use fixtures::{LANDSCAPE, PORTRAIT, open_stage, picture, samples};
use i_slint_backend_testing::AccessibleRole;
use madkort_protocol::Language;

/// One of each kind.
const SHOWN: [&str; 41] = [
    "starting",
    "out-of-service-NoReader",
    "out-of-service-OfflineTooLong",
    "idle",
    "idle-Refused(Phone)",
    "idle-faults",
    "code-wrong",
    "code-inside",
    "number",
    "number-Mistyped",
    "accounts",
    "block-card-here",
    "home",
    "home-parent",
    "home-long",
    "amount-filled",
    "amount-Terms",
    "terms",
    "pay-Waiting",
    "pay-Declined",
    "paid-Printed",
    "menu",
    "menu-basket",
    "menu-scarce",
    "days",
    "allergy",
    "allergy-blocked",
    "checkout",
    "ordered-offline",
    "profile",
    "profile-first",
    "statement",
    "support",
    "filed-Printed",
    "withdraw",
    "withdrawing",
    "transfer",
    "auto-CardGone",
    "auto-begin",
    "orders",
    "warning",
];

#[test]
fn every_page_is_painted() {
    let only = std::env::var("GALLERY").ok();
    let chosen = |name: &str| only.as_ref().map_or_else(|| SHOWN.contains(&name), |only| name.starts_with(only));
    let stage = open_stage();
    let mut painted = 0;
    for (scale, large) in [(1.0, ""), (1.4, "-large")] {
        stage.text_scale(scale);
        for (size, across) in [(PORTRAIT, "portrait"), (LANDSCAPE, "landscape")] {
            stage.resize(size);
            for language in [Language::Danish, Language::English] {
                // English once, and no larger: what differs is the length of the words, and that is measured elsewhere.
                if only.is_none() && language == Language::English && (scale > 1.0 || size == LANDSCAPE) {
                    continue;
                }
                for (name, screen) in samples(language).into_iter().filter(|(name, _)| chosen(name)) {
                    stage.show(&screen);
                    picture(&stage, &format!("{name}-{across}-{}{large}", language.tag()));
                    painted += 1;
                    if name == "support" {
                        stage.tap(&stage.all(AccessibleRole::TextInput)[1]);
                        picture(&stage, &format!("keyboard-{across}-{}{large}", language.tag()));
                    }
                }
            }
        }
    }
    assert!(painted > 0, "no page is called so");
}
