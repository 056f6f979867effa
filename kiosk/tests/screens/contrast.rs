//! Colours that can be told apart: every pair of the tokens that meets on a page, in both themes.
//!
//! WCAG 2.2: text 4.5 to 1 (1.4.3), large text, icons, edges of controls and the mark of focus 3 to 1 (1.4.3, 1.4.11). Read are the
//! tokens themselves; that pages use no other colours is tested in `words.rs`, and what comes of them on the screen in `pixels.rs`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Words, with the grounds they stand on.
const WORDS: [(&str, &[&str]); 7] = [
    ("ink", &["canvas", "surface", "sunk", "brand-soft", "brand-soft-pressed", "amber-soft"]),
    ("ink-soft", &["canvas", "surface", "sunk", "brand-soft", "brand-soft-pressed", "amber-soft"]),
    ("brand", &["canvas", "surface", "sunk", "brand-soft", "brand-soft-pressed", "amber-soft"]),
    ("amber-ink", &["amber-soft"]),
    // What is closed says why, and is read: no less than other words.
    ("ghost", &["canvas", "surface", "sunk", "brand-soft"]),
    ("on-brand", &["brand", "brand-pressed"]),
    ("on-brand-soft", &["brand", "brand-pressed"]),
];
/// Edges of controls, icons and the mark of focus, with the grounds around them.
const EDGES: [(&str, &[&str]); 4] = [
    ("edge", &["canvas", "surface", "sunk"]),
    ("brand", &["canvas", "surface", "sunk", "brand-soft", "amber-soft"]),
    ("amber-ink", &["canvas", "surface", "amber-soft"]),
    ("focus", &["canvas", "surface", "sunk", "brand-soft", "brand-soft-pressed", "amber-soft"]),
];

/// The colours of one theme, by name.
fn theme(high_contrast: bool) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/ui/tokens.slint")).unwrap();
    let colours = text.lines().filter_map(|line| line.trim().strip_prefix("out property <color> "));
    let named = colours.map(|line| {
        let (name, value) = line.trim_end_matches(';').split_once(": ").unwrap();
        let value = match value.strip_prefix("high-contrast ? ").and_then(|both| both.split_once(" : ")) {
            Some((high, _)) if high_contrast => high,
            Some((_, calm)) => calm,
            None => value,
        };
        assert!(value.starts_with('#') && matches!(value.len(), 7 | 9), "{line}");
        (name.to_owned(), value.to_owned())
    });
    let theme: BTreeMap<_, _> = named.collect();
    assert!(theme.len() > 15);
    theme
}

/// Relative luminance, as WCAG 2.2 defines it.
fn luminance([red, green, blue]: [u8; 3]) -> f64 {
    static LINEAR: LazyLock<[f64; 256]> = LazyLock::new(|| {
        std::array::from_fn(|value| {
            let value = f64::from(u8::try_from(value).unwrap()) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        })
    });
    let [red, green, blue] = [red, green, blue].map(|channel| LINEAR[usize::from(channel)]);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// How far two colours are apart, as WCAG 2.2 defines it: 1 to 21.
pub fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (a, b) = (luminance(one), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Red, green and blue of `#rrggbb`.
fn rgb(colour: &str) -> [u8; 3] {
    [1, 3, 5].map(|at| u8::from_str_radix(&colour[at..at + 2], 16).unwrap())
}

fn below(theme: &BTreeMap<String, String>, pairs: &[(&str, &[&str])], least: f64) -> Vec<String> {
    let pairs = pairs.iter().flat_map(|(colour, grounds)| grounds.iter().map(move |ground| (*colour, *ground)));
    let measured = pairs.map(|(colour, ground)| (colour, ground, contrast(rgb(&theme[colour]), rgb(&theme[ground]))));
    measured.filter(|(.., ratio)| *ratio < least).map(|(c, g, ratio)| format!("{c} on {g}: {ratio:.2}")).collect()
}

#[test]
fn the_formula_is_that_of_wcag() {
    assert!((contrast(rgb("#000000"), rgb("#ffffff")) - 21.0).abs() < 0.01);
    // The grey that is the lightest one allowed on white, known from its understanding document.
    assert!((contrast(rgb("#767676"), rgb("#ffffff")) - 4.54).abs() < 0.01);
}

#[test]
fn words_and_edges_stand_out_in_both_themes() {
    for high_contrast in [false, true] {
        let theme = theme(high_contrast);
        // With high contrast words are held to 1.4.6.
        let words = if high_contrast { 7.0 } else { 4.5 };
        assert_eq!(below(&theme, &WORDS, words), Vec::<String>::new(), "words, high contrast: {high_contrast}");
        assert_eq!(below(&theme, &EDGES, 3.0), Vec::<String>::new(), "edges, high contrast: {high_contrast}");
    }
}

#[test]
fn no_red_anywhere() {
    for high_contrast in [false, true] {
        for (name, colour) in theme(high_contrast) {
            let [red, green, blue] = rgb(&colour).map(i32::from);
            // The line behind must not see from a colour how an account stands.
            assert!(red <= green.max(blue) * 3 / 2, "{name} {colour}");
        }
    }
}
