//! Puts the demo school into an empty database, day by day.
//!
//! **Invariant:** balances come from postings only; a line the ledger refuses stops the whole.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, phc::PasswordHash};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use madkort_ledger::PriceClass;
use madkort_ledger::recharge::{Answer, BELOW, Caps, Event, Stop};
use madkort_protocol::{
    AccountKind, Allergies, CardNumber, CardRecord, CardStatus, CardUid, CodeVerifier, DeviceId, DeviceKind, Language,
    LineRequest, MenuDay, Money, Operation, OperationBody, OperationId, Outcome, Person, PersonKind, PlaceOrder,
    PurchaseRequest, Push, SigningKey,
};
use sha2::{Digest, Sha256};

use super::history::{Happening, What, history};
use super::people::{self, ELIAS, MALTHE, NOAH, OLD_CARD, ROWS, Row};
use super::{DemoCard, DemoError, DemoSchool, danish, food, ids, school};
use crate::payments::cards::{TEST_CARDS, TestCard};
use crate::payments::{Sandbox, sandbox};
use crate::store::{
    DepositOpening, Mandate, MandateState, Moved, NewAccount, NewCode, NewDeposit, NewDevice, Purchasing, Pushing,
    Stepping, Store, Thing,
};

/// Orders sold in one go: more than a day has.
const A_DAYS_ORDERS: u32 = 200;
/// From the payment page to the money.
const PAYING: SignedDuration = SignedDuration::from_secs(90);
/// Letters marked as sent in one go.
const LETTERS: u32 = 500;

/// What the devices of the history are called.
const KIOSK: &str = "Kiosk i aulaen (historik)";
const REGISTER: &str = "Kassen (historik)";

/// The devices the history was posted by; revoked when it is told.
#[must_use]
pub fn history_devices() -> [DeviceId; 2] {
    [KIOSK, REGISTER].map(ids::device)
}

/// Fills an empty database. `today` decides everything that has a date.
pub async fn load(store: &dyn Store, sandbox: &Sandbox, today: Date) -> Result<DemoSchool, DemoError> {
    if !store.schools().await?.is_empty() {
        return Err(DemoError::NotEmpty);
    }
    let danish = danish()?;
    let happenings = history(today, &danish)?;
    let days = food::menus(today, &danish)?;
    let first = happenings.first().map_or(Timestamp::UNIX_EPOCH, |happening| happening.at);
    let start = first.checked_sub(SignedDuration::from_hours(24))?;

    store.put(ids::school(), everything(&days)?).await?;
    for row in ROWS.iter().filter(|row| row.track().is_some()) {
        store.set_track(ids::school(), ids::person(row.n), row.track().map(str::to_owned)).await?;
    }
    for row in ROWS.iter().filter(|row| row.pays != PriceClass::Paid) {
        store.set_price_class(ids::school(), ids::account(row.n), row.pays).await?;
    }
    for (person, card, _) in mandates() {
        sandbox.store_card(&card_name(person), card).await?;
        // A suspended one was active while the history happened.
        store.put_mandate(mandate(person, card, MandateState::Active, start)).await?;
    }
    let mut loader = Loader::begin(store, start).await?;
    let mut cut_offs = days.iter().filter(|day| day.date < today).map(|day| day.cut_off).peekable();
    for happening in happenings {
        while let Some(cut_off) = cut_offs.next_if(|cut_off| *cut_off < happening.at) {
            loader.capture(cut_off).await?;
        }
        loader.post(&happening).await?;
    }
    for cut_off in cut_offs {
        loader.capture(cut_off).await?;
    }
    loader.end().await?;
    send_letters(store).await?;
    for (person, card, state) in mandates() {
        if state != MandateState::Active {
            store.put_mandate(mandate(person, card, state, start)).await?;
        }
    }
    store.put(ids::school(), vec![Thing::Card(lost_card()?)]).await?;
    for (person, allergens, block) in people::ALLERGIES {
        let allergies = Allergies::new(ids::person(*person), allergens.to_vec(), *block);
        store.set_allergies(ids::school(), allergies, None, start).await?;
    }
    summary(store, today, &days).await
}

fn mandates() -> [(u32, &'static TestCard, MandateState); 3] {
    let [good, expired] = [&TEST_CARDS[0], &TEST_CARDS[3]];
    [
        (MALTHE, good, MandateState::Active),
        (NOAH, good, MandateState::Active),
        (ELIAS, expired, MandateState::Suspended(Stop::CardGone)),
    ]
}

fn card_name(person: u32) -> String {
    format!("card-of-{}", ids::person(person))
}

fn mandate(person: u32, card: &TestCard, state: MandateState, since: Timestamp) -> Mandate {
    Mandate {
        id: ids::mandate(person),
        school: ids::school(),
        account: ids::account(person),
        amount: Money::from_kroner(100),
        below: BELOW,
        state,
        gateway: sandbox::NAME.to_owned(),
        reference: card_name(person),
        caps: Caps {
            day: Money::from_kroner(200),
            week: Some(Money::from_kroner(400)),
            month: Money::from_kroner(1_000),
        },
        email: row(person).and_then(|row| row.email).unwrap_or_default().to_owned(),
        terms_version: school::TERMS_VERSION.to_owned(),
        language: Language::Danish,
        given_by: ids::person(person),
        created_at: since,
        changed_by: None,
        changed_at: None,
        last_four: Some(card.number[card.number.len() - 4..].to_owned()),
    }
}

fn row(n: u32) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.n == n)
}

fn everything(days: &[MenuDay]) -> Result<Vec<Thing>, DemoError> {
    let mut things = vec![Thing::School(school::school())];
    for row in ROWS {
        let kind = if row.kind == PersonKind::Guest { AccountKind::Guest } else { AccountKind::Card };
        let also = people::also_uses(row.n).iter().copied();
        things.push(Thing::Person(Person {
            id: ids::person(row.n),
            name: row.name.to_owned(),
            kind: row.kind,
            class: row.class.map(str::to_owned),
            email: row.email.map(str::to_owned),
            language: row.language,
            accounts: std::iter::once(row.n).chain(also).map(ids::account).collect(),
        }));
        let (id, owner) = (ids::account(row.n), ids::person(row.n));
        things.push(Thing::Account(NewAccount { id, owner, label: row.label.to_owned(), kind }));
        things.push(Thing::Card(card(row)?));
    }
    let (n, uid, code) = OLD_CARD;
    things.push(Thing::Card(CardRecord {
        id: ids::card(n),
        uid: CardUid::parse(uid)?,
        number: CardNumber::from_first_13(&people::number_series(n))?,
        person: ids::person(people::TOBIAS),
        status: CardStatus::Replaced,
        ask_code: false,
        code: verifier(n, code)?,
    }));
    let pictures = food::pictures()?;
    things.extend(food::products(&pictures).into_iter().map(Thing::Product));
    things.extend(pictures.into_iter().map(Thing::Picture));
    things.extend(days.iter().cloned().map(Thing::Day));
    Ok(things)
}

/// Active, whatever it is later: the history was made with it.
fn card(row: &Row) -> Result<CardRecord, DemoError> {
    Ok(CardRecord {
        id: ids::card(row.n),
        uid: CardUid::parse(row.uid)?,
        number: CardNumber::from_first_13(&people::number_series(row.n))?,
        person: ids::person(row.n),
        status: CardStatus::Active,
        ask_code: row.ask_code,
        code: verifier(row.n, row.code)?,
    })
}

fn lost_card() -> Result<CardRecord, DemoError> {
    let row = row(people::OSKAR).ok_or_else(|| DemoError::History("no Oskar".to_owned()))?;
    Ok(CardRecord { status: row.status, ..card(row)? })
}

fn verifier(n: u32, code: &str) -> Result<CodeVerifier, DemoError> {
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(code.as_bytes(), &ids::salt(n))
        .map_err(|error| DemoError::History(error.to_string()))?;
    Ok(CodeVerifier::new(hash.to_string()))
}

/// The letters of the history went out when they were written.
async fn send_letters(store: &dyn Store) -> Result<(), DemoError> {
    loop {
        let letters = store.lease_mails(Timestamp::MAX, LETTERS, |_, now| now).await?;
        if letters.is_empty() {
            return Ok(());
        }
        for letter in letters {
            store.mail_sent(letter.id, letter.created_at).await?;
        }
    }
}

/// Posts the history as two devices that are shut out again when it is told: their keys are no secret.
struct Loader<'a> {
    store: &'a dyn Store,
    kiosk: DeviceId,
    register: DeviceId,
    short_name: String,
    seq: u64,
    count: u32,
    last: Timestamp,
}

impl<'a> Loader<'a> {
    async fn begin(store: &'a dyn Store, start: Timestamp) -> Result<Self, DemoError> {
        let (kiosk, short_name) = enrol(store, DeviceKind::Kiosk, KIOSK, start).await?;
        let (register, _) = enrol(store, DeviceKind::Register, REGISTER, start).await?;
        Ok(Self { store, kiosk, register, short_name, seq: 0, count: 0, last: start })
    }

    async fn end(self) -> Result<(), DemoError> {
        self.store.revoke(self.kiosk, self.last).await?;
        self.store.revoke(self.register, self.last).await?;
        Ok(())
    }

    async fn capture(&mut self, cut_off: Timestamp) -> Result<(), DemoError> {
        let after = cut_off.checked_add(SignedDuration::from_secs(1))?;
        self.store.capture_due(after, A_DAYS_ORDERS).await?;
        self.last = after;
        Ok(())
    }

    async fn post(&mut self, happening: &Happening) -> Result<(), DemoError> {
        self.count += 1;
        let id = ids::operation(self.count, happening.at);
        match &happening.what {
            What::Deposit(amount) => self.deposit(id, happening, *amount).await?,
            What::Purchase(dish) => self.purchase(id, happening, *dish).await?,
            What::Order { delivery, lines } => self.order(id, happening, *delivery, lines).await?,
            What::Recharge(amount) => self.recharge(id, happening, *amount).await?,
        }
        self.last = happening.at;
        Ok(())
    }

    async fn deposit(&self, id: OperationId, happening: &Happening, amount: Money) -> Result<(), DemoError> {
        let deposit = NewDeposit {
            id,
            device: self.kiosk,
            card: ids::card(happening.person),
            account: ids::account(happening.person),
            amount,
            email: row(happening.person).and_then(|row| row.email).unwrap_or("kantinen@hojager.example").to_owned(),
            terms_version: school::TERMS_VERSION.to_owned(),
            language: Language::Danish,
            gateway: sandbox::NAME.to_owned(),
            page: hex::encode(Sha256::digest(format!("madkort demo school/page/{}", self.count)))[..32].to_owned(),
            expires_at: happening.at.checked_add(crate::payments::PAGE_OPEN)?,
        };
        let opened = self.store.open_deposit(deposit, happening.at).await?;
        if !matches!(opened, DepositOpening::Opened(_)) {
            return Err(DemoError::History(format!("{happening:?}: {opened:?}")));
        }
        let paid = self.store.pay_deposit(id, amount, happening.at.checked_add(PAYING)?).await?;
        if matches!(paid, Moved::Moved(_)) {
            Ok(())
        } else {
            Err(DemoError::History(format!("{happening:?}: {paid:?}")))
        }
    }

    async fn purchase(&mut self, id: OperationId, happening: &Happening, dish: u32) -> Result<(), DemoError> {
        let product = food::product(dish).ok_or_else(|| DemoError::History(format!("no product {dish}")))?;
        let request = PurchaseRequest {
            id,
            card_uid: CardUid::parse(row(happening.person).map_or("", |row| row.uid))?,
            amount: product.price,
            vat_percent: product.vat_percent,
            text: product.name_da,
            authorisation: None,
        };
        match self.store.purchase(ids::school(), self.register, request, happening.at).await? {
            Purchasing::Settled { answer, .. } if answer.outcome == Outcome::Posted => Ok(()),
            other => Err(DemoError::History(format!("{happening:?}: {other:?}"))),
        }
    }

    async fn order(
        &mut self,
        id: OperationId,
        happening: &Happening,
        date: Date,
        lines: &[(u32, u32, &str)],
    ) -> Result<(), DemoError> {
        let mut requests = Vec::new();
        let mut total = 0;
        for (dish, quantity, comment) in lines {
            let product = food::product(*dish).ok_or_else(|| DemoError::History(format!("no product {dish}")))?;
            total += product.price.ore() * i64::from(*quantity);
            let comment = (*comment).to_owned();
            requests.push(LineRequest { product: product.id, quantity: *quantity, price: product.price, comment });
        }
        self.seq += 1;
        let body = OperationBody::PlaceOrder(PlaceOrder {
            number: format!("{}-{}", self.short_name, self.seq),
            card: ids::card(happening.person),
            account: ids::account(happening.person),
            date,
            lines: requests,
            total: Money::from_ore(total),
        });
        let operation = Operation { id, seq: self.seq, claimed_at: happening.at, offline: false, body };
        match self.store.push(self.kiosk, Push { operations: vec![operation] }, happening.at).await? {
            Pushing::Settled(pushed) if pushed.answers.iter().all(|answer| answer.outcome == Outcome::Posted) => Ok(()),
            other => Err(DemoError::History(format!("{happening:?}: {other:?}"))),
        }
    }

    async fn recharge(&self, id: OperationId, happening: &Happening, amount: Money) -> Result<(), DemoError> {
        let account = ids::account(happening.person);
        let settled = happening.at.checked_add(SignedDuration::from_secs(2))?;
        let answer = Event::Answered { charge: id, answer: Answer::Succeeded };
        for (event, now) in [(Event::Posted, happening.at), (Event::Sending, happening.at), (answer, settled)] {
            let stepping = Stepping { account, event, mandate: None, reference: None, new_id: id, now };
            let stepped = self.store.recharge(stepping).await?;
            if stepped.is_none_or(|stepped| stepped.charge.is_none_or(|charge| charge.amount != amount)) {
                return Err(DemoError::History(format!("{happening:?}: no charge by {event:?}")));
            }
        }
        Ok(())
    }
}

async fn enrol(
    store: &dyn Store,
    kind: DeviceKind,
    name: &str,
    now: Timestamp,
) -> Result<(DeviceId, String), DemoError> {
    let hash: [u8; 32] = Sha256::digest(format!("madkort demo school/enrolment/{name}")).into();
    let code = NewCode {
        hash,
        school: ids::school(),
        kind,
        name: name.to_owned(),
        expires_at: now.checked_add(SignedDuration::from_mins(1))?,
    };
    store.add_enrolment_code(code).await?;
    let device = NewDevice {
        id: ids::device(name),
        code_hash: hash,
        kind,
        name: name.to_owned(),
        public_key: SigningKey::from_seed(hash).public(),
    };
    let device = store.enrol(device, now).await?.ok_or_else(|| DemoError::History(format!("{name} was not let in")))?;
    Ok((device.id, device.short_name))
}

async fn summary(store: &dyn Store, today: Date, days: &[MenuDay]) -> Result<DemoSchool, DemoError> {
    let mut cards = Vec::new();
    for row in ROWS {
        let (account, card) = (ids::account(row.n), ids::card(row.n));
        let balance = store.account(ids::school(), account).await?.map_or(Money::ZERO, |account| account.balance);
        cards.push(DemoCard {
            name: row.name.to_owned(),
            kind: row.kind,
            class: row.class.map(str::to_owned),
            language: row.language,
            person: ids::person(row.n),
            account,
            label: row.label.to_owned(),
            balance,
            card,
            uid: row.uid.to_owned(),
            number: CardNumber::from_first_13(&people::number_series(row.n))?.as_digits().to_owned(),
            code: row.code.to_owned(),
            ask_code: row.ask_code,
            status: row.status,
            shows: row.shows.to_owned(),
        });
    }
    if let Some(new) = cards.iter().find(|card| card.person == ids::person(people::TOBIAS)).cloned() {
        let (n, uid, code) = OLD_CARD;
        cards.push(DemoCard {
            card: ids::card(n),
            uid: uid.to_owned(),
            number: CardNumber::from_first_13(&people::number_series(n))?.as_digits().to_owned(),
            code: code.to_owned(),
            status: CardStatus::Replaced,
            shows: "A card that another one has replaced".to_owned(),
            ..new
        });
    }
    let next_school_day = days.iter().map(|day| day.date).find(|date| *date > today).unwrap_or(today);
    let payment_cards = TEST_CARDS.iter().map(|card| (card.grouped(), card.en.to_owned())).collect();
    Ok(DemoSchool { school: school::school().name, today, next_school_day, cards, payment_cards })
}
