//! What Højager Skole's kitchen serves, and when.
//!
//! Pure data. **Invariant:** every menu has a dish without meat and something of each category; a product keeps its number.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use madkort_protocol::{Allergen, Category, InvalidPicture, MenuDay, Money, Portions, Product, ProductPicture};

use super::ids;

use Allergen::{Celery, Crustaceans, Eggs, Fish, Gluten, Milk, Mustard, Nuts, Sesame, Soybeans};
use Category::{Cold, Drink, HotMeal, Snack};

/// Danish VAT on food, in percent.
const VAT: u8 = 25;
/// Orders for a day are taken until 08:00 on the day itself, when the kitchen reads its list: so the next school day can be
/// ordered at any hour.
const CUT_OFF_HOUR: i8 = 8;
/// Weeks of menus before and after the week of `today`: the history needs fourteen school days back.
const WEEKS_BEFORE: i64 = 3;
const WEEKS_AFTER: i64 = 2;

type Dish = (u32, Category, [&'static str; 2], [&'static str; 2], i64, &'static [Allergen]);

#[rustfmt::skip]
const DISHES: &[Dish] = &[
    (1, HotMeal, ["Pasta med kødsovs", "Pasta Bolognese"], ["Oksekød, tomat og fuldkornspasta", "Beef, tomato and wholegrain pasta"], 3000, &[Gluten, Celery]),
    (2, HotMeal, ["Kylling i karry", "Chicken curry"], ["Med ris, æble og peberfrugt", "With rice, apple and sweet pepper"], 3000, &[Milk, Celery, Mustard]),
    (3, HotMeal, ["Frikadeller med kartofler", "Danish meatballs with potatoes"], ["Brun sovs og syltede agurker", "Gravy and pickled cucumber"], 3200, &[Gluten, Eggs, Milk]),
    (4, HotMeal, ["Fiskefrikadeller", "Fish cakes"], ["Med rugbrød, remoulade og råkost", "With rye bread, remoulade and slaw"], 3200, &[Gluten, Eggs, Fish, Mustard]),
    (5, HotMeal, ["Grøntsagslasagne", "Vegetable lasagne"], ["Spinat, squash og ricotta", "Spinach, courgette and ricotta"], 2800, &[Gluten, Eggs, Milk]),
    (6, HotMeal, ["Chili sin carne", "Chili sin carne"], ["Bønner, majs og ris", "Beans, sweetcorn and rice"], 2600, &[Celery]),
    (7, HotMeal, ["Linsesuppe med brød", "Lentil soup with bread"], ["Røde linser, kokos og lime", "Red lentils, coconut and lime"], 2400, &[Gluten, Celery]),
    (8, HotMeal, ["Wok med nudler og tofu", "Noodle stir-fry with tofu"], ["Sprøde grøntsager og sesam", "Crisp vegetables and sesame"], 2800, &[Gluten, Soybeans, Sesame]),
    (9, Cold, ["Kyllingesandwich", "Chicken sandwich"], ["Karrydressing og sprød salat", "Curry dressing and crisp lettuce"], 2500, &[Gluten, Eggs, Milk, Mustard]),
    (10, Cold, ["Falafelwrap", "Falafel wrap"], ["Hummus, gulerod og mynte", "Hummus, carrot and mint"], 2400, &[Gluten, Sesame]),
    (11, Cold, ["Rugbrød med leverpostej", "Rye bread with liver pâté"], ["To halve med rødbede", "Two halves with beetroot"], 1600, &[Gluten, Milk, Fish]),
    (12, Cold, ["Rugbrød med æg og rejer", "Rye bread with egg and prawns"], ["To halve med citron og dild", "Two halves with lemon and dill"], 2200, &[Gluten, Eggs, Crustaceans, Mustard]),
    (13, Cold, ["Pastasalat med pesto", "Pasta salad with pesto"], ["Tomat, mozzarella og basilikum", "Tomato, mozzarella and basil"], 2200, &[Gluten, Milk, Nuts]),
    (14, Snack, ["Frugtbæger", "Fruit cup"], ["Æble, pære og druer", "Apple, pear and grapes"], 1000, &[]),
    (15, Snack, ["Gulerødder med hummus", "Carrots with hummus"], ["Sprøde stave til at dyppe", "Crisp sticks to dip"], 1200, &[Sesame]),
    (16, Snack, ["Skyr med mysli", "Skyr with muesli"], ["Blåbær og ristede nødder", "Blueberries and toasted nuts"], 1400, &[Gluten, Milk, Nuts]),
    (17, Snack, ["Grovbolle med ost", "Wholegrain roll with cheese"], ["Bagt her i morges", "Baked here this morning"], 1050, &[Gluten, Milk]),
    (18, Drink, ["Økologisk letmælk", "Organic low-fat milk"], ["Kold, ¼ liter", "Cold, ¼ litre"], 550, &[Milk]),
    (19, Drink, ["Kakaomælk", "Chocolate milk"], ["Uden tilsat sukker, ¼ liter", "No added sugar, ¼ litre"], 850, &[Milk]),
    (20, Drink, ["Æblemost", "Pressed apple juice"], ["Danske æbler, ¼ liter", "Danish apples, ¼ litre"], 1000, &[]),
    (21, Drink, ["Dansk vand med citron", "Sparkling water with lemon"], ["Uden sukker, ½ liter", "No sugar, ½ litre"], 800, &[]),
];

/// What they look like, in their order: our own drawings, `dishes/*.svg` at [`ProductPicture::SIDE`] pixels.
const DRAWINGS: [&[u8]; 21] = [
    include_bytes!("dishes/pasta-bolognese.png"),
    include_bytes!("dishes/chicken-curry.png"),
    include_bytes!("dishes/meatballs.png"),
    include_bytes!("dishes/fish-cakes.png"),
    include_bytes!("dishes/lasagne.png"),
    include_bytes!("dishes/chili.png"),
    include_bytes!("dishes/lentil-soup.png"),
    include_bytes!("dishes/noodles.png"),
    include_bytes!("dishes/sandwich.png"),
    include_bytes!("dishes/falafel-wrap.png"),
    include_bytes!("dishes/liver-pate.png"),
    include_bytes!("dishes/egg-and-prawns.png"),
    include_bytes!("dishes/pasta-salad.png"),
    include_bytes!("dishes/fruit-cup.png"),
    include_bytes!("dishes/carrots.png"),
    include_bytes!("dishes/skyr.png"),
    include_bytes!("dishes/cheese-roll.png"),
    include_bytes!("dishes/milk.png"),
    include_bytes!("dishes/chocolate-milk.png"),
    include_bytes!("dishes/apple-juice.png"),
    include_bytes!("dishes/sparkling-water.png"),
];

/// Hot dishes of a day: one with meat or fish, one without.
const WITH_MEAT: [u32; 4] = [1, 2, 3, 4];
const WITHOUT_MEAT: [u32; 4] = [5, 6, 7, 8];
const COLD: [u32; 5] = [9, 10, 11, 12, 13];
const SNACKS: [u32; 4] = [14, 15, 16, 17];
const DRINKS: [u32; 4] = [18, 19, 20, 21];

/// What there is only so much of, from today on: the hot dish with meat, bread that is baked that morning, and what keeps badly.
/// Product and portions a day.
const PORTIONS: [(u32, u32); 8] = [(1, 40), (2, 40), (3, 40), (4, 40), (12, 4), (13, 12), (16, 10), (17, 15)];

/// What every product looks like, in their order.
pub fn pictures() -> Result<Vec<ProductPicture>, InvalidPicture> {
    DRAWINGS.iter().map(|png| ProductPicture::new(png.to_vec())).collect()
}

/// Every product, with the pictures in their order.
pub fn products(pictures: &[ProductPicture]) -> Vec<Product> {
    DISHES
        .iter()
        .enumerate()
        .map(|(place, (n, category, name, about, ore, allergens))| Product {
            id: ids::product(*n),
            category: *category,
            name_da: name[0].to_owned(),
            name_en: name[1].to_owned(),
            about_da: about[0].to_owned(),
            about_en: about[1].to_owned(),
            price: Money::from_ore(*ore),
            vat_percent: VAT,
            allergens: allergens.to_vec(),
            picture: pictures.get(place).map(ProductPicture::digest),
        })
        .collect()
}

/// The n-th product.
pub fn product(n: u32) -> Option<Product> {
    products(&[]).into_iter().find(|product| product.id == ids::product(n))
}

/// The menus of six weeks around `today`. A `today` at the weekend is served too, as an open day, so
/// that the demo has something to show on a Sunday.
pub fn menus(today: Date, danish: &TimeZone) -> Result<Vec<MenuDay>, jiff::Error> {
    let monday = today.checked_sub(jiff::Span::new().days(i64::from(today.weekday().to_monday_zero_offset())))?;
    let first = monday.checked_sub(jiff::Span::new().weeks(WEEKS_BEFORE))?;
    let after = monday.checked_add(jiff::Span::new().weeks(WEEKS_AFTER + 1))?;
    first
        .series(jiff::Span::new().days(1))
        .take_while(|date| *date < after)
        .filter(|date| is_school_day(*date) || *date == today)
        .map(|date| menu(date, date >= today, danish))
        .collect()
}

/// Monday to Friday.
pub fn is_school_day(date: Date) -> bool {
    !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// The numbers of the products on a day's menu: two hot dishes, three cold ones, three snacks, the drinks.
pub fn dishes_of(date: Date) -> Vec<u32> {
    let day =
        usize::try_from(date.duration_since(jiff::civil::date(2026, 1, 5)).as_hours().unsigned_abs() / 24).unwrap_or(0);
    // A step of three through four dishes and of two through five, so that neighbouring weeks differ.
    let pick = |shelf: &[u32], step: usize| shelf[(day * step + day / 7) % shelf.len()];
    let mut dishes = vec![pick(&WITH_MEAT, 3), pick(&WITHOUT_MEAT, 1)];
    dishes.extend((0..3).map(|i| COLD[(day * 2 + i) % COLD.len()]));
    dishes.extend((0..3).map(|i| SNACKS[(day + i) % SNACKS.len()]));
    dishes.extend(DRINKS);
    dishes
}

fn menu(date: Date, limited: bool, danish: &TimeZone) -> Result<MenuDay, jiff::Error> {
    let cut_off = date.at(CUT_OFF_HOUR, 0, 0, 0).to_zoned(danish.clone())?.timestamp();
    let dishes = dishes_of(date);
    let portions = PORTIONS.iter().filter(|(dish, _)| limited && dishes.contains(dish));
    let portions = portions.map(|(dish, limit)| Portions::new(ids::product(*dish), *limit)).collect();
    Ok(MenuDay { date, cut_off, products: dishes.into_iter().map(ids::product).collect(), portions })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_day_has_every_category_and_a_dish_without_meat() {
        let products = products(&pictures().unwrap());
        assert!(products.iter().all(|product| product.picture.is_some()));
        let danish = TimeZone::get("Europe/Copenhagen").unwrap();
        for day in menus(jiff::civil::date(2026, 11, 22), &danish).unwrap() {
            let on: Vec<_> = day.products.iter().map(|id| products.iter().find(|p| p.id == *id).unwrap()).collect();
            let shelves: BTreeSet<_> = on.iter().map(|product| product.category).collect();
            assert_eq!(shelves.len(), 4, "{}", day.date);
            assert!(WITHOUT_MEAT.iter().any(|n| day.products.contains(&ids::product(*n))), "{}", day.date);
            assert_eq!(day.products.iter().collect::<BTreeSet<_>>().len(), day.products.len(), "no dish twice");
        }
    }

    #[test]
    fn the_next_school_day_is_open_at_any_hour() {
        let danish = TimeZone::get("Europe/Copenhagen").unwrap();
        let sunday = jiff::civil::date(2026, 11, 22);
        let days = menus(sunday, &danish).unwrap();
        assert!(days.iter().any(|day| day.date == sunday), "the open day");
        let monday = days.iter().find(|day| day.date == jiff::civil::date(2026, 11, 23)).unwrap();
        assert_eq!(monday.cut_off.to_string(), "2026-11-23T07:00:00Z");
        // Summer time: the same hour on the wall is another hour in UTC.
        let may = menus(jiff::civil::date(2026, 5, 20), &danish).unwrap();
        assert!(may.iter().all(|day| day.cut_off.to_string().ends_with("T06:00:00Z")));
        assert_eq!(days.iter().filter(|day| is_school_day(day.date)).count(), 30);
    }
}
