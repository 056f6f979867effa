//! Any row of movements: no money is made or lost, nobody owes, and what is held is what is captured or given back.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::date;
use madkort_ledger::order::{Placing, Releasing, capture_id, captured, held, released};
use madkort_ledger::purchase::{Sale, sold};
use madkort_ledger::rules::{FLOOR, Payer, Recorded};
use madkort_ledger::{Book, Transaction, deposit, recharge_paid};
use madkort_protocol::*;
use proptest::prelude::*;
use uuid::Uuid;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// What somebody does, as a generator sees it.
#[derive(Clone, Debug)]
enum Move {
    Deposit(i64),
    Recharge(i64),
    Stray(i64),
    Purchase { ore: i64, vat: u8 },
    Order { prices: Vec<(i64, u32, u8)> },
    Release(usize),
    Capture(usize),
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        (1_i64..200_000).prop_map(Move::Deposit),
        (1_i64..50_000).prop_map(Move::Recharge),
        (1_i64..50_000).prop_map(Move::Stray),
        (-5_i64..250_000, 0_u8..=25).prop_map(|(ore, vat)| Move::Purchase { ore, vat }),
        prop::collection::vec((-5_i64..9_999, 0_u32..32, 0_u8..=25), 0..6).prop_map(|prices| Move::Order { prices }),
        (0_usize..8).prop_map(Move::Release),
        (0_usize..8).prop_map(Move::Capture),
    ]
}

/// The simplest books there are: a map.
#[derive(Default)]
struct Books {
    balances: BTreeMap<String, i64>,
    orders: Vec<Order>,
    taken: u128,
}

impl Books {
    fn id(&mut self) -> OperationId {
        self.taken += 1;
        OperationId::new(uuid::Builder::from_u128(self.taken).with_version(uuid::Version::SortRand).into_uuid())
    }

    fn post(&mut self, transaction: &Transaction) {
        for leg in transaction.legs() {
            *self.balances.entry(leg.book.to_string()).or_default() += leg.amount.ore();
        }
    }

    fn balance(&self, book: &Book) -> i64 {
        self.balances.get(&book.to_string()).copied().unwrap_or_default()
    }

    fn payer(&self) -> Payer {
        let balance = Money::from_ore(self.balance(&Book::Card(account())));
        Payer { card: Some(CardStatus::Active), may_use: true, balance }
    }

    fn carry_out(&mut self, step: &Move) {
        let id = self.id();
        let done = match step {
            Move::Deposit(ore) => deposit::paid(id, account(), Money::from_ore(*ore), "sandbox", NOW).ok(),
            Move::Recharge(ore) => recharge_paid::paid(id, account(), Money::from_ore(*ore), "sandbox", NOW).ok(),
            Move::Stray(ore) => deposit::stray(id, Money::from_ore(*ore), "sandbox", NOW).ok(),
            Move::Purchase { ore, vat } => sold(&Sale {
                id,
                at: NOW,
                account: Some(account()),
                payer: self.payer(),
                amount: Money::from_ore(*ore),
                vat_percent: *vat,
            })
            .ok(),
            Move::Order { prices } => self.place(id, prices),
            Move::Release(nth) => self.release(id, *nth),
            Move::Capture(nth) => self.capture(*nth),
        };
        if let Some(transaction) = done {
            self.post(&transaction);
        }
    }

    fn place(&mut self, id: OperationId, prices: &[(i64, u32, u8)]) -> Option<Transaction> {
        let (order, products) = order_of(prices)?;
        let day = MenuDay { date: order.date, cut_off: NOW, products: products.iter().map(|p| p.id).collect() };
        let placing = Placing {
            id,
            at: NOW,
            order: &order,
            payer: self.payer(),
            day: Some(&day),
            products: &products,
            recorded: Recorded::Online,
        };
        let transaction = held(&placing).ok()?;
        let lines = order.lines.iter().zip(&products).map(|(line, product)| OrderLine {
            product: line.product,
            name_da: String::new(),
            name_en: String::new(),
            quantity: line.quantity,
            price: line.price,
            vat_percent: product.vat_percent,
            comment: String::new(),
        });
        self.orders.push(Order {
            id,
            number: order.number,
            account: order.account,
            date: order.date,
            lines: lines.collect(),
            total: order.total,
            state: OrderState::Held,
        });
        Some(transaction)
    }

    fn release(&mut self, id: OperationId, nth: usize) -> Option<Transaction> {
        let payer = self.payer();
        let order = self.orders.get_mut(nth)?;
        let day = MenuDay { date: order.date, cut_off: NOW, products: vec![] };
        let releasing =
            Releasing { id, at: NOW, order: Some(order), payer, day: Some(&day), recorded: Recorded::Online };
        let transaction = released(&releasing).ok()?;
        order.state = OrderState::Released;
        Some(transaction)
    }

    fn capture(&mut self, nth: usize) -> Option<Transaction> {
        let order = self.orders.get_mut(nth).filter(|order| order.state == OrderState::Held)?;
        let transaction = captured(order, NOW).unwrap();
        order.state = OrderState::Captured;
        Some(transaction)
    }
}

fn account() -> AccountId {
    AccountId::new(Uuid::from_u128(1))
}

fn order_of(prices: &[(i64, u32, u8)]) -> Option<(PlaceOrder, Vec<Product>)> {
    let products: Vec<_> = (100_u128..)
        .zip(prices)
        .map(|(n, (ore, _, vat_percent))| Product {
            id: ProductId::new(Uuid::from_u128(n)),
            category: Category::Cold,
            name_da: String::new(),
            name_en: String::new(),
            about_da: String::new(),
            about_en: String::new(),
            price: Money::from_ore(*ore),
            vat_percent: *vat_percent,
            allergens: vec![],
        })
        .collect();
    let line = |(product, (_, quantity, _)): (&Product, &(i64, u32, u8))| LineRequest {
        product: product.id,
        quantity: *quantity,
        price: product.price,
        comment: String::new(),
    };
    let lines: Vec<_> = products.iter().zip(prices).map(line).collect();
    let sums: Result<Vec<_>, _> = lines.iter().map(|line| line.price.times(line.quantity)).collect();
    let total = Money::sum(sums.ok()?).ok()?;
    let card = CardId::new(Uuid::from_u128(2));
    let order = PlaceOrder { number: "K1-1".into(), card, account: account(), date: date(2026, 11, 24), lines, total };
    Some((order, products))
}

proptest! {
    #[test]
    fn no_movement_makes_money(moves in prop::collection::vec(moves(), 0..60)) {
        let mut books = Books::default();
        for step in &moves {
            books.carry_out(step);
            prop_assert_eq!(books.balances.values().sum::<i64>(), 0, "{:?}", step);
            prop_assert!(books.balance(&Book::Card(account())) >= FLOOR.ore(), "{:?}", step);
            let held: i64 = books.orders.iter().filter(|o| o.state == OrderState::Held).map(|o| o.total.ore()).sum();
            prop_assert_eq!(books.balance(&Book::HeldOrders), held, "{:?}", step);
        }
    }

    #[test]
    fn vat_and_income_are_the_price(ore in 1_i64..200_000, vat in 0_u8..=25) {
        let payer = Payer { card: Some(CardStatus::Active), may_use: true, balance: Money::from_ore(200_000) };
        let id = OperationId::new(Uuid::from_u128(1));
        let amount = Money::from_ore(ore);
        let sale = Sale { id, at: NOW, account: Some(account()), payer, amount, vat_percent: vat };
        let transaction = sold(&sale).unwrap();
        let seller: i64 = transaction.legs().iter().filter(|l| l.book.account().is_none()).map(|l| l.amount.ore()).sum();
        prop_assert_eq!(seller, ore);
    }
}

#[test]
fn a_capture_has_its_own_key_and_always_the_same() {
    let order = OperationId::parse("0198c0de-0000-7abc-8000-000000000001").unwrap();
    assert_eq!(capture_id(order).to_string(), "0198c0de-0000-8abc-8000-000000000001");
}
