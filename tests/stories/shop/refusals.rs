//! Orders that are not taken: over the balance, over what is left, over a cap, of what the eater must not have, and over what may be
//! ordered without a connection. Whatever becomes of them, the money stays where it was.

use anyhow::{Context, Result, ensure};
use jiff::civil::Date;
use madkort_protocol::{Allergen, DeviceKind, Language, Money, Product};
use madkort_tests::device::Device;
use madkort_tests::patience::until;
use madkort_tests::process::PATIENCE;
use madkort_tests::rig::{Options, Rig};
use madkort_tests::window::Role;

use super::{ADD, buy_up, first_product, offer};

/// A cap in kroner that no hot dish fits under.
const CAP: &str = "20";

/// The day that the menu opens on, and what is on it.
fn menu(rig: &Rig) -> Result<(Date, Vec<Product>)> {
    let mut other = rig.server.enrol(DeviceKind::Kiosk, "Kiosken der ser efter")?;
    let all = offer(&mut other)?;
    let (today, now) = (rig.server.school().today, jiff::Timestamp::now());
    let later = all.days.iter().filter(|day| day.date > today && day.cut_off > now);
    let day = later.min_by_key(|day| day.date).context("no day to order for")?;
    let on_it = all.products.iter().filter(|product| day.products.contains(&product.id)).cloned();
    Ok((day.date, on_it.collect()))
}

/// Puts it into the basket, and waits until it is there.
fn add(rig: &Rig, product: &Product) -> Result<()> {
    rig.press_with(ADD, &[&product.name_da])?;
    let remove = rig.words.say_with("Remove {}", &[&product.name_da]);
    rig.window().wait_for(Role::Button, &remove).map(drop)
}

/// Waits until it is not in the basket.
fn out_of_the_basket(rig: &Rig, product: &Product) -> Result<()> {
    rig.window().wait_gone(&rig.words.say_with("Remove {}", &[&product.name_da])).map(drop)
}

fn in_words(amount: Money) -> String {
    amount.in_words(Language::Danish)
}

/// Nobody has that dish ordered on that card beyond what there was before.
fn no_order(rig: &Rig, label: &str, orders: usize, balance: i64) -> Result<()> {
    let ledger = rig.ledger();
    ledger.must_add_up()?;
    ensure!(ledger.orders(label)?.len() == orders, "ordered all the same: {:?}", ledger.orders(label)?.last());
    ensure!(ledger.balance(label)? == balance, "money moved");
    Ok(())
}

#[test]
fn what_cannot_be_paid_eaten_or_had_is_not_ordered() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let (date, products) = menu(&rig)?;
    let ledger = rig.ledger();

    // Too dear: how much is missing is said before anything is asked.
    let (orders, before) = (ledger.orders("Ida")?.len(), ledger.balance("Ida")?);
    let dear = products.iter().max_by_key(|product| product.price).context("an empty menu")?;
    rig.come_in("Ida")?;
    rig.press("Order food")?;
    add(&rig, dear)?;
    rig.press("Checkout")?;
    let lacks = in_words(dear.price.minus(Money::from_ore(before))?);
    rig.see_with("The balance lacks {}. Take something out, or top up first.", &[&lacks])?;
    rig.press("Pay")?;
    rig.see_with("The balance lacks {}. Take something out, or top up first.", &[&lacks])?;
    rig.press("Back")?;
    rig.press_with("Remove {}", &[&dear.name_da])?;
    out_of_the_basket(&rig, dear)?;
    rig.go()?;
    no_order(&rig, "Ida", orders, before)?;

    // Not to be had by him: whoever looks after the account has said so, and there is no "anyway".
    let (orders, before) = (ledger.orders("Villads")?.len(), ledger.balance("Villads")?);
    let kept = |product: &&Product| product.allergens.iter().any(|a| [Allergen::Milk, Allergen::Nuts].contains(a));
    let kept_from_him = products.iter().find(kept).context("nothing with milk or nuts")?;
    rig.come_in("Villads")?;
    rig.press("Order food")?;
    rig.press_with(ADD, &[&kept_from_him.name_da])?;
    let sight = rig.see("It cannot be ordered: whoever looks after the account has decided so.")?;
    ensure!(!sight.says(&rig.words.say("Add anyway")), "it can be ordered all the same:\n{}", sight.told());
    rig.press("Back")?;
    first_product(&rig)?;
    out_of_the_basket(&rig, kept_from_him)?;
    rig.go()?;
    no_order(&rig, "Villads", orders, before)?;

    // The last of it goes to somebody else while it lies in the basket.
    let (orders, before) = (ledger.orders("Emil")?.len(), ledger.balance("Emil")?);
    let mut other = rig.server.enrol(DeviceKind::Kiosk, "Kiosken i hallen")?;
    let scarce = scarce(&mut other, date, &products)?;
    rig.come_in("Emil")?;
    rig.press("Order food")?;
    add(&rig, &scarce)?;
    rig.press("Checkout")?;
    rig.see("Balance afterwards")?;
    buy_up(&rig, &mut other, date, &scarce, "Emil")?;
    rig.press("Pay")?;
    rig.see("One of the dishes is sold out. Take it out, and choose another.")?;
    rig.press("Back")?;
    rig.scroll_to("Sold out")?;
    rig.go()?;
    no_order(&rig, "Emil", orders, before)?;
    too_much_without_a_connection(&mut rig, dear)?;
    ensure!(rig.printer.untaken()?.is_empty(), "a slip for what was not ordered");
    Ok(())
}

/// At most 100 kr. in one sale without a connection, and Karen has more than twice that.
fn too_much_without_a_connection(rig: &mut Rig, dish: &Product) -> Result<()> {
    let (orders, before) = (rig.ledger().orders("Karen")?.len(), rig.ledger().balance("Karen")?);
    let pieces = 10_000 / dish.price.ore() + 1;
    rig.come_in("Karen")?;
    rig.network.cut();
    rig.see("No connection right now")?;
    rig.press("Order food")?;
    for piece in 1..=pieces {
        rig.press_with(ADD, &[&dish.name_da])?;
        let counted = piece.to_string();
        rig.window().wait_until("one more", |sight| sight.elements.iter().any(|e| e.name == counted))?;
    }
    rig.press("Checkout")?;
    let most = in_words(Money::from_kroner(100));
    rig.see_with("Without connection you can order for up to {}.", &[&most])?;
    rig.press("Pay")?;
    rig.see_with("Without connection you can order for up to {}.", &[&most])?;
    rig.network.restore();
    rig.window().wait_gone(&rig.words.say("No connection right now"))?;
    rig.go()?;
    no_order(rig, "Karen", orders, before)
}

/// Of what there is only so much of, that of which least is left.
fn scarce(other: &mut Device, date: Date, products: &[Product]) -> Result<Product> {
    let all = offer(other)?;
    let day = all.days.iter().find(|day| day.date == date).context("no such day")?;
    let limited = products.iter().filter_map(|product| Some((day.left(product.id)?, product)));
    let (left, scarce) = limited.min_by_key(|(left, _)| *left).context("there is enough of everything")?;
    ensure!(left > 0, "{} is sold out already", scarce.name_da);
    Ok(scarce.clone())
}

/// Goes to the check-out with the first dish of the menu, which says that it is beyond a cap, also to whoever presses on.
fn said_before_it_is_paid(rig: &mut Rig, words: &str, before: i64) -> Result<()> {
    let orders = rig.ledger().orders("Noah")?.len();
    to_the_check_out(rig)?;
    let left = in_words(Money::from_kroner(CAP.parse()?));
    rig.see_with(words, &[&left])?;
    rig.press("Pay")?;
    rig.see_with(words, &[&left])?;
    rig.press("Back")?;
    rig.kiosk.wait_for_screen("Menu")?;
    rig.press("Back")?;
    rig.kiosk.wait_for_screen("Home")?;
    no_order(rig, "Noah", orders, before)
}

/// Goes to the check-out with the first dish of the menu, and says which it is.
pub(super) fn to_the_check_out(rig: &mut Rig) -> Result<String> {
    rig.press("Order food")?;
    let dish = rig.pick_first_product()?;
    rig.press("Checkout")?;
    Ok(dish)
}

/// Without a connection, where nobody knows of a cap.
fn ordered_without_a_connection(rig: &mut Rig) -> Result<String> {
    rig.network.cut();
    rig.see("No connection right now")?;
    let dish = to_the_check_out(rig)?;
    rig.press("Pay")?;
    rig.see("Your food is ordered")?;
    rig.network.restore();
    Ok(dish)
}

/// Somebody orders a dish; the server says no when it hears of it, and the kiosk says so. The money is back, or was never gone.
pub(super) fn refused_by_the_server(
    rig: &mut Rig,
    label: &str,
    order: impl FnOnce(&mut Rig) -> Result<String>,
    (rule, why): (&str, &str),
) -> Result<()> {
    let ledger = rig.ledger();
    let (known, before) = (ledger.orders(label)?, ledger.balance(label)?);
    let dish = order(rig)?;
    let refused = until("an order that was refused", PATIENCE, || {
        let new = ledger.orders(label)?.into_iter().find(|order| known.iter().all(|known| known.id != order.id));
        Ok(new.filter(|order| order.state == "refused"))
    })?;
    let noted = ledger.refusal(&refused.id)?.context("a refusal without a rule")?;
    ensure!(noted.contains(rule), "refused for another reason: {noted}");
    let told = "Order {0} could not be accepted: {1}. {2} The money is back on the account.";
    rig.see_with(told, &[&refused.number, &dish, &rig.words.say(why)])?;
    rig.see_money(before)?;
    rig.window().wait_gone(&rig.words.say("No connection right now"))?;
    ledger.must_add_up()?;
    ensure!(ledger.balance(label)? == before, "money moved");
    rig.paper()?.says_all(&[&refused.number])
}

#[test]
fn a_day_cap_and_a_week_cap_hold_for_orders_too() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let noah = rig.card("Noah")?;
    let before = rig.ledger().balance("Noah")?;
    rig.come_in("Noah")?;
    let (day, week) =
        (("day_cap", "It was over the limit for a day."), ("week_cap", "It was over the limit for a week."));
    let today = "Only {} may still be spent today. Take something out.";
    let this_week = "Only {} may still be spent this week. Take something out.";
    for (field, other, words, rule) in
        [("In a day", "In a week", today, day), ("In a week", "In a day", this_week, week)]
    {
        rig.press("Your details")?;
        if field == "In a day" {
            rig.see("Type your code")?;
            rig.type_code(&noah.code)?;
        }
        rig.see("The most that may be spent")?;
        rig.write_in(field, CAP)?;
        rig.write_in(other, "")?;
        rig.press("Save")?;
        rig.scroll_to("Saved.")?;
        rig.press("Back")?;
        said_before_it_is_paid(&mut rig, words, before)?;
        refused_by_the_server(&mut rig, "Noah", ordered_without_a_connection, rule)?;
    }
    rig.go()?;
    ensure!(rig.printer.untaken()?.is_empty(), "a paper nobody asked for");
    Ok(())
}
