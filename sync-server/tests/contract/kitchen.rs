//! The kitchen's list: every portion that stands, what is to be minded, and which list is the last word.

use jiff::SignedDuration;
use madkort_ledger::PriceClass;
use madkort_protocol::*;
use sync_server::store::*;
use uuid::Uuid;

use crate::ledgers::*;

const OTHER: SchoolId = SchoolId::new(Uuid::from_u128(0x5d));

fn after(seconds: i64) -> jiff::Timestamp {
    CUT_OFF + SignedDuration::from_secs(seconds)
}

fn annas(allergens: &[Allergen]) -> Allergies {
    Allergies::new(PersonId::new(Uuid::from_u128(1)), allergens.to_vec(), false)
}

async fn list(world: &World, at: jiff::Timestamp) -> KitchenDay {
    world.store.kitchen_day(SCHOOL, TUESDAY, at).await.unwrap().unwrap()
}

fn told(day: &KitchenDay) -> Vec<(&str, u32, &str, &[Allergen])> {
    day.lines
        .iter()
        .map(|line| (line.number.as_str(), line.quantity, line.comment.as_str(), &*line.allergens))
        .collect()
}

pub async fn the_kitchen_hears_of_every_portion_that_stands(world: &World) {
    let kiosk = world.kiosk().await;
    world.fund(&kiosk, ANNA, kr(500)).await;
    world.fund(&kiosk, BO, kr(500)).await;
    world.store.set_allergies(SCHOOL, annas(&[Allergen::Nuts, Allergen::Milk]), None, START).await.unwrap();
    let apples = LineRequest { product: APPLE, quantity: 2, price: kr(5), comment: String::new() };
    let both = |number| {
        let lines = [lasagne(number).lines, vec![apples.clone()]].concat();
        PlaceOrder { lines, total: kr(55), ..lasagne(number) }
    };
    let of_bo = PlaceOrder { card: BOS_CARD, account: BO, ..lasagne("K1-9") };
    // What is ordered for Anna is Anna's to eat, whoever ordered it.
    let by_bo = PlaceOrder { card: BOS_CARD, ..lasagne("K1-11") };
    for order in [world.order(&kiosk, both("K1-10")), world.order(&kiosk, of_bo), world.order(&kiosk, by_bo)] {
        assert_eq!(world.outcome(&kiosk, order).await, Outcome::Posted);
    }
    let called_off = world.order(&kiosk, lasagne("K1-8"));
    assert_eq!(world.outcome(&kiosk, called_off.clone()).await, Outcome::Posted);
    let cancel = OperationBody::CancelOrder(CancelOrder { order: called_off.id, card: ANNAS_CARD });
    assert_eq!(world.outcome(&kiosk, world.operation(&kiosk, cancel)).await, Outcome::Posted);
    let too_dear = PlaceOrder { total: kr(44), ..lasagne("K1-12") };
    assert!(matches!(world.outcome(&kiosk, world.order(&kiosk, too_dear)).await, Outcome::Refused(_)));

    let day = list(world, START).await;
    assert_eq!(day.taken, Taken::Open { at: START });
    assert_eq!(day.dishes.iter().map(|dish| dish.id).collect::<Vec<_>>(), [LASAGNE, APPLE]);
    let mind: &[Allergen] = &[Allergen::Milk, Allergen::Nuts];
    let standing = [
        ("K1-9", 1, "uden løg", &[] as &[Allergen]),
        ("K1-10", 1, "uden løg", mind),
        ("K1-10", 2, "", mind),
        ("K1-11", 1, "uden løg", mind),
    ];
    assert_eq!(told(&day), standing);
    // Sold is cooked as well.
    world.store.capture_due(after(1), 10).await.unwrap();
    assert_eq!(told(&list(world, after(2)).await), standing);
    // What is taken off the menu was ordered all the same.
    let menu = MenuDay { date: TUESDAY, cut_off: CUT_OFF, products: vec![APPLE], portions: vec![] };
    world.store.put(SCHOOL, vec![Thing::Day(menu)]).await.unwrap();
    let day = list(world, after(3)).await;
    assert_eq!(day.dishes.iter().map(|dish| dish.id).collect::<Vec<_>>(), [APPLE, LASAGNE]);
    assert_eq!(world.store.kitchen_day(SCHOOL, TUESDAY.tomorrow().unwrap(), START).await.unwrap(), None);
}

pub async fn a_list_is_the_last_word_once(world: &World) {
    let kiosk = world.kiosk().await;
    world.fund(&kiosk, ANNA, kr(500)).await;
    assert_eq!(world.outcome(&kiosk, world.order(&kiosk, lasagne("K1-1"))).await, Outcome::Posted);
    let written = async || {
        let deeds = world.store.deeds(SCHOOL, SCHOOL.uuid()).await.unwrap();
        deeds.into_iter().filter(|deed| deed.what == "kitchen-list").map(|deed| deed.detail).collect::<Vec<_>>()
    };
    // Orders are taken until the cut-off, and with it.
    assert_eq!(list(world, CUT_OFF).await.taken, Taken::Open { at: CUT_OFF });
    assert_eq!(written().await, [""; 0]);
    let first = Taken::Closed { at: after(1), replaces: None, copy: false };
    assert_eq!(list(world, after(1)).await.taken, first);
    assert_eq!(list(world, after(1)).await.taken, first, "asked again at the same moment it is the same one");
    let copy = Taken::Closed { at: after(1), replaces: None, copy: true };
    for seconds in [2, 3000] {
        assert_eq!(list(world, after(seconds)).await.taken, copy);
    }
    world.store.capture_due(after(5), 10).await.unwrap();
    assert_eq!(list(world, after(6)).await.taken, copy, "an order that was sold is the same order");
    assert_eq!(written().await.len(), 1);

    // A guardian says what Anna cannot eat: the kitchen must hear of it, and the record tells it to nobody.
    let by = Doer {
        record: Uuid::from_u128(9),
        person: PersonId::new(Uuid::from_u128(2)),
        card: BOS_CARD,
        device: kiosk.id,
    };
    world.store.set_allergies(SCHOOL, annas(&[Allergen::Celery]), Some(by), after(7)).await.unwrap();
    let changed = list(world, after(8)).await;
    assert_eq!(changed.taken, Taken::Closed { at: after(8), replaces: Some(after(1)), copy: false });
    assert_eq!(changed.lines[0].allergens, [Allergen::Celery]);
    let copy = Taken::Closed { at: after(8), replaces: Some(after(1)), copy: true };
    assert_eq!(list(world, after(9)).await.taken, copy);
    // So does an order that a kiosk took before the cut-off, and brings when its connection is back.
    let late = Operation { offline: true, ..world.order(&kiosk, lasagne("K1-2")) };
    assert_eq!(world.outcome(&kiosk, late).await, Outcome::Posted);
    let changed = Taken::Closed { at: after(10), replaces: Some(after(8)), copy: false };
    assert_eq!(list(world, after(10)).await.taken, changed);
    let written = written().await;
    assert_eq!(written.len(), 3);
    assert!(written.iter().all(|detail| detail.len() == "2026-11-24 ".len() + 16), "{written:?}");
}

pub async fn no_school_sees_anothers_kitchen(world: &World) {
    let kiosk = world.kiosk().await;
    world.fund(&kiosk, ANNA, kr(500)).await;
    assert_eq!(world.outcome(&kiosk, world.order(&kiosk, lasagne("K1-1"))).await, Outcome::Posted);
    world.store.set_allergies(SCHOOL, annas(&[Allergen::Milk]), None, START).await.unwrap();

    let nobodys = world.store.kitchen_day(OTHER, TUESDAY, START).await.unwrap();
    assert_eq!(nobodys, None, "a school that is not there has no menu");
    let (person, account) = (PersonId::new(Uuid::from_u128(0xb1)), AccountId::new(Uuid::from_u128(0xb2)));
    let (card_id, dish) = (CardId::new(Uuid::from_u128(0xb3)), ProductId::new(Uuid::from_u128(0xb4)));
    let card = CardRecord { person, ..card(card_id, 9, 1, CardStatus::Active) };
    let number = card.number.clone();
    let theirs = vec![
        Thing::School(School { id: OTHER, ..school() }),
        Thing::Person(Person {
            id: person,
            name: "Dorte".into(),
            kind: PersonKind::Pupil,
            class: None,
            email: None,
            language: Language::Danish,
            accounts: vec![account],
        }),
        Thing::Account(NewAccount { id: account, owner: person, label: "Dorte".into(), kind: AccountKind::Card }),
        Thing::Card(card),
        Thing::Product(product(dish, "Suppe", kr(20))),
        Thing::Day(MenuDay { date: TUESDAY, cut_off: CUT_OFF, products: vec![dish], portions: vec![] }),
    ];
    world.store.put(OTHER, theirs).await.unwrap();
    world.store.set_price_classes(OTHER, vec![(number, PriceClass::Free)], START).await.unwrap();
    let empty = world.store.kitchen_day(OTHER, TUESDAY, START).await.unwrap().unwrap();
    assert_eq!((empty.lines.len(), empty.dishes.len()), (0, 1));
    let there = world.device_of(OTHER, DeviceKind::Kiosk).await;
    let line = LineRequest { product: dish, quantity: 3, price: kr(20), comment: String::new() };
    let order = PlaceOrder { card: card_id, account, lines: vec![line], total: kr(60), ..lasagne("K1-1") };
    assert_eq!(world.outcome(&there, world.order(&there, order)).await, Outcome::Posted);

    let ours = list(world, after(1)).await;
    assert_eq!(told(&ours), [("K1-1", 1, "uden løg", &[Allergen::Milk] as &[Allergen])]);
    let theirs = world.store.kitchen_day(OTHER, TUESDAY, after(2)).await.unwrap().unwrap();
    assert_eq!(told(&theirs), [("K1-1", 3, "", &[] as &[Allergen])]);
    assert_eq!(
        theirs.taken,
        Taken::Closed { at: after(2), replaces: None, copy: false },
        "our list is no list of theirs"
    );
}
