//! The change feed, codes and devices.

use jiff::SignedDuration;
use jiff::civil::Date;
use madkort_protocol::*;
use sync_server::store::*;
use uuid::Uuid;

use crate::ledgers::*;

pub async fn changes_come_by_cursor(world: &World) {
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    let all = world.store.changes(SCHOOL, 0, 1000, TUESDAY).await.unwrap();
    assert_eq!((all.people.len(), all.cards.len(), all.accounts.len(), all.days.len()), (3, 4, 3, 1));
    assert!(all.school.is_some() && !all.more);
    let nothing = world.store.changes(SCHOOL, all.cursor, 1000, TUESDAY).await.unwrap();
    assert_eq!(nothing, Changes { cursor: all.cursor, ..Changes::default() });

    let mut waiting = world.store.latest(SCHOOL);
    waiting.mark_unchanged();
    world.fund(&kiosk, ANNA, kr(100)).await;
    world.buy(&till, &world.sale(kr(20))).await;
    assert!(waiting.has_changed().unwrap());
    // A thing has one place in the feed, that of its last change.
    let since = world.store.changes(SCHOOL, all.cursor, 1000, TUESDAY).await.unwrap();
    assert_eq!(
        since.accounts.iter().map(|account| (account.id, account.balance)).collect::<Vec<_>>(),
        [(ANNA, kr(80))]
    );
    assert!(since.people.is_empty() && since.cards.is_empty() && since.cursor > all.cursor);

    // Page by page, nothing is left out and nothing comes twice.
    let (mut cursor, mut seen) = (0, 0);
    loop {
        let page = world.store.changes(SCHOOL, cursor, 3, Date::MIN).await.unwrap();
        seen += page.people.len() + page.cards.len() + page.accounts.len() + page.products.len() + page.days.len();
        seen += usize::from(page.school.is_some());
        assert!(page.cursor > cursor);
        cursor = page.cursor;
        if !page.more {
            break;
        }
    }
    assert_eq!((seen, cursor), (14, since.cursor));
    let later = world.store.changes(SCHOOL, 0, 1000, TUESDAY.tomorrow().unwrap()).await.unwrap();
    assert!(later.days.is_empty());
}

pub async fn a_restored_feed_is_told_again(world: &World) {
    let all = world.store.changes(SCHOOL, 0, 1000, TUESDAY).await.unwrap();
    let again = world.store.changes(SCHOOL, all.cursor + 1000, 1000, TUESDAY).await.unwrap();
    assert_eq!(again, all);
    let nobody = world.store.changes(SchoolId::new(Uuid::nil()), 0, 1000, TUESDAY).await.unwrap();
    assert_eq!(nobody, Changes::default());
}

pub async fn codes_run_out(world: &World) {
    let take = |at| world.store.take_code_try(SCHOOL, ANNAS_CARD, CardStatus::Active, at);
    let mut looked = 0;
    let until = loop {
        match take(START).await.unwrap() {
            CodeTry::Look { tries_left, .. } => {
                looked += 1;
                assert!(looked < 100, "{tries_left} tries left and no end");
            }
            CodeTry::Wait { until } => break until,
            CodeTry::Unknown => panic!("the card is there"),
        }
    };
    assert!(looked >= 3 && until > START, "{looked}");
    // At once or one by one, on this server or on another.
    let (one, two) = tokio::join!(take(START), take(START));
    assert!(matches!((one.unwrap(), two.unwrap()), (CodeTry::Wait { .. }, CodeTry::Wait { .. })));
    assert!(matches!(take(until).await.unwrap(), CodeTry::Look { .. }));
    world.store.code_was_right(ANNAS_CARD).await.unwrap();
    assert!(matches!(take(START).await.unwrap(), CodeTry::Look { .. }));
    for card in [BLOCKED_CARD, CardId::new(Uuid::nil())] {
        assert_eq!(world.store.take_code_try(SCHOOL, card, CardStatus::Active, START).await.unwrap(), CodeTry::Unknown);
    }
}

pub async fn devices_come_once_and_are_shut_out(world: &World) {
    let key = |n| SigningKey::from_seed([n; 32]).public();
    let code = |n| NewCode {
        hash: [n; 32],
        school: SCHOOL,
        kind: DeviceKind::Kiosk,
        name: "Foyer".into(),
        expires_at: START + SignedDuration::from_mins(10),
    };
    let device = |n: u8, code, public_key| NewDevice {
        id: DeviceId::new(Uuid::from_u128(n.into())),
        code_hash: [code; 32],
        kind: DeviceKind::Kiosk,
        name: "Foyer".into(),
        public_key,
    };
    let enrol = |device| world.store.enrol(device, START);
    world.store.add_enrolment_code(code(1)).await.unwrap();
    world.store.add_enrolment_code(code(2)).await.unwrap();
    assert_eq!(enrol(device(1, 9, key(1))).await.unwrap(), None, "no such code");
    let late = START + SignedDuration::from_mins(11);
    assert_eq!(world.store.enrol(device(1, 1, key(1)), late).await.unwrap(), None, "too late");
    let till = NewDevice { kind: DeviceKind::Register, ..device(1, 1, key(1)) };
    assert_eq!(enrol(till).await.unwrap(), None, "not for a till");
    let first = enrol(device(1, 1, key(1))).await.unwrap().unwrap();
    assert_eq!(enrol(device(3, 1, key(1))).await.unwrap().as_ref(), Some(&first), "the answer was lost on the way");
    assert_eq!(enrol(device(4, 1, key(4))).await.unwrap(), None, "the code is used up");
    let second = enrol(device(2, 2, key(2))).await.unwrap().unwrap();
    assert_ne!(first.short_name, second.short_name);
    assert_eq!(world.store.device(first.id).await.unwrap().as_ref(), Some(&first));

    assert!(world.store.revoke(first.id, START).await.unwrap());
    assert!(world.store.device(first.id).await.unwrap().unwrap().revoked);
    assert!(!world.store.revoke(DeviceId::new(Uuid::nil()), START).await.unwrap());
    let push = world.store.push(first.id, Push { operations: vec![] }, START).await.unwrap();
    assert_eq!(push, Pushing::UnknownDevice);
}

pub async fn request_counts_only_grow(world: &World) {
    let kiosk = world.kiosk().await;
    for (noted, stands) in [(5, 5), (3, 5), (9, 9)] {
        world.store.note_request(kiosk.id, noted);
        world.store.alive().await.unwrap();
        let again = world.second();
        assert_eq!(again.device(kiosk.id).await.unwrap().unwrap().request_count, stands);
    }
}
