//! The list as the kitchen reads it.

use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use madkort_protocol::{Allergen, Category, Language, Money, OperationId, Product, ProductId};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::store::Taken;

use Allergen::{Gluten, Milk, Nuts, Sesame};

/// Monday 08:00 in Denmark.
const CUT_OFF: Timestamp = Timestamp::constant(1_795_417_200, 0);
const LASAGNE: u128 = 1;
const SOUP: u128 = 2;
const MILK: u128 = 3;

fn product(n: u128, names: [&str; 2], allergens: &[Allergen]) -> Product {
    Product {
        id: ProductId::new(Uuid::from_u128(n)),
        category: Category::HotMeal,
        name_da: names[0].to_owned(),
        name_en: names[1].to_owned(),
        about_da: String::new(),
        about_en: String::new(),
        price: Money::from_kroner(30),
        vat_percent: 25,
        allergens: allergens.to_vec(),
        picture: None,
    }
}

fn line(number: &str, product: u128, quantity: u32, comment: &str, allergens: &[Allergen]) -> KitchenLine {
    let mut id = [0; 16];
    id[..number.len()].copy_from_slice(number.as_bytes());
    KitchenLine {
        order: OperationId::new(Uuid::from_bytes(id)),
        number: number.to_owned(),
        product: ProductId::new(Uuid::from_u128(product)),
        quantity,
        comment: comment.to_owned(),
        allergens: allergens.to_vec(),
    }
}

fn minutes(minutes: i64) -> Timestamp {
    CUT_OFF + SignedDuration::from_mins(minutes)
}

fn monday(taken: Taken, lines: Vec<KitchenLine>) -> KitchenDay {
    let dishes = vec![
        product(LASAGNE, ["Grøntsagslasagne", "Vegetable lasagne"], &[Gluten, Milk]),
        product(SOUP, ["Linsesuppe med brød", "Lentil soup with bread"], &[Gluten]),
        product(MILK, ["Økologisk letmælk", "Organic low-fat milk"], &[Milk]),
    ];
    KitchenDay { date: date(2026, 11, 23), cut_off: CUT_OFF, taken, dishes, lines }
}

fn orders() -> Vec<KitchenLine> {
    let long =
        "Ingen ost på toppen, tak, og må jeg bede om, at\nsovsen kommer i en skål for sig, så den ikke bliver våd?";
    vec![
        line("K1-7", LASAGNE, 2, "", &[]),
        line("K1-8", LASAGNE, 1, "Uden løg", &[]),
        line("K2-3", LASAGNE, 1, "Uden løg", &[Nuts]),
        line("K2-3", SOUP, 1, "", &[Nuts]),
        line("K1-12", LASAGNE, 1, long, &[Gluten, Milk, Sesame]),
        line("K1-13", LASAGNE, 3, "Ekstra råkost", &[]),
    ]
}

#[test]
fn a_list_reads_so() {
    let first = Taken::Closed { at: minutes(5), replaces: None, copy: false };
    insta::assert_snapshot!("danish", text("Højager Skole", &monday(first, orders()), Language::Danish));
    insta::assert_snapshot!("english", text("Højager Skole", &monday(first, orders()), Language::English));
    let open = monday(Taken::Open { at: minutes(-90) }, orders());
    insta::assert_snapshot!("open", text("Højager Skole", &open, Language::Danish));
    insta::assert_snapshot!("empty", text("Højager Skole", &monday(first, Vec::new()), Language::Danish));
}

#[test]
fn a_copy_differs_in_its_first_line_alone() {
    for replaces in [None, Some(minutes(5))] {
        for language in [Language::Danish, Language::English] {
            let of = |copy| {
                let taken = Taken::Closed { at: minutes(9), replaces, copy };
                text("Højager Skole", &monday(taken, orders()), language)
            };
            let (first, copy) = (of(false), of(true));
            let (heading, rest) = first.split_once('\n').unwrap();
            let (heading_of_copy, rest_of_copy) = copy.split_once('\n').unwrap();
            assert_eq!(rest, rest_of_copy);
            assert!(!heading.contains("KOPI") && heading_of_copy.contains("KOPI"), "{heading_of_copy}");
            let said = [("RETTET", "kl. 08.05"), ("CHANGED", "at 08:05")][usize::from(language == Language::English)];
            assert_eq!((heading.contains(said.0), rest.contains(said.1)), (replaces.is_some(), replaces.is_some()));
        }
    }
}

#[test]
fn a_day_without_a_menu_is_said_in_both_languages() {
    let none = NoMenu { date: date(2026, 11, 22) };
    assert_eq!(none.to_string(), "Skolen har ingen menu den 22.11.2026.\nThe school has no menu for 22/11/2026.");
}

#[test]
fn nothing_prints_what_somebody_cannot_eat() {
    let day = monday(Taken::Open { at: CUT_OFF }, vec![line("K1-7", LASAGNE, 2, "", &[Sesame])]);
    assert!(!format!("{day:?}").contains("Sesame"));
}

fn any_line() -> impl Strategy<Value = KitchenLine> {
    let allergens = proptest::sample::subsequence(Allergen::ALL.to_vec(), 0..=14);
    let comment = prop_oneof![Just(String::new()), "[a-zæøå \n€食🍝\"]{0,200}"];
    ("[A-Z]{1,4}-[0-9]{1,11}", LASAGNE..=MILK, 1_u32..40, comment, allergens).prop_map(
        |(number, product, quantity, comment, allergens)| line(&number, product, quantity, &comment, &allergens),
    )
}

proptest! {
    /// Whatever was ordered: it fits the paper, it adds up, and everybody who cannot eat everything is on it.
    #[test]
    fn every_list_fits_its_paper_and_adds_up(lines in proptest::collection::vec(any_line(), 0..40), school in ".{0,120}") {
        let day = monday(Taken::Open { at: CUT_OFF }, lines);
        let printed = text(&school, &day, Language::Danish);
        for line in printed.lines() {
            prop_assert!(columns(line) <= WIDTH, "{line}");
        }
        for product in &day.dishes {
            let ordered: u64 = day.lines.iter().filter(|l| l.product == product.id).map(|l| u64::from(l.quantity)).sum();
            let dish = Dish::new(product, &day.lines);
            prop_assert_eq!(dish.portions, ordered);
            prop_assert_eq!(dish.comments.iter().map(|(portions, _)| portions).sum::<u64>(), ordered);
        }
        for minded in day.lines.iter().filter(|line| !line.allergens.is_empty()) {
            let number = format!(" {} ", minded.number);
            prop_assert!(printed.contains(&number), "{number}");
        }
    }
}
