//! How mandates come to be, and how they stand in full.
//!
//! **Invariant:** a card given on a page, the mandate it belongs to, what the state machine makes of it and the line in the record of
//! deeds are one transaction.

use jiff::Timestamp;
use madkort_ledger::recharge::{ARMED_FROM, BELOW, Caps, Event, Stop};
use madkort_protocol::{
    AccountId, Agreement, AutoRechargeCharge, AutoRechargeChargeState, AutoRechargeDetails, AutoRechargeStanding,
    CardId, DeviceId, Language, MandateId, MandatePageState, Money, OperationId, PersonId, SchoolId, StopReason,
};

use crate::store::{
    CARD_LINK_LASTS, ChargeState, Doer, LedBy, Mandate, MandatePageOpening, MandatePageRow, MandateState, Mandates,
    Moved, NewLetterPage, NewMandatePage, Pending, Stepping, StoredCard,
};

use super::charges::{self, put_mandate, standing_mandate};
use super::operations::payer;
use super::session::{First, Session};
use super::value::{Db, Row, corrupt, values, word};
use super::write::Write;
use super::{SqlStore, deeds, rows};

impl Mandates for SqlStore {
    fn open_mandate_page(&self, new: NewMandatePage, now: Timestamp) -> Pending<'_, MandatePageOpening> {
        self.write("opening a page for a payment card", move |write| open(write, &new, now))
    }

    fn mandate_page(&self, id: OperationId) -> Pending<'_, Option<MandatePageRow>> {
        self.read("looking up a page for a payment card", move |db| page(db, id))
    }

    fn open_letter_page(&self, new: NewLetterPage, now: Timestamp) -> Pending<'_, Option<MandatePageRow>> {
        self.write("opening a page that a letter leads to", move |write| open_by_letter(write, &new, now))
    }

    fn mandate_page_of(&self, page: String, hash: [u8; 32]) -> Pending<'_, Option<MandatePageRow>> {
        self.read("looking up a page for a payment card", move |db| {
            db.first("SELECT * FROM mandate_pages WHERE page = $1 OR hash = $2", &values![&page, hash])?
                .as_ref()
                .map(read)
                .transpose()
        })
    }

    fn give_card(&self, id: OperationId, card: StoredCard, now: Timestamp) -> Pending<'_, Moved<MandatePageRow>> {
        self.write("taking a payment card", move |write| give(write, id, &card, now))
    }

    fn close_mandate_page(&self, id: OperationId, to: MandatePageState) -> Pending<'_, Moved<MandatePageRow>> {
        self.write("closing a page for a payment card", move |write| {
            let Some(before) = page(write.db()?, id)? else { return Ok(Moved::Unknown) };
            if before.state != MandatePageState::Open || to == MandatePageState::Given {
                return Ok(Moved::Stands(before));
            }
            set_state(write, id, to)?;
            Ok(Moved::Moved(MandatePageRow { state: to, ..before }))
        })
    }

    fn stale_mandate_pages(&self, now: Timestamp, most: u32) -> Pending<'_, Vec<OperationId>> {
        self.read("looking for stale pages", move |db| {
            db.query(
                "SELECT id FROM mandate_pages WHERE state = $1 AND expires_at <= $2 ORDER BY expires_at, id LIMIT $3",
                &values![word(&MandatePageState::Open)?, now, most],
            )?
            .iter()
            .map(|row| row.col("id").map(OperationId::new))
            .collect()
        })
    }

    fn auto_recharge(&self, school: SchoolId, account: AccountId) -> Pending<'_, Option<AutoRechargeDetails>> {
        self.read("looking at auto top-up", move |db| details(db, school, account))
    }
}

/// What a page says, wherever it has it from.
struct Agreed<'a> {
    begins: bool,
    amount: Money,
    email: &'a str,
    terms_version: &'a str,
}

impl<'a> Agreed<'a> {
    fn before(mandate: &'a Mandate) -> Self {
        let Mandate { amount, email, terms_version, .. } = mandate;
        Self { begins: false, amount: *amount, email, terms_version }
    }
}

/// A page, as it is written down.
struct Opening<'a> {
    id: OperationId,
    school: SchoolId,
    device: Option<DeviceId>,
    card: Option<CardId>,
    mandate: Option<MandateId>,
    account: AccountId,
    terms: Agreed<'a>,
    language: Language,
    gateway: &'a str,
    page: Option<String>,
    hash: Option<[u8; 32]>,
    expires_at: Timestamp,
}

fn open(write: &Write<'_>, new: &NewMandatePage, now: Timestamp) -> Db<MandatePageOpening> {
    if let Some(before) = page(write.db()?, new.id)? {
        let same = same(&before, new);
        return Ok(if same { MandatePageOpening::Open(Box::new(before)) } else { MandatePageOpening::IdReused });
    }
    if write.settled(new.id)?.is_some() {
        return Ok(MandatePageOpening::IdReused);
    }
    let device = write.device(new.device)?.ok_or(corrupt("device"))?;
    if let Err(refusal) = payer(write, &device, new.card, new.account)?.check_card() {
        return Ok(MandatePageOpening::Refused(refusal));
    }
    let standing = standing_mandate(write.db()?, new.account)?;
    let terms = match (&new.agreement, &standing) {
        (Agreement::Begin { amount, email, terms_version }, None) => {
            Agreed { begins: true, amount: *amount, email, terms_version }
        }
        (Agreement::AnotherCard, Some(mandate)) => Agreed::before(mandate),
        _ => return Ok(MandatePageOpening::NotNow),
    };
    let opening = Opening {
        id: new.id,
        school: device.school,
        device: Some(new.device),
        card: Some(new.card),
        mandate: None,
        account: new.account,
        terms,
        language: new.language,
        gateway: &new.gateway,
        page: Some(new.page.clone()),
        hash: None,
        expires_at: new.expires_at,
    };
    insert(write, &opening, now).map(|row| MandatePageOpening::Open(Box::new(row)))
}

fn open_by_letter(write: &Write<'_>, new: &NewLetterPage, now: Timestamp) -> Db<Option<MandatePageRow>> {
    let mandate = charges::mandate(write.db()?, new.mandate)?;
    let Some(mandate) = mandate.filter(|mandate| mandate.state != MandateState::Cancelled) else { return Ok(None) };
    let opening = Opening {
        id: new.id,
        school: mandate.school,
        device: None,
        card: None,
        mandate: Some(mandate.id),
        account: mandate.account,
        terms: Agreed::before(&mandate),
        language: mandate.language,
        gateway: &new.gateway,
        page: None,
        hash: Some(new.hash),
        expires_at: now.saturating_add(CARD_LINK_LASTS).unwrap_or(Timestamp::MAX),
    };
    insert(write, &opening, now).map(Some)
}

fn same(before: &MandatePageRow, new: &NewMandatePage) -> bool {
    let agreed = match &new.agreement {
        Agreement::AnotherCard => !before.begins,
        Agreement::Begin { amount, email, terms_version } => {
            before.begins
                && before.amount == *amount
                && before.email == *email
                && before.terms_version == *terms_version
        }
    };
    let at_kiosk = matches!(before.led_by, LedBy::Kiosk { card, .. } if card == new.card);
    agreed && at_kiosk && before.account == new.account && before.language == new.language
}

fn insert(write: &Write<'_>, new: &Opening<'_>, now: Timestamp) -> Db<MandatePageRow> {
    write.db()?.execute(
        "INSERT INTO mandate_pages (id, school, device, card, mandate, account, begins, amount, email, terms_version,
             language, gateway, page, hash, state, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
             ON CONFLICT (id) DO NOTHING",
        &values![
            new.id.uuid(),
            new.school.uuid(),
            new.device.map(DeviceId::uuid),
            new.card.map(CardId::uuid),
            new.mandate.map(MandateId::uuid),
            new.account.uuid(),
            new.terms.begins,
            new.terms.amount,
            new.terms.email,
            new.terms.terms_version,
            word(&new.language)?,
            new.gateway,
            &new.page,
            new.hash,
            word(&MandatePageState::Open)?,
            now,
            new.expires_at
        ],
    )?;
    page(write.db()?, new.id)?.ok_or(corrupt("page"))
}

fn give(write: &Write<'_>, id: OperationId, card: &StoredCard, now: Timestamp) -> Db<Moved<MandatePageRow>> {
    let Some(before) = page(write.db()?, id)? else { return Ok(Moved::Unknown) };
    if before.state != MandatePageState::Open {
        return Ok(Moved::Stands(before));
    }
    // A letter is about one mandate; another that was given since has a card of its own.
    let meant = |mandate: &Mandate| match before.led_by {
        LedBy::Kiosk { .. } => true,
        LedBy::Letter(about) => about == mandate.id,
    };
    let standing = standing_mandate(write.db()?, before.account)?.filter(meant);
    let state = match (standing, before.begins) {
        // Given on two telephones at once: the second is another card for the first.
        (Some(mandate), _) => {
            change_card(write, &mandate, &before, card, now)?;
            write_down(write, &before, ("auto-recharge-card-changed", card), mandate.given_by, now)?;
            MandatePageState::Given
        }
        (None, true) => {
            let mandate = begun(write, &before, card, now)?;
            put_mandate(write, &mandate)?;
            write_down(write, &before, ("auto-recharge-begun", card), mandate.given_by, now)?;
            MandatePageState::Given
        }
        // Taken back meanwhile: there is nothing to give a card to.
        (None, false) => MandatePageState::Cancelled,
    };
    set_state(write, id, state)?;
    if let LedBy::Letter(about) = before.led_by {
        shut_others(write, about)?;
    }
    Ok(Moved::Moved(MandatePageRow { state, ..before }))
}

/// Writes down which card was given, and by whom. A letter was written to whoever gave the mandate.
fn write_down(
    write: &Write<'_>,
    page: &MandatePageRow,
    (what, given): (&'static str, &StoredCard),
    reader: PersonId,
    now: Timestamp,
) -> Db<()> {
    let account = rows::account(write.db()?, page.school, page.account)?.ok_or(corrupt("account"))?;
    let detail = format!("···· {}", given.last_four);
    let (told, record) = ((account.owner.uuid(), what, detail.as_str()), page.id.uuid());
    match page.led_by {
        LedBy::Kiosk { device, card, .. } => {
            let by = Doer { record, person: holder(write, page.school, card)?, card, device };
            deeds::by_visitor(write, page.school, told, &by, now)
        }
        LedBy::Letter(_) => deeds::by_letter(write, page.school, told, (record, reader), now),
    }
}

fn holder(write: &Write<'_>, school: SchoolId, card: CardId) -> Db<PersonId> {
    Ok(rows::card(write.db()?, school, card)?.ok_or(corrupt("card"))?.person)
}

/// A letter that was sent twice leads to two pages, and one card is enough.
fn shut_others(write: &Write<'_>, about: MandateId) -> Db<()> {
    write.db()?.execute(
        "UPDATE mandate_pages SET state = $1 WHERE mandate = $2 AND state = $3",
        &values![word(&MandatePageState::Cancelled)?, about.uuid(), word(&MandatePageState::Open)?],
    )?;
    Ok(())
}

fn begun(write: &Write<'_>, page: &MandatePageRow, card: &StoredCard, now: Timestamp) -> Db<Mandate> {
    let LedBy::Kiosk { card: on_reader, .. } = page.led_by else { return Err(corrupt("page")) };
    Ok(Mandate {
        id: MandateId::new(page.id.uuid()),
        school: page.school,
        account: page.account,
        amount: page.amount,
        below: BELOW,
        state: MandateState::Active,
        gateway: page.gateway.clone(),
        reference: card.reference.clone(),
        caps: Caps::of(page.amount).map_err(|_| corrupt("amount"))?,
        email: page.email.clone(),
        terms_version: page.terms_version.clone(),
        language: page.language,
        given_by: holder(write, page.school, on_reader)?,
        created_at: now,
        changed_by: None,
        changed_at: None,
        last_four: Some(card.last_four.clone()),
    })
}

fn change_card(
    write: &Write<'_>,
    mandate: &Mandate,
    page: &MandatePageRow,
    card: &StoredCard,
    now: Timestamp,
) -> Db<()> {
    let by = match page.led_by {
        LedBy::Kiosk { card, .. } => Some(card.uuid()),
        LedBy::Letter(_) => None,
    };
    write.db()?.execute(
        "UPDATE mandates SET gateway = $1, reference = $2, last_four = $3, changed_by = $4, changed_at = $5 WHERE id = $6",
        &values![&page.gateway, &card.reference, &card.last_four, by, now, mandate.id.uuid()],
    )?;
    // No charge begins with another card: the next purchase decides.
    let (account, event, new_id) = (mandate.account, Event::CardChanged, page.id);
    charges::step(write, &Stepping { account, event, mandate: Some(mandate.id), reference: None, new_id, now })?;
    write.changed(mandate.school, "account", mandate.account.uuid().as_bytes())
}

fn set_state(write: &Write<'_>, id: OperationId, state: MandatePageState) -> Db<()> {
    write.db()?.execute("UPDATE mandate_pages SET state = $1 WHERE id = $2", &values![word(&state)?, id.uuid()])?;
    Ok(())
}

fn details(db: &dyn Session, school: SchoolId, account: AccountId) -> Db<Option<AutoRechargeDetails>> {
    let paid_in = db.first(
        "SELECT b.deposited FROM accounts a JOIN books b ON b.id = a.book WHERE a.id = $1 AND a.school = $2",
        &values![account.uuid(), school.uuid()],
    )?;
    let Some(paid_in) = paid_in else { return Ok(None) };
    let missing = ARMED_FROM.minus(paid_in.col("deposited")?).unwrap_or_default().max(Money::ZERO);
    let standing = match (standing_mandate(db, account)?, charges::shown(db, account)?) {
        (Some(mandate), Some(auto_recharge)) => Some(AutoRechargeStanding {
            auto_recharge,
            stopped_by: mandate.state.stop().and_then(reason),
            card: mandate.last_four,
            day_cap: mandate.caps.day,
            week_cap: mandate.caps.week,
            month_cap: mandate.caps.month,
        }),
        _ => None,
    };
    let charges = db
        .query(
            "SELECT c.created_at, c.amount, c.state, t.text, t.number, t.at, r.number AS receipt
             FROM charges c JOIN transactions t ON t.id = c.cause LEFT JOIN transactions r ON r.id = c.id
             WHERE c.account = $1 ORDER BY c.created_at DESC, c.id DESC LIMIT $2",
            &values![account.uuid(), AutoRechargeDetails::MOST],
        )?
        .iter()
        .map(charge)
        .collect::<Db<_>>()?;
    Ok(Some(AutoRechargeDetails { account, standing, below: BELOW, armed_from: ARMED_FROM, missing, charges }))
}

fn charge(row: &Row) -> Db<AutoRechargeCharge> {
    let (text, number): (String, String) = (row.col("text")?, row.col("number")?);
    let state = match row.word("state")? {
        ChargeState::Created | ChargeState::Sent | ChargeState::Unknown => AutoRechargeChargeState::UnderWay,
        ChargeState::Succeeded => AutoRechargeChargeState::Paid,
        ChargeState::Declined => AutoRechargeChargeState::Declined,
    };
    Ok(AutoRechargeCharge {
        at: row.col("created_at")?,
        amount: row.col("amount")?,
        state,
        cause: if text.is_empty() { number } else { text },
        caused_at: row.col("at")?,
        receipt: row.col::<Option<String>>("receipt")?.filter(|number| !number.is_empty()),
    })
}

/// A mandate that was taken back is not shown at all.
const fn reason(stop: Stop) -> Option<StopReason> {
    match stop {
        Stop::Declines => Some(StopReason::Declines),
        Stop::ApprovalNeeded => Some(StopReason::ApprovalNeeded),
        Stop::CardGone => Some(StopReason::CardGone),
        Stop::CardStopped => Some(StopReason::CardStopped),
        Stop::OurError => Some(StopReason::OurError),
        Stop::Paused => Some(StopReason::Paused),
        Stop::Cancelled => None,
    }
}

fn page(db: &dyn Session, id: OperationId) -> Db<Option<MandatePageRow>> {
    db.first("SELECT * FROM mandate_pages WHERE id = $1", &values![id.uuid()])?.as_ref().map(read).transpose()
}

fn read(row: &Row) -> Db<MandatePageRow> {
    let led_by = match row.col::<Option<uuid::Uuid>>("mandate")? {
        Some(mandate) => LedBy::Letter(MandateId::new(mandate)),
        None => LedBy::Kiosk {
            device: DeviceId::new(row.col("device")?),
            card: CardId::new(row.col("card")?),
            page: row.col("page")?,
        },
    };
    Ok(MandatePageRow {
        id: OperationId::new(row.col("id")?),
        school: SchoolId::new(row.col("school")?),
        led_by,
        account: AccountId::new(row.col("account")?),
        begins: row.col("begins")?,
        amount: row.col("amount")?,
        email: row.col("email")?,
        terms_version: row.col("terms_version")?,
        language: row.word("language")?,
        gateway: row.col("gateway")?,
        state: row.word("state")?,
        expires_at: row.col("expires_at")?,
    })
}
