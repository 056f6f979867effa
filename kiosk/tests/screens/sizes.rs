//! How tall letters are on the panels we build for, and from how far they can be read.
//!
//! EN 301 549, 5.1.4: in one mode a capital H subtends at least 0.7 degrees at the distance the supplier states. Read are the tokens
//! themselves; that no words are cut off at these sizes is tested in `geometry.rs`.

use kiosk_core::TextSize;

/// The panels, by pixels on an inch: 7 inches with 720 by 1280, and 10.1 inches with 1280 by 800.
const PANELS: [(&str, f64); 2] = [("7 inches", 210.0), ("10.1 inches", 149.0)];
/// Of an em: 2048 of the 2816 units of Inter, which is what its OS/2 table says.
const CAPITAL: f64 = 2048.0 / 2816.0;
const MM_PER_INCH: f64 = 25.4;
const DEGREES: f64 = 0.7;
/// What that is at 60 cm, in millimetres.
const ONE_MODE: f64 = 7.3;

/// A size of type at 100 percent, in pixels.
fn token(name: &str) -> f64 {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/ui/tokens.slint")).unwrap();
    let line =
        text.lines().find_map(|line| line.trim().strip_prefix(&format!("out property <length> {name}: "))).unwrap();
    line.strip_suffix("px * text-scale;").unwrap().parse().unwrap()
}

/// How tall a capital H is, in millimetres.
fn capital(pixels: f64, size: TextSize, dots: f64) -> f64 {
    pixels * f64::from(size.percent()) / 100.0 * CAPITAL / dots * MM_PER_INCH
}

/// From how far it can be read, in millimetres.
fn distance(capital: f64) -> f64 {
    capital / DEGREES.to_radians().tan()
}

#[test]
fn the_stated_distance_holds_on_each_panel() {
    assert!((distance(7.3) - 597.0).abs() < 1.0, "7.3 mm at 60 cm");
    let body = token("body");
    let stated = PANELS.map(|(panel, dots)| {
        let largest = capital(body, TextSize::Largest, dots);
        format!("{panel}: {largest:.1} mm, {:.0} cm", (distance(largest) / 10.0).floor())
    });
    // These stand in the README: who changes a token changes them there as well.
    assert_eq!(stated, ["7 inches: 2.6 mm, 21 cm", "10.1 inches: 3.6 mm, 29 cm"]);
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    assert!(
        readme.contains("2.6 mm") && readme.contains("21 cm") && readme.contains("3.6 mm") && readme.contains("29 cm")
    );
}

/// The two values of a length that depends on how the panel stands: upright, and across.
fn both(name: &str) -> [f64; 2] {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/ui/tokens.slint")).unwrap();
    let begins = format!("out property <length> {name}: upright ? ");
    let line = text.lines().find_map(|line| line.trim().strip_prefix(&begins)).unwrap();
    let (upright, across) = line.trim_end_matches(';').split_once(" : ").unwrap();
    [upright, across].map(|length| length.strip_suffix("px").unwrap().parse().unwrap())
}

#[test]
fn under_the_glass_a_capital_is_read_from_sixty_centimetres_on_either_panel() {
    for ((panel, dots), pixels) in PANELS.into_iter().zip(both("glass")) {
        let tall = capital(pixels, TextSize::Normal, dots);
        assert!(tall >= ONE_MODE && distance(tall) >= 600.0, "{panel}: {tall:.2} mm");
    }
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    assert!(readme.contains("7.3 mm") && readme.contains("60 cm"));
}

#[test]
fn each_size_is_visibly_larger_than_the_one_before_and_no_words_are_small() {
    let sizes = TextSize::ALL.map(|size| capital(token("body"), size, PANELS[0].1));
    for pair in sizes.windows(2) {
        assert!(pair[1] / pair[0] > 1.1, "{sizes:?}");
    }
    let types = ["display", "title", "heading", "body", "small"].map(token);
    assert!(types.is_sorted_by(|large, small| large > small), "{types:?}");
    assert!(token("small") / token("body") > 0.8, "what is small is still read");
}
