//! What a school or a municipality pays of its pupils' meals.

use jiff::SignedDuration;
use jiff::civil::date;
use madkort_ledger::PriceClass;
use madkort_ledger::hold::AUTHORISED_FOR;
use madkort_protocol::*;
use sync_server::store::*;

use crate::ledgers::*;

async fn put_into(world: &World, class: PriceClass) {
    assert!(world.store.set_price_class(SCHOOL, ANNA, class).await.unwrap());
    assert_eq!(world.store.price_class(SCHOOL, ANNA).await.unwrap(), Some(class));
}

/// What the subsidy has paid so far.
async fn subsidised(world: &World) -> Money {
    let books = world.store.balances(SCHOOL).await.unwrap();
    let book = books.iter().find(|(book, _)| book == "subsidy");
    book.map_or(Money::ZERO, |(_, balance)| balance.negated().unwrap())
}

async fn left(world: &World) -> (Money, Money) {
    (world.balance(ANNA).await, subsidised(world).await)
}

pub async fn a_sale_takes_what_the_holder_pays(world: &World) {
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    world.fund(&kiosk, ANNA, kr(100)).await;
    assert_eq!(world.store.price_class(SCHOOL, ANNA).await.unwrap(), Some(PriceClass::Paid));
    let ore = Money::from_ore;
    for (class, after) in [
        (PriceClass::Paid, (ore(6_499), ore(0))),
        (PriceClass::Reduced, (ore(4_749), ore(1_751))),
        (PriceClass::Free, (ore(4_749), ore(5_252))),
    ] {
        put_into(world, class).await;
        let sale = world.sale(ore(3_501));
        assert_eq!(world.buy(&till, &sale).await, Outcome::Posted);
        assert_eq!(left(world).await, after, "{class:?}");
        // The same sale is the same sale, whatever class its buyer is in by now.
        put_into(world, PriceClass::Paid).await;
        assert_eq!(world.buy(&till, &sale).await, Outcome::AlreadyPosted);
        assert_eq!(left(world).await, after, "{class:?}");
    }
    let month = date(2026, 11, 1);
    let statement = world.store.statement(SCHOOL, ANNA, month).await.unwrap().unwrap();
    let lines: Vec<_> = statement.lines.iter().map(|line| line.amount.ore()).collect();
    assert_eq!(lines, [10_000, -3_501, -1_750], "a statement shows what was paid");
}

pub async fn nobody_eats_free_on_nothing_but_their_class(world: &World) {
    let till = world.till().await;
    let sale = || world.sale(kr(35));
    assert_eq!(refused(&world.buy(&till, &sale()).await), Rule::Balance);
    put_into(world, PriceClass::Reduced).await;
    assert_eq!(refused(&world.buy(&till, &sale()).await), Rule::Balance);
    put_into(world, PriceClass::Free).await;
    let free = sale();
    assert_eq!(world.buy(&till, &free).await, Outcome::Posted);
    assert_eq!(left(world).await, (kr(0), kr(35)));
    let undo = Undo { id: world.id() };
    let AtTill::Settled { answer, .. } = world.store.undo(till.id, free.id, undo, START).await.unwrap() else {
        panic!("not settled")
    };
    assert_eq!((answer.outcome, left(world).await), (Outcome::Posted, (kr(0), kr(0))));
    let listed = |digits: &str, class| (CardNumber::from_first_13(digits).unwrap(), class);
    let anna = listed("1234567890101", PriceClass::Reduced);
    let with_a_stranger = vec![anna.clone(), listed("9999999999999", PriceClass::Paid)];
    assert_eq!(world.store.set_price_classes(SCHOOL, with_a_stranger, START).await.unwrap(), Listed::Unknown(vec![1]));
    assert_eq!(world.store.price_class(SCHOOL, ANNA).await.unwrap(), Some(PriceClass::Free), "all or none");
    assert_eq!(world.store.set_price_classes(SCHOOL, vec![anna], START).await.unwrap(), Listed::Set);
    assert_eq!(world.store.price_class(SCHOOL, ANNA).await.unwrap(), Some(PriceClass::Reduced));
    // One person, one account, one class: of two cards that disagree neither wins.
    let two = |class| vec![listed("1234567890101", PriceClass::Free), listed("1234567890104", class)];
    let set = async |class| world.store.set_price_classes(SCHOOL, two(class), START).await.unwrap();
    assert_eq!(set(PriceClass::Paid).await, Listed::Torn(0, 1));
    assert_eq!(world.store.price_class(SCHOOL, ANNA).await.unwrap(), Some(PriceClass::Reduced));
    assert_eq!(set(PriceClass::Free).await, Listed::Set);
    assert_eq!(world.store.price_class(SCHOOL, ANNA).await.unwrap(), Some(PriceClass::Free));
    let nobody = AccountId::new(uuid::Uuid::from_u128(0xff));
    assert!(!world.store.set_price_class(SCHOOL, nobody, PriceClass::Free).await.unwrap());
    assert_eq!(world.store.price_class(SchoolId::new(uuid::Uuid::nil()), ANNA).await.unwrap(), None);
}

pub async fn an_order_holds_what_the_holder_pays(world: &World) {
    let kiosk = world.kiosk().await;
    world.fund(&kiosk, ANNA, kr(100)).await;
    let mut orders = Vec::new();
    for (class, number) in [(PriceClass::Reduced, "K1-1"), (PriceClass::Free, "K1-2"), (PriceClass::Reduced, "K1-3")] {
        put_into(world, class).await;
        let lines = vec![QuoteLine { product: LASAGNE, quantity: 1 }];
        let quote = world.store.quote(SCHOOL, ANNA, lines, START).await.unwrap().unwrap();
        let before = world.balance(ANNA).await;
        let order = world.order(&kiosk, lasagne(number));
        assert_eq!(world.outcome(&kiosk, order.clone()).await, Outcome::Posted);
        assert_eq!((quote.price, before.minus(quote.taken).unwrap()), (kr(45), world.balance(ANNA).await), "as quoted");
        orders.push(order.id);
    }
    assert_eq!(left(world).await, (kr(55), kr(0)), "nobody has paid for what is not sold");
    world.audited().await;
    // What was agreed when it was ordered holds, whatever comes after.
    put_into(world, PriceClass::Paid).await;
    let cancel = OperationBody::CancelOrder(CancelOrder { order: orders[2], card: ANNAS_CARD });
    assert_eq!(world.outcome(&kiosk, world.operation(&kiosk, cancel)).await, Outcome::Posted);
    assert_eq!(left(world).await, (Money::from_ore(7_750), kr(0)));
    let late = CUT_OFF + SignedDuration::from_secs(1);
    assert_eq!(world.store.capture_due(late, 10).await.unwrap(), orders[..2]);
    assert_eq!(left(world).await, (Money::from_ore(7_750), Money::from_ore(6_750)));
    for (order, after) in [(orders[0], (kr(100), kr(45))), (orders[1], (kr(100), kr(0)))] {
        let refund = Movement::RefundOrder { order, reason: "Retten kom ikke".into() };
        let moving = world.store.carry_out(SCHOOL, world.id(), refund, late).await.unwrap();
        assert_eq!((moving, left(world).await), (Moving::Settled(Outcome::Posted), after));
    }
    // The kiosk is told prices, and not who pays them.
    let changes = world.store.changes(SCHOOL, 0, 1000, TUESDAY).await.unwrap();
    assert!(changes.orders.iter().all(|order| order.total == kr(45)));
}

pub async fn a_free_meal_is_ordered_and_called_off_without_money(world: &World) {
    let kiosk = world.kiosk().await;
    put_into(world, PriceClass::Free).await;
    let order = world.order(&kiosk, lasagne("K1-1"));
    assert_eq!(world.outcome(&kiosk, order.clone()).await, Outcome::Posted);
    assert_eq!(world.outcome(&kiosk, order.clone()).await, Outcome::AlreadyPosted);
    let cancel =
        || world.operation(&kiosk, OperationBody::CancelOrder(CancelOrder { order: order.id, card: ANNAS_CARD }));
    assert_eq!(world.outcome(&kiosk, cancel()).await, Outcome::Posted);
    assert_eq!(refused(&world.outcome(&kiosk, cancel()).await), Rule::Order);
    assert_eq!(left(world).await, (kr(0), kr(0)));
}

async fn authorise(world: &World, till: &Signer, amount: Money) -> (OperationId, Outcome) {
    let request = AuthorisationRequest { id: world.id(), card_uid: uid(1), amount };
    let id = request.id;
    let held = world.store.authorise(till.id, request, START).await.unwrap();
    let AtTill::Settled { answer, .. } = held else { panic!("{held:?}") };
    (id, answer.outcome)
}

async fn capture(world: &World, till: &Signer, amount: Money, authorisation: OperationId) -> Outcome {
    world.buy(till, &PurchaseRequest { authorisation: Some(authorisation), ..world.sale(amount) }).await
}

pub async fn an_authorisation_holds_what_the_holder_pays(world: &World) {
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    world.fund(&kiosk, ANNA, kr(50)).await;
    put_into(world, PriceClass::Reduced).await;
    let (id, outcome) = authorise(world, &till, kr(80)).await;
    assert_eq!((outcome, left(world).await), (Outcome::Posted, (kr(10), kr(0))));
    assert_eq!(refused(&capture(world, &till, kr(81), id).await), Rule::Amount);
    assert_eq!(capture(world, &till, kr(60), id).await, Outcome::Posted);
    assert_eq!(left(world).await, (kr(20), kr(30)));

    put_into(world, PriceClass::Free).await;
    let (given_up, outcome) = authorise(world, &till, kr(80)).await;
    assert_eq!((outcome, left(world).await), (Outcome::Posted, (kr(20), kr(30))));
    let release = Release { id: world.id() };
    let released = world.store.release(till.id, given_up, release, START).await.unwrap();
    assert!(
        matches!(released, AtTill::Settled { answer: Answer { outcome: Outcome::Posted, .. }, .. }),
        "{released:?}"
    );
    let (eaten, _) = authorise(world, &till, kr(80)).await;
    assert_eq!(capture(world, &till, kr(80), eaten).await, Outcome::Posted);
    assert_eq!(left(world).await, (kr(20), kr(110)));
    let (forgotten, _) = authorise(world, &till, kr(80)).await;
    world.audited().await;
    let later = START + AUTHORISED_FOR;
    assert_eq!(world.store.expire_due(later, 10).await.unwrap(), [forgotten]);
    assert_eq!(world.store.expire_due(later, 10).await.unwrap(), []);
    assert_eq!(left(world).await, (kr(20), kr(110)));
}

/// What became of sales of so many kroner that a till made offline, on Anna's card (1) or Bo's (2), some of them out of an
/// authorisation.
async fn sold_offline(world: &World, till: &Signer, sales: &[(u8, i32, Option<OperationId>)]) -> Vec<Outcome> {
    let purchases = sales.iter().map(|(card, kroner, authorisation)| OfflinePurchase {
        claimed_at: START,
        purchase: PurchaseRequest { card_uid: uid(*card), authorisation: *authorisation, ..world.sale(kr(*kroner)) },
    });
    let batch = PurchaseBatch { purchases: purchases.collect() };
    let settled = world.store.purchase_batch(till.id, batch, START).await.unwrap();
    let AtTill::Settled { answer, .. } = settled else { panic!("{settled:?}") };
    answer.into_iter().map(|answer| answer.outcome).collect()
}

/// What a till is told of a batch: `true` for a sale that is posted, `false` for one over an allowance.
fn told(outcomes: &[Outcome]) -> Vec<bool> {
    let posted = outcomes.iter().map(|outcome| match outcome {
        Outcome::Posted => true,
        refusal => {
            assert_eq!(refused(refusal), Rule::OfflineAllowance);
            false
        }
    });
    posted.collect()
}

/// 120 kr. a card and 150 a till: it is the price that counts.
pub async fn no_allowance_tells_the_class(world: &World) {
    let kiosk = world.kiosk().await;
    world.fund(&kiosk, ANNA, kr(1000)).await;
    world.fund(&kiosk, BO, kr(1000)).await;
    for class in PriceClass::ALL {
        put_into(world, class).await;
        // Each till has an allowance of its own.
        let till = world.till().await;
        let sales =
            [(1, 70, None), (1, 51, None), (1, 50, None), (1, 1, None), (2, 31, None), (2, 30, None), (2, 1, None)];
        let outcomes = sold_offline(world, &till, &sales).await;
        assert_eq!(told(&outcomes), [true, false, true, false, false, true, false], "{class:?}");
    }
}

pub async fn what_an_authorisation_held_counts_by_its_price(world: &World) {
    let kiosk = world.kiosk().await;
    world.fund(&kiosk, ANNA, kr(1000)).await;
    world.fund(&kiosk, BO, kr(1000)).await;
    for class in PriceClass::ALL {
        put_into(world, class).await;
        let till = world.till().await;
        // A hold of 100 kr. of which 60 are sold; the rest of it went back and was not sold.
        let (held, outcome) = authorise(world, &till, kr(100)).await;
        assert_eq!(outcome, Outcome::Posted);
        let sales = [(1, 60, Some(held)), (1, 61, None), (1, 60, None), (1, 1, None), (2, 31, None), (2, 30, None)];
        let outcomes = sold_offline(world, &till, &sales).await;
        assert_eq!(told(&outcomes), [true, false, true, false, false, true], "{class:?}");
    }
}

/// What a till and a kiosk are told is the same text for everybody, but for the balance that the holder is shown.
pub async fn no_answer_tells_the_class(world: &World) {
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    world.fund(&kiosk, ANNA, kr(500)).await;
    let blank = OperationId::new(uuid::Uuid::nil());
    let mut told = Vec::new();
    for class in PriceClass::ALL {
        put_into(world, class).await;
        let sale = world.sale(kr(35));
        let said = world.store.purchase(SCHOOL, till.id, sale, START).await.unwrap();
        let Purchasing::Settled { answer, .. } = said else { panic!("{said:?}") };
        let order = world.order(&kiosk, lasagne("K1-1"));
        let pushing = world.store.push(kiosk.id, Push { operations: vec![order] }, START).await.unwrap();
        let Pushing::Settled(pushed) = pushing else { panic!("{pushing:?}") };
        let accounts = pushed.accounts.into_iter().map(|account| Account { balance: kr(0), version: 0, ..account });
        let orders = pushed.orders.into_iter().map(|order| Order { id: blank, ..order });
        let answers = pushed.answers.into_iter().map(|answer| answer.outcome).collect::<Vec<_>>();
        let kiosk_is_told = (answers, accounts.collect::<Vec<_>>(), orders.collect::<Vec<_>>());
        told.push(serde_json::to_string(&(PurchaseAnswer { id: blank, ..answer }, kiosk_is_told)).unwrap());
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0], told[2]);
    let everything = world.store.changes(SCHOOL, 0, 10_000, TUESDAY).await.unwrap();
    let everything = serde_json::to_string(&everything).unwrap();
    for word in ["price_class", "subsid", "reduced", "\"free\""] {
        assert!(!everything.contains(word), "{word}");
    }
}
