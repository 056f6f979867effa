//! The books a measurement runs on: one school with accounts, cards and tills, behind whichever engine a URL names.
//!
//! **Invariant:** what is made here is the same on every engine and on every run: ids, card UIDs and keys follow from their number.

use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use madkort_protocol::{
    AccountId, AccountKind, CardId, CardNumber, CardRecord, CardStatus, CardUid, CodeVerifier, DepositLimits, DeviceId,
    DeviceKind, Issuer, Language, Money, OfflineLimits, OperationId, Person, PersonId, PersonKind, PublicKey,
    PurchaseRequest, School, SchoolId, SigningKey, TapPolicy, Terms,
};
use sync_server::enrolment;
use sync_server::store::{
    self, DatabaseUrl, DepositOpening, Moved, NewAccount, NewCode, NewDeposit, NewDevice, Store, Thing,
};
use uuid::Uuid;

/// Accounts with a card each: a large school.
pub const ACCOUNTS: u32 = 1_000;
/// Tills: one for each connection there can be.
pub const TILLS: u32 = 256;
/// The one kiosk, numbered after the tills: money is paid in there.
const KIOSK: u32 = TILLS;
/// What a purchase costs: 80 øre and 20 øre VAT, so that the most a gateway may bring lasts for any run.
pub const PRICE: Money = Money::from_ore(100);
/// VAT inside it, in percent.
pub const VAT: u8 = 25;
/// On the statement.
pub const TEXT: &str = "Dagens ret";
/// On each account at the beginning: the most that comes in one deposit, and more than any run spends on one of them.
const PAID_IN: Money = Money::from_kroner(1_000_000);
/// Deposits on the way at once while the books are filled: fewer than the store lets wait.
const AT_ONCE: usize = 256;
/// The only school.
pub const SCHOOL: SchoolId = SchoolId::new(Uuid::from_u128(0x5c));

/// Which accounts pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payers {
    /// Each in turn.
    Uniform,
    /// One pays everything.
    Hot,
}

/// A till as the load generator knows it.
pub struct Till {
    /// Its id.
    pub id: DeviceId,
    /// With which it signs.
    pub key: SigningKey,
    /// Its last request count.
    pub count: u64,
}

/// Opens the books that a URL names, empty ones included.
pub fn open(url: &str) -> Result<Arc<dyn Store>> {
    let url = DatabaseUrl::parse(url)?;
    store::migrate(&url)?;
    Ok(store::open(&url)?)
}

/// Puts the school with its accounts, money and tills into empty books, and answers the tills. Books that have them are left as
/// they are.
pub async fn fill(store: &Arc<dyn Store>) -> Result<Vec<Till>> {
    let now = Timestamp::now();
    if store.school(SCHOOL).await?.is_none() {
        let people = (0..ACCOUNTS).map(person).collect::<Result<Vec<_>>>()?;
        store
            .put(SCHOOL, std::iter::once(Thing::School(school())).chain(people.into_iter().flatten()).collect())
            .await?;
    }
    // Many at once, so that they share their commits.
    let enrolling: Vec<_> =
        (0..TILLS).map(|number| tokio::spawn(enrol(Arc::clone(store), number, DeviceKind::Register, now))).collect();
    let mut tills = Vec::new();
    for till in enrolling {
        tills.push(till.await??);
    }
    let kiosk = enrol(Arc::clone(store), KIOSK, DeviceKind::Kiosk, now).await?.id;
    for numbers in (0..ACCOUNTS).collect::<Vec<_>>().chunks(AT_ONCE) {
        let paying: Vec<_> =
            numbers.iter().map(|number| tokio::spawn(pay_in(Arc::clone(store), kiosk, *number, now))).collect();
        for paid in paying {
            paid.await??;
        }
    }
    Ok(tills)
}

/// A sale with an id of this moment; the number says who pays.
pub fn sale(number: u32, payers: Payers) -> Result<PurchaseRequest> {
    let payer = if payers == Payers::Hot { 0 } else { number % ACCOUNTS };
    Ok(PurchaseRequest {
        id: OperationId::new(Uuid::now_v7()),
        card_uid: uid(payer)?,
        amount: PRICE,
        vat_percent: VAT,
        text: TEXT.to_owned(),
        authorisation: None,
    })
}

/// The UID of an account's card.
pub fn uid(account: u32) -> Result<CardUid> {
    Ok(CardUid::parse(&format!("04{account:012X}"))?)
}

/// The id of an account.
pub fn account(number: u32) -> AccountId {
    AccountId::new(id(0xa, number))
}

/// A till's id and key.
pub fn till(number: u32) -> (DeviceId, SigningKey) {
    let mut seed = [7; 32];
    seed[..4].copy_from_slice(&number.to_le_bytes());
    (till_id(number), SigningKey::from_seed(seed))
}

/// A till's id.
pub fn till_id(number: u32) -> DeviceId {
    DeviceId::new(id(0x7, number))
}

/// Every till's public key, by which a server knows it.
pub fn keys() -> impl Iterator<Item = (DeviceId, PublicKey)> {
    (0..TILLS).map(till).map(|(id, key)| (id, key.public()))
}

fn id(kind: u128, number: u32) -> Uuid {
    Uuid::from_u128(kind << 64 | u128::from(number))
}

async fn enrol(store: Arc<dyn Store>, number: u32, kind: DeviceKind, now: Timestamp) -> Result<Till> {
    let (id, key) = till(number);
    if let Some(known) = store.device(id).await? {
        return Ok(Till { id, key, count: known.request_count });
    }
    let name = format!("Kasse {number}");
    let hash = enrolment::hash(&name);
    let expires_at = now.checked_add(SignedDuration::from_hours(1))?;
    let code = NewCode { hash, school: SCHOOL, kind, name: name.clone(), expires_at };
    store.add_enrolment_code(code).await?;
    let device = NewDevice { id, code_hash: hash, kind, name, public_key: key.public() };
    ensure!(store.enrol(device, now).await?.is_some(), "a device was not let in");
    Ok(Till { id, key, count: 0 })
}

async fn pay_in(store: Arc<dyn Store>, device: DeviceId, number: u32, now: Timestamp) -> Result<()> {
    let id = OperationId::new(id(0xd, number));
    let deposit = NewDeposit {
        id,
        device,
        card: CardId::new(self::id(0xc, number)),
        account: account(number),
        amount: PAID_IN,
        email: "kasse@skole.example".to_owned(),
        terms_version: "1".to_owned(),
        language: Language::Danish,
        gateway: "sandbox".to_owned(),
        page: format!("page-{number}"),
        expires_at: now.checked_add(SignedDuration::from_hours(1))?,
    };
    match store.open_deposit(deposit, now).await? {
        DepositOpening::Opened(_) => {}
        DepositOpening::Already(_) | DepositOpening::IdReused => return Ok(()),
        DepositOpening::Refused(refusal) => bail!("a deposit was refused: {refusal:?}"),
    }
    ensure!(matches!(store.pay_deposit(id, PAID_IN, now).await?, Moved::Moved(_)), "a deposit was not paid");
    Ok(())
}

fn person(number: u32) -> Result<[Thing; 3]> {
    let person = PersonId::new(id(0xe, number));
    let account = account(number);
    let card = CardRecord {
        id: CardId::new(id(0xc, number)),
        uid: uid(number)?,
        number: CardNumber::from_first_13(&format!("{number:013}"))?,
        person,
        status: CardStatus::Active,
        ask_code: false,
        code: CodeVerifier::new("$argon2id$none".to_owned()),
    };
    let named = Person {
        id: person,
        name: format!("Elev {number}"),
        kind: PersonKind::Pupil,
        class: Some("5.A".to_owned()),
        email: None,
        language: Language::Danish,
        accounts: vec![account],
    };
    let purse = NewAccount { id: account, owner: person, label: named.name.clone(), kind: AccountKind::Card };
    Ok([Thing::Person(named), Thing::Account(purse), Thing::Card(card)])
}

fn school() -> School {
    let kr = Money::from_kroner;
    School {
        id: SCHOOL,
        name: "Prøveskolen".to_owned(),
        issuer: Issuer { name: "Udsteder".to_owned(), cvr: "00000000".to_owned(), address: "Vej 1".to_owned() },
        terms: Terms { version: "1".to_owned(), da: "Vilkår".to_owned(), en: "Terms".to_owned() },
        support_email: "hjaelp@skole.example".to_owned(),
        support_phone: "00 00 00 00".to_owned(),
        tap: TapPolicy::CardDecides,
        offline: OfflineLimits { per_sale: kr(100), per_card: kr(120), per_kiosk: kr(150), hours: 24 },
        deposit: DepositLimits { lowest: kr(50), highest: kr(1000) },
    }
}
