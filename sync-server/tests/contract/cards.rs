//! Cards blocked, opened and replaced, and the record of it, on either engine.

use jiff::SignedDuration;
use madkort_protocol::*;
use sync_server::store::*;
use uuid::Uuid;

use crate::ledgers::*;
use crate::money::mandate;

const NEW: CardId = CardId::new(Uuid::from_u128(0xf2));

pub async fn a_card_is_blocked_opened_and_replaced_and_it_is_written_down(world: &World) {
    let (store, kiosk) = (&world.store, world.kiosk().await);
    let number = |n: u8| card(NEW, n, 1, CardStatus::Active).number;
    let status = async |id| store.card(SCHOOL, id).await.unwrap().unwrap().status;
    let at = |seconds| START + SignedDuration::from_secs(seconds);
    let block = |blocked, seconds| store.block_at_office(SCHOOL, number(1), blocked, at(seconds));
    assert_eq!(block(true, 1).await.unwrap(), Blocking::Done);
    assert_eq!(block(false, 2).await.unwrap(), Blocking::Done);
    let session = NewSession { hash: [7; 32], school: SCHOOL, device: kiosk.id, card: ANNAS_CARD, expires_at: at(600) };
    let record = Uuid::from_u128(0xdeed);
    assert!(!store.open_own_card(session.clone(), record, at(3)).await.unwrap(), "it is not blocked");
    let stopped = card(ANNAS_CARD, 1, 1, CardStatus::BlockedByHolder);
    store.put(SCHOOL, vec![Thing::Card(stopped)]).await.unwrap();
    assert!(store.open_own_card(session, record, at(4)).await.unwrap());
    assert_eq!(status(ANNAS_CARD).await, CardStatus::Active);
    assert_eq!(store.session([7; 32], kiosk.id, at(5)).await.unwrap().map(|session| session.card), Some(ANNAS_CARD));

    let new = |n| NewCard { id: NEW, uid: uid(n), number: number(n), code: card(NEW, n, 1, CardStatus::Active).code };
    let replace = |n| store.replace_card(SCHOOL, number(1), new(n), at(6));
    assert_eq!(replace(2).await.unwrap(), Replacing::NumberTaken);
    assert_eq!(replace(40).await.unwrap(), Replacing::Done);
    assert_eq!((status(ANNAS_CARD).await, status(NEW).await), (CardStatus::Replaced, CardStatus::Active));
    assert_eq!(store.session([7; 32], kiosk.id, at(7)).await.unwrap(), None, "whoever was in is out");
    assert!(store.has_guardian(SCHOOL, ANNA).await.unwrap() && !store.has_guardian(SCHOOL, BO).await.unwrap());

    let anna = Uuid::from_u128(1);
    let deeds = store.deeds(SCHOOL, anna).await.unwrap();
    let told: Vec<_> = deeds.iter().map(|d| (d.what.as_str(), d.by.is_some(), d.by_name.as_deref())).collect();
    let office = |what| (what, false, None);
    assert_eq!(
        told,
        [
            office("card-blocked"),
            office("card-opened"),
            ("card-opened", true, Some("Anna And")),
            office("card-replaced")
        ]
    );
    let device = store.device(kiosk.id).await.unwrap().unwrap();
    assert_eq!(deeds[2].at_device, Some(device.short_name));
    let by = Doer { record: Uuid::from_u128(1), person: PersonId::new(anna), card: NEW, device: kiosk.id };
    let pause = MandateChange { account: ANNA, wish: MandateWish::Pause, by };
    assert_eq!(store.change_mandate(pause, at(8)).await.unwrap(), None);
    assert_eq!(store.deeds(SCHOOL, anna).await.unwrap().len(), 4, "of what there is not, nothing is done");
    store.put_mandate(mandate(0xe1)).await.unwrap();
    let stranger = Doer { card: GUEST_CARD, ..by };
    assert_eq!(store.change_mandate(MandateChange { by: stranger, ..pause }, at(8)).await.unwrap(), None);
    for _ in 0..2 {
        let paused = store.change_mandate(pause, at(8)).await.unwrap().unwrap().auto_recharge.unwrap();
        assert_eq!(paused.state, AutoRechargeState::Suspended);
    }
    let told = store.deeds(SCHOOL, anna).await.unwrap();
    assert_eq!((told.len(), told[4].what.as_str()), (5, "auto-recharge-paused"), "once, with what it tells of");

    // What else the office does is written down in the same way.
    store.revoke(kiosk.id, at(9)).await.unwrap();
    store.turn_cpr(SCHOOL, true, at(10)).await.unwrap();
    store.put_cpr(SCHOOL, vec![(PersonId::new(anna), Some(vec![1]))], at(11)).await.unwrap();
    let words = async |about| {
        let deeds = store.deeds(SCHOOL, about).await.unwrap();
        deeds.into_iter().map(|deed| deed.what).collect::<Vec<_>>()
    };
    assert_eq!(words(kiosk.id.uuid()).await, ["device-revoked"]);
    assert_eq!(words(SCHOOL.uuid()).await, ["cpr-turned-on"]);
    assert_eq!(words(anna).await.last().map(String::as_str), Some("cpr"));
}
