//! The words of the screen: every one of them in Danish, every character of them in the bundled fonts, none of them in Rust.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn slint_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![here().join("ui")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "slint") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(found.len() > 10);
    found
}

/// A context, a message, and its plural.
type Message = (String, String, String);

/// The string literals of a text, with where each ends.
fn literals(text: &str) -> Vec<(String, usize, usize)> {
    let (mut found, mut chars) = (Vec::new(), text.char_indices());
    while let Some((start, c)) = chars.next() {
        if c != '"' {
            continue;
        }
        let mut literal = String::new();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    found.push((literal, start, at + 1));
                    break;
                }
                '\\' => literal.extend(chars.next().map(|(_, c)| c)),
                c => literal.push(c),
            }
        }
    }
    found
}

/// What `@tr("context" => "one" | "many" % n)` asks the catalogue for.
fn messages(text: &str) -> BTreeSet<Message> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("@tr(") {
        let rest = &text[at..];
        let literals = literals(rest);
        let after = |n: usize| {
            let (_, _, end) = literals[n];
            rest[end..].trim_start()
        };
        let (context, one) = if after(0).starts_with("=>") { (literals[0].0.clone(), 1) } else { (String::new(), 0) };
        let many = if after(one).starts_with('|') { literals[one + 1].0.clone() } else { String::new() };
        found.insert((context, literals[one].0.clone(), many));
    }
    found
}

/// The entries of the catalogue with their translations.
fn catalogue() -> Vec<(Message, Vec<String>)> {
    let text = std::fs::read_to_string(here().join("lang/da/LC_MESSAGES/kiosk.po")).unwrap();
    let mut found = Vec::new();
    for entry in text.split("\n\n").skip(1) {
        let (mut message, mut words) = (Message::default(), Vec::new());
        for line in entry.lines().filter(|l| !l.starts_with('#') && !l.is_empty()) {
            let (key, rest) = line.split_once(' ').unwrap();
            let value = literals(rest).remove(0).0;
            match key {
                "msgctxt" => message.0 = value,
                "msgid" => message.1 = value,
                "msgid_plural" => message.2 = value,
                key if key.starts_with("msgstr") => words.push(value),
                key => panic!("{key}"),
            }
        }
        found.push((message, words));
    }
    found
}

fn placeholders(text: &str) -> BTreeSet<String> {
    text.match_indices('{').map(|(at, _)| text[at..].split_inclusive('}').next().unwrap().to_owned()).collect()
}

#[test]
fn every_message_is_translated_and_none_is_left_over() {
    let asked: BTreeSet<Message> =
        slint_files().iter().flat_map(|f| messages(&std::fs::read_to_string(f).unwrap())).collect();
    let catalogue = catalogue();
    let translated: BTreeSet<Message> = catalogue.iter().map(|(m, _)| m.clone()).collect();
    assert!(asked.len() > 200);
    assert_eq!(asked.difference(&translated).collect::<Vec<_>>(), Vec::<&Message>::new(), "not in the catalogue");
    assert_eq!(translated.difference(&asked).collect::<Vec<_>>(), Vec::<&Message>::new(), "no longer asked for");
    for (message, words) in &catalogue {
        assert_eq!(words.len(), if message.2.is_empty() { 1 } else { 2 }, "{message:?}");
        for word in words {
            assert!(!word.trim().is_empty(), "{message:?}");
            assert_eq!(placeholders(word), placeholders(&message.1), "{message:?}");
        }
    }
}

#[test]
fn every_character_is_in_every_font() {
    let mut used: BTreeSet<char> = catalogue().iter().flat_map(|(_, w)| w.iter().flat_map(|w| w.chars())).collect();
    for file in slint_files() {
        let text = std::fs::read_to_string(file).unwrap();
        let code: String = text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        used.extend(literals(&code).iter().flat_map(|(l, ..)| l.chars()));
    }
    // What names, dishes and amounts are written with.
    used.extend(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZÆØÅÉÖÄÜabcdefghijklmnopqrstuvwxyzæøåéöäüßñçèë0123456789.,:;-–—'’\"()/&%+*½¼¾ "
            .chars(),
    );
    for font in ["Inter-Regular", "Inter-SemiBold", "InterDisplay-SemiBold"] {
        let data = std::fs::read(here().join(format!("ui/fonts/{font}.otf"))).unwrap();
        let face = ttf_parser::Face::parse(&data, 0).unwrap();
        let missing: Vec<char> = used.iter().copied().filter(|c| face.glyph_index(*c).is_none()).collect();
        assert_eq!(missing, Vec::<char>::new(), "{font}");
    }
}

#[test]
fn pages_take_their_colours_from_the_tokens_and_cut_no_words() {
    for file in slint_files() {
        if file.ends_with("tokens.slint") {
            continue;
        }
        for (number, line) in std::fs::read_to_string(&file).unwrap().lines().enumerate() {
            // What is no colour: nothing at all, and the sign on a key of the keyboard.
            let line = line.replace("#00000000", "").replace("\"#\"", "");
            assert!(!line.contains('#'), "{}:{}: a colour of its own", file.display(), number + 1);
            assert!(!line.contains("elide"), "{}:{}: words cut off", file.display(), number + 1);
        }
    }
}

#[test]
fn no_words_in_the_binding() {
    let of = |folder: &str| std::fs::read_dir(here().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    for path in of("src/ui").chain(of("src/ui/pages")).filter(|path| path.is_file()) {
        let text = std::fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for line in code.lines().filter(|l| !l.trim_start().starts_with("//") && !l.contains("tracing::")) {
            for (literal, ..) in literals(line) {
                assert!(!literal.contains(' '), "{line}");
            }
        }
    }
}
