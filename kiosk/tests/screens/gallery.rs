//! Pictures of the pages, to be looked at: `make gallery`, then open `target/gallery/index.html`.
//!
//! Painted are the pages of [`SHOWN`]; `GALLERY=menu` paints every sample whose name begins so, `GALLERY=` all of them. Without it,
//! as in `make test`, each page is painted on both panels in both themes; `make gallery` paints it in both languages, in normal and
//! largest type and in high contrast. Every picture is measured: nothing in it is too faint to be made out (`pixels.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use i_slint_backend_testing::AccessibleRole;
use kiosk_core::{Fault, Looks, Page, Screen, TextSize, Weight};
use madkort_protocol::Language;

use crate::fixtures::{self, LANDSCAPE, PORTRAIT, gallery, open_stage, picture, samples};
use crate::pixels::{too_faint, too_faint_further_down};

/// One of each kind, and of every fault that stops the kiosk: tests say if one is missing.
const SHOWN: &[&str] = &[
    "starting",
    "out-of-service-Disk",
    "out-of-service-NotEnrolled",
    "out-of-service-WrongVersion",
    "out-of-service-OfflineTooLong",
    "out-of-service-ReaderService",
    "out-of-service-NoReader",
    "out-of-service-ReaderFault",
    "idle",
    "idle-Refused(Phone)",
    "idle-faults",
    "code-wrong",
    "code-inside",
    "code-blocked",
    "code-too-often-minutes",
    "password-wrong",
    "forgotten",
    "forgotten-asked",
    "change-password",
    "number",
    "number-Mistyped",
    "accounts",
    "block-card-here",
    "home",
    "home-parent",
    "home-long",
    "amount-filled",
    "amount-Terms",
    "amount-TooOften",
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
    "profile-picture",
    "profile-cpr",
    "change-picture-Waiting",
    "allergies",
    "statement",
    "months",
    "mail-statement",
    "support",
    "filed-Printed",
    "withdraw",
    "withdrawing",
    "withdrawing-unsure-too-often",
    "withdrawn",
    "transfer",
    "transferred",
    "auto-CardGone",
    "auto-begin",
    "auto-stop",
    "orders",
    "orders-Printed",
    "warning",
    "looks-inside",
];

const NORMAL: Looks = Looks::PLAIN;
const LARGE: Looks = Looks { size: TextSize::Largest, ..NORMAL };
const CONTRAST: Looks = Looks { high_contrast: true, ..NORMAL };
const GLASS: Looks = Looks { glass: true, ..NORMAL };
/// Pages that are also painted under the reading glass: short and long ones, one with a code on it, one with a question over it.
const GLASSED: [&str; 7] = ["idle", "code-wrong", "home", "menu-basket", "pay-Waiting", "warning", "looks-inside"];

/// One way to look at every page: how it looks, on which panel, in which language, and what the picture is called after the page.
type View = (Looks, (u32, u32), Language, String);

fn views(whole: bool) -> Vec<View> {
    let mut all = Vec::new();
    for (looks, look) in [(NORMAL, ""), (LARGE, "-large"), (CONTRAST, "-contrast"), (GLASS, "-glass")] {
        for (panel, across) in [(PORTRAIT, "portrait"), (LANDSCAPE, "landscape")] {
            for language in [Language::Danish, Language::English] {
                all.push((looks, panel, language, format!("{across}-{}{look}", language.tag())));
            }
        }
    }
    let few = [
        "portrait-da",
        "landscape-en",
        "portrait-da-contrast",
        "landscape-en-contrast",
        "portrait-da-glass",
        "landscape-en-glass",
    ];
    all.retain(|(.., name)| whole || few.contains(&name.as_str()));
    all
}

macro_rules! kinds {
    ($($kind:ident),+ $(,)?) => {
        /// Every kind of page there is.
        const KINDS: &[&str] = &[$(stringify!($kind)),+];

        /// A page's kind. A new one does not compile until it stands in the list.
        fn kind_of(page: &Page) -> &'static str {
            match page {
                $(Page::$kind { .. } => stringify!($kind),)+
            }
        }
    };
}

kinds!(
    Starting,
    OutOfService,
    Idle,
    Code,
    Password,
    Forgotten,
    Number,
    Home,
    Accounts,
    BlockCard,
    DepositAmount,
    DepositPay,
    DepositDone,
    AutoRecharge,
    StopAutoRecharge,
    Menu,
    Days,
    Allergy,
    Checkout,
    OrderDone,
    Orders,
    Profile,
    Allergies,
    ChangePassword,
    ChangePicture,
    Statement,
    Months,
    MailStatement,
    Support,
    SupportDone,
    Transfer,
    TransferDone,
    Withdraw,
    WithdrawCheck,
    WithdrawDone,
);

#[test]
fn every_kind_of_page_and_every_fault_that_stops_the_kiosk_is_shown() {
    let samples: BTreeMap<_, _> = samples(Language::Danish).into_iter().collect();
    let shown =
        SHOWN.iter().map(|name| &samples.get(*name).unwrap_or_else(|| panic!("no sample is called {name}")).page);
    let (mut kinds, mut faults) = (BTreeSet::new(), Vec::new());
    for page in shown {
        kinds.insert(kind_of(page));
        if let Page::OutOfService(fault) = page {
            faults.push(*fault);
        }
    }
    let missing: Vec<_> = KINDS.iter().filter(|kind| !kinds.contains(*kind)).collect();
    assert!(missing.is_empty(), "not in the gallery: {missing:?}");
    let stops: Vec<_> = Fault::ALL.into_iter().filter(|fault| fault.weight() == Weight::Stops).collect();
    assert_eq!(faults, stops, "in their order");
}

#[test]
fn every_page_is_painted() {
    let only = std::env::var("GALLERY").ok();
    let whole = only.is_some() || std::env::var_os("GALLERY_WHOLE").is_some();
    let chosen = |name: &str| only.as_ref().map_or_else(|| SHOWN.contains(&name), |only| name.starts_with(only));
    let stage = open_stage();
    stage.ui.set_voice(Box::new(fixtures::Quiet), true);
    let mut painted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut faint = Vec::new();
    for (looks, panel, language, view) in views(whole) {
        stage.choose(looks);
        stage.resize(panel);
        let wanted = |name: &str| chosen(name) && (!looks.glass || only.is_some() || GLASSED.contains(&name));
        for (name, screen) in samples(language).into_iter().filter(|(name, _)| wanted(name)) {
            let mut paint = |name: &str| {
                let shot = picture(&stage, &format!("{name}-{view}"));
                let mut here = too_faint(&stage, &screen, &shot);
                // What is further down has the same colours on the other panel.
                if panel == PORTRAIT && name != "support" {
                    here.extend(too_faint_further_down(&stage, &screen));
                }
                faint.extend(here.into_iter().map(|what| format!("{name}-{view}: {what}")));
            };
            // Another page of the same kind stays where it was turned to.
            stage.show(&Screen { page: Page::Starting, warning: None, adjusting: false, ..screen.clone() });
            stage.show(&screen);
            paint(&name);
            if name == "support" {
                stage.tap(&stage.all(AccessibleRole::TextInput)[1]);
                paint("keyboard");
                painted.entry("keyboard".to_owned()).or_default().push(view.clone());
            }
            painted.entry(name).or_default().push(view.clone());
        }
    }
    assert!(!painted.is_empty(), "no page is called so");
    std::fs::write(gallery().join("index.html"), index(&painted)).unwrap();
    assert!(faint.is_empty(), "{} too faint:\n{}", faint.len(), faint.join("\n"));
}

/// A page of all pictures, one row for each page of the kiosk.
fn index(painted: &BTreeMap<String, Vec<String>>) -> String {
    let mut html = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Madkort: every screen</title><style>\
         body{font:16px sans-serif;margin:2em;background:#f4f2ee}section{display:flex;flex-wrap:wrap;gap:1em}\
         figure{margin:0}img{height:420px;border:1px solid #999;background:#fff}figcaption{font-size:14px}</style>\
         <h1>Madkort: every screen</h1>\n",
    );
    for (page, views) in painted {
        writeln!(html, "<h2 id=\"{page}\">{page}</h2><section>").unwrap();
        for view in views {
            let alt = format!("{page}, {view}");
            writeln!(
                html,
                "<figure><a href=\"{page}-{view}.png\"><img loading=\"lazy\" src=\"{page}-{view}.png\" alt=\"{alt}\"></a>\
                 <figcaption>{view}</figcaption></figure>"
            )
            .unwrap();
        }
        html.push_str("</section>\n");
    }
    html
}
