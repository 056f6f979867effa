//! Pictures of every page in both languages and both orientations, to be looked at: `cargo test -p kiosk --test gallery`, then
//! open `target/gallery/`. `GALLERY=home` paints only the pages whose name begins so.

#![allow(clippy::unwrap_used)]

mod fixtures;

use fixtures::{LANDSCAPE, PORTRAIT, open_stage, picture, samples};
use madkort_protocol::Language;

#[test]
fn every_page_is_painted() {
    let only = std::env::var("GALLERY").unwrap_or_default();
    let stage = open_stage();
    let mut painted = 0;
    for scale in [1.0, 1.4] {
        stage.text_scale(scale);
        for (size, across) in [(PORTRAIT, "portrait"), (LANDSCAPE, "landscape")] {
            stage.resize(size);
            for language in [Language::Danish, Language::English] {
                for (name, screen) in samples(language) {
                    if !name.starts_with(&only) {
                        continue;
                    }
                    stage.show(&screen);
                    let size = if scale > 1.0 { "-large" } else { "" };
                    picture(&stage, &format!("{name}-{across}-{}{size}", language.tag()));
                    painted += 1;
                }
            }
        }
    }
    assert!(painted > 0, "no page is called {only}…");
}
