//! The person behind a card, as the kiosk knows them now.
//!
//! **Invariant:** a balance shown is the server's minus what this kiosk's own orders take that the server has not answered; an order it refused
//! counts for nothing and shows as refused. A card that was blocked here is blocked here at once.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kiosk_core::{Visitor, VisitorCard};
use madkort_protocol::{
    Account, CardId, CardNumber, CardRecord, CardStatus, CardUid, Money, OperationBody, OperationId, Order, OrderLine,
    OrderState, Person, PersonId, PlaceOrder, Product, SetCardBlock,
};
use rusqlite::{Connection, Row};

use super::{Doing as _, Store, StoreError, bodies, body, cache, deposits, from_json, journal};

impl Store {
    /// The card of a UID: one in use before one that is not, should a piece of plastic have been issued twice.
    pub fn card_of(&self, uid: &CardUid) -> Result<Option<CardId>, StoreError> {
        let mut cards: Vec<CardRecord> =
            bodies(&self.db, "cards", "SELECT body FROM cards WHERE uid = ?1 ORDER BY id DESC", [uid.as_hex()])?;
        cards.sort_by_key(|card| match card.status {
            CardStatus::Active => 0,
            CardStatus::BlockedByHolder | CardStatus::BlockedByGuardian | CardStatus::Blocked => 1,
            CardStatus::Replaced => 2,
        });
        Ok(cards.first().map(|card| card.id))
    }

    /// The card of a number.
    pub fn card_of_number(&self, number: &CardNumber) -> Result<Option<CardId>, StoreError> {
        let sql = "SELECT body FROM cards WHERE number = ?1";
        Ok(body::<CardRecord>(&self.db, "cards", sql, [number.as_digits()])?.map(|card| card.id))
    }

    /// The person behind a card, or `None` if the kiosk does not know card, person or any account of theirs.
    pub fn visitor(&self, card: CardId, today: Date) -> Result<Option<Visitor>, StoreError> {
        let sql = "SELECT body FROM cards WHERE id = ?1";
        let Some(card) = body::<CardRecord>(&self.db, "cards", sql, [card.to_string()])? else { return Ok(None) };
        let sql = "SELECT body FROM people WHERE id = ?1";
        let Some(person) = body::<Person>(&self.db, "people", sql, [card.person.to_string()])? else { return Ok(None) };
        let accounts = self.accounts(&person)?;
        if accounts.is_empty() {
            return Ok(None);
        }
        let deposit = deposits::untold(&self.db, person.id)?;
        let unanswered = Unanswered::of(&self.db)?;
        let cards = self.cards(&card, &owners_of(&accounts), &unanswered)?;
        let mut view = View { orders: self.orders(&accounts, today)?, accounts };
        let products = bodies(&self.db, "products", "SELECT body FROM products", [])?;
        for (id, order) in &unanswered.orders {
            let taken = journal::taken(&self.db, *id)?.unwrap_or(order.total);
            view.place(*id, order, taken, &products)?;
        }
        for (id, order) in refused_orders(&self.db)? {
            view.refuse(id, &order, &products);
        }
        for id in &unanswered.cancels {
            view.cancel(*id, journal::taken(&self.db, *id)?)?;
        }
        let mut orders: Vec<Order> = view.orders.into_values().filter(|order| order.date >= today).collect();
        orders.sort_by_key(|order| (order.date, order.id));
        Ok(Some(Visitor {
            card: card.id,
            card_masked: card.number.masked(),
            status: unanswered.status_of(&card),
            ask_code: card.ask_code,
            person,
            accounts: view.accounts,
            cards,
            unacknowledged: orders.iter().map(|order| order.id).filter(|id| unanswered.concerns(*id)).collect(),
            orders,
            card_unacknowledged: unanswered.sum(|order| order.card == card.id)?,
            kiosk_unacknowledged: unanswered.sum(|_| true)?,
            deposit,
        }))
    }

    /// This kiosk's orders that the server has not answered, and that were not taken back since.
    pub(super) fn unanswered_orders(&self) -> Result<Vec<PlaceOrder>, StoreError> {
        let Unanswered { orders, cancels, .. } = Unanswered::of(&self.db)?;
        Ok(orders.into_iter().filter(|(id, _)| !cancels.contains(id)).map(|(_, order)| order).collect())
    }

    /// The cards of those people, the one that is here first.
    fn cards(
        &self,
        here: &CardRecord,
        owners: &[PersonId],
        unanswered: &Unanswered,
    ) -> Result<Vec<VisitorCard>, StoreError> {
        let mut found: Vec<CardRecord> = vec![here.clone()];
        for owner in owners {
            let sql = "SELECT body FROM cards WHERE person = ?1 ORDER BY id";
            let cards: Vec<CardRecord> = bodies(&self.db, "cards", sql, [owner.to_string()])?;
            found.extend(cards.into_iter().filter(|card| card.id != here.id));
        }
        let card = |card: &CardRecord| VisitorCard {
            id: card.id,
            masked: card.number.masked(),
            person: card.person,
            status: unanswered.status_of(card),
        };
        Ok(found.iter().map(card).collect())
    }

    fn accounts(&self, person: &Person) -> Result<Vec<Account>, StoreError> {
        let find = |id: &madkort_protocol::AccountId| {
            body(&self.db, "accounts", "SELECT body FROM accounts WHERE id = ?1", [id.to_string()]).transpose()
        };
        person.accounts.iter().filter_map(find).collect()
    }

    fn orders(&self, accounts: &[Account], today: Date) -> Result<BTreeMap<OperationId, Order>, StoreError> {
        let mut found = BTreeMap::new();
        for account in accounts {
            let sql = "SELECT body FROM orders WHERE account = ?1 AND date >= ?2";
            let orders: Vec<Order> = bodies(&self.db, "orders", sql, [account.id.to_string(), today.to_string()])?;
            found.extend(orders.into_iter().map(|order| (order.id, order)));
        }
        Ok(found)
    }
}

/// Whose accounts they are, each once, in their order.
fn owners_of(accounts: &[Account]) -> Vec<PersonId> {
    let mut owners = Vec::new();
    for account in accounts {
        if !owners.contains(&account.owner) {
            owners.push(account.owner);
        }
    }
    owners
}

/// Accounts and orders while the kiosk's own operations are laid over them.
struct View {
    accounts: Vec<Account>,
    orders: BTreeMap<OperationId, Order>,
}

impl View {
    fn place(
        &mut self,
        id: OperationId,
        order: &PlaceOrder,
        taken: Money,
        products: &[Product],
    ) -> Result<(), StoreError> {
        // The server's word on an order counts, once it is here.
        if self.orders.contains_key(&id) {
            return Ok(());
        }
        let Some(account) = self.accounts.iter_mut().find(|account| account.id == order.account) else { return Ok(()) };
        account.balance = account.balance.minus(taken)?;
        self.orders.insert(id, shown(id, order, OrderState::Held, products));
        Ok(())
    }

    fn refuse(&mut self, id: OperationId, order: &PlaceOrder, products: &[Product]) {
        if !self.orders.contains_key(&id) && self.accounts.iter().any(|account| account.id == order.account) {
            self.orders.insert(id, shown(id, order, OrderState::Refused, products));
        }
    }

    /// What an order took that was placed elsewhere only the server knows: until its word is here, its price counts as given back.
    fn cancel(&mut self, id: OperationId, taken: Option<Money>) -> Result<(), StoreError> {
        let Some(order) = self.orders.get_mut(&id).filter(|order| order.state == OrderState::Held) else {
            return Ok(());
        };
        order.state = OrderState::Released;
        let account = self.accounts.iter_mut().find(|account| account.id == order.account);
        if let Some(account) = account {
            account.balance = account.balance.plus(taken.unwrap_or(order.total))?;
        }
        Ok(())
    }
}

/// This kiosk's operations that the server has not answered.
struct Unanswered {
    orders: Vec<(OperationId, PlaceOrder)>,
    cancels: Vec<OperationId>,
    /// In the order they were made, each with whether it was about a card of one's own.
    card_blocks: Vec<(SetCardBlock, bool)>,
}

impl Unanswered {
    fn of(db: &Connection) -> Result<Self, StoreError> {
        let mut unanswered = Self { orders: Vec::new(), cancels: Vec::new(), card_blocks: Vec::new() };
        let sql = "SELECT id, body FROM journal
                   WHERE seq > (SELECT acked_seq FROM device) AND outcome IS NULL ORDER BY seq";
        for (id, operation) in operations(db, sql)? {
            match operation {
                OperationBody::PlaceOrder(order) => unanswered.orders.push((id, order)),
                OperationBody::CancelOrder(cancel) => unanswered.cancels.push(cancel.order),
                OperationBody::FileTicket(_) => {}
                OperationBody::SetCardBlock(change) => {
                    let own = cache::is_own(db, &change)?;
                    unanswered.card_blocks.push((change, own));
                }
            }
        }
        Ok(unanswered)
    }

    /// How a card stands with what the server has not heard yet.
    fn status_of(&self, card: &CardRecord) -> CardStatus {
        let about = self.card_blocks.iter().filter(|(change, _)| change.target == card.id);
        about.fold(card.status, |stands, (change, own)| match stands {
            CardStatus::Replaced => CardStatus::Replaced,
            stands if change.blocked => stands.blocked(*own),
            _ => CardStatus::Active,
        })
    }

    fn concerns(&self, id: OperationId) -> bool {
        self.cancels.contains(&id) || self.orders.iter().any(|(order, _)| *order == id)
    }

    fn sum(&self, whose: impl Fn(&PlaceOrder) -> bool) -> Result<Money, StoreError> {
        let standing = self.orders.iter().filter(|(id, order)| whose(order) && !self.cancels.contains(id));
        Ok(Money::sum(standing.map(|(_, order)| order.total))?)
    }
}

fn refused_orders(db: &Connection) -> Result<Vec<(OperationId, PlaceOrder)>, StoreError> {
    let sql = "SELECT id, body FROM journal WHERE outcome LIKE '%\"refused\"%' ORDER BY seq";
    let refused = operations(db, sql)?.into_iter().filter_map(|(id, operation)| match operation {
        OperationBody::PlaceOrder(order) => Some((id, order)),
        OperationBody::CancelOrder(_) | OperationBody::FileTicket(_) | OperationBody::SetCardBlock(_) => None,
    });
    Ok(refused.collect())
}

fn operations(db: &Connection, sql: &str) -> Result<Vec<(OperationId, OperationBody)>, StoreError> {
    let mut statement = db.prepare_cached(sql).doing("read the journal")?;
    let pair = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
    let rows = statement.query_map([], pair).doing("read the journal")?;
    rows.map(|row| {
        let (id, text) = row.doing("read the journal")?;
        Ok((from_json("journal", &format!("\"{id}\""))?, from_json("journal", &text)?))
    })
    .collect()
}

fn shown(id: OperationId, order: &PlaceOrder, state: OrderState, products: &[Product]) -> Order {
    let lines = order.lines.iter().map(|line| {
        let product = products.iter().find(|product| product.id == line.product);
        OrderLine {
            product: line.product,
            name_da: product.map(|p| p.name_da.clone()).unwrap_or_default(),
            name_en: product.map(|p| p.name_en.clone()).unwrap_or_default(),
            quantity: line.quantity,
            price: line.price,
            vat_percent: product.map_or(25, |p| p.vat_percent),
            comment: line.comment.clone(),
        }
    });
    Order {
        id,
        number: order.number.clone(),
        account: order.account,
        date: order.date,
        lines: lines.collect(),
        total: order.total,
        state,
        picked_up_at: None,
    }
}
