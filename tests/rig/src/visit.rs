//! The guided visit: from a card tap to printed paper and a balanced ledger, through everything the kiosk can do.
//!
//! Played by the story that tests it and by the demo that shows it.
//!
//! **Invariant:** a step that says something happened has looked for it where it must be: on the screen, on the paper, and in the
//! server's books.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use madkort_protocol::{DeviceKind, Money};

use crate::album::{Album, Kind};
use crate::device::new_id;
use crate::kiosk_user::{kroner, number_on};
use crate::patience::until;
use crate::rig::Rig;

/// The pupil of the visit; her card asks for the code.
const PUPIL: &str = "Alma";
/// The pupil whose auto top-up is armed, with just above 50 kr.
const RECHARGED: &str = "Malthe";
/// The pupil who comes while the network is down; no code asked.
const OFFLINE: &str = "Emil";
/// What is paid in, in whole kroner: one of the preset amounts.
const DEPOSIT_KR: i64 = 100;
/// What the till sells: enough to take [`RECHARGED`] below 50 kr.
const SALE_KR: i32 = 12;
/// What the mandate of the demo school charges, in øre.
const RECHARGE: i64 = 10_000;
/// How soon the kiosk must show what happened elsewhere.
const AT_ONCE: Duration = Duration::from_secs(5);
/// What the pupil asks the kitchen for.
const COMMENT: &str = "uden løg, tak";
/// What the pupil writes to support.
const MESSAGE: &str = "Mit kort er revnet. Kan jeg få et nyt?";

/// One step.
pub struct Step {
    /// What it is about.
    pub title: &'static str,
    /// What is done.
    pub does: &'static str,
    play: fn(&mut Visit) -> Result<()>,
}

/// The visit, in order.
pub const STEPS: [Step; 12] = [
    Step {
        title: "The kiosk waits for a card",
        does: "Server, printer, reader and kiosk have started; the kiosk has enrolled and fetched menus.",
        play: |visit| visit.idle(),
    },
    Step {
        title: "A card is tapped, and its code asked for",
        does: "Alma lays her card on the reader. Her card's policy asks for the verification code.",
        play: |visit| visit.come_in(),
    },
    Step {
        title: "Deposit 100 kr.: amount, e-mail, terms",
        does: "She chooses 100 kr., reads the terms and accepts them.",
        play: |visit| visit.choose_deposit(),
    },
    Step {
        title: "The phone pays",
        does: "A headless Chromium opens the page in the QR code and pays with the sandbox's test card.",
        play: |visit| visit.pay_deposit(),
    },
    Step {
        title: "The receipt",
        does: "The kiosk hears from the server that the money is there, and prints.",
        play: |visit| visit.receipt(),
    },
    Step {
        title: "Preorder with a comment",
        does: "She orders for the next open day, with a word to the kitchen.",
        play: |visit| visit.order(),
    },
    Step {
        title: "This month's statement, on screen and on paper",
        does: "She looks at what the money went to, and prints it.",
        play: |visit| visit.statement(),
    },
    Step { title: "A support ticket", does: "She writes to support.", play: |visit| visit.ticket() },
    Step {
        title: "The card is lifted",
        does: "The session ends, and nothing personal stays on the screen.",
        play: |visit| visit.leave(),
    },
    Step {
        title: "Auto top-up",
        does: "Malthe's card lies on the reader while the till books 12 kr. through the cash register's API: below 50 kr. the \
               stored mandate is charged.",
        play: |visit| visit.recharge(),
    },
    Step {
        title: "The network is down: tap, order, paper",
        does: "The cable to the server is cut. Emil taps his card and orders.",
        play: |visit| visit.order_offline(),
    },
    Step {
        title: "The network is back: the order is in the ledger once",
        does: "The cable is mended.",
        play: |visit| visit.back_online(),
    },
];

/// Plays the whole visit on a rig that has just started.
pub fn play(rig: &mut Rig, album: &mut Album) -> Result<()> {
    let mut visit = Visit { rig, album, balance: 0, receipt: String::new(), offline_order: String::new() };
    for step in &STEPS {
        visit.album.step(step.title);
        visit.album.tell(step.does);
        (step.play)(&mut visit).with_context(|| format!("in the step {:?}", step.title))?;
    }
    Ok(())
}

struct Visit<'a> {
    rig: &'a mut Rig,
    album: &'a mut Album,
    /// What [`PUPIL`] has, by our own reckoning, in øre.
    balance: i64,
    /// The number of the deposit's receipt.
    receipt: String,
    /// The number of the order that was made without a network.
    offline_order: String,
}

impl Visit<'_> {
    fn idle(&mut self) -> Result<()> {
        self.rig.see("Hold your school card to the reader")?;
        self.rig.ledger().must_add_up()?;
        self.screen("Ready for a card")
    }

    fn come_in(&mut self) -> Result<()> {
        let card = self.rig.card(PUPIL)?;
        self.balance = self.rig.ledger().balance(PUPIL)?;
        self.rig.reader.tap(&card.uid)?;
        self.rig.kiosk.wait_for_screen("Code")?;
        self.rig.see("Type your code")?;
        self.screen("The code")?;
        self.rig.type_code(&card.code)?;
        self.rig.kiosk.wait_for_screen("Home")?;
        self.rig.see_with("Hi {}", &[first_name(&card.name)])?;
        self.rig.see_money(self.balance)?;
        let orders = self.rig.ledger().orders(PUPIL)?;
        let today = self.rig.server.school().today.to_string();
        for order in orders.iter().filter(|order| order.date == today) {
            self.rig.window().wait_for_text(&order.number)?;
        }
        self.tell(&format!("Home shows her name, {} kr. and today's order.", kroner(self.balance)));
        self.screen("Home")
    }

    fn choose_deposit(&mut self) -> Result<()> {
        self.rig.press("Top up")?;
        self.rig.kiosk.wait_for_screen("DepositAmount")?;
        self.rig.press_with("DKK {}", &[&DEPOSIT_KR.to_string()])?;
        self.rig.press("Read terms")?;
        self.rig.see("Terms")?;
        self.screen("The terms in full")?;
        self.rig.press("Close terms")?;
        self.rig.press("I accept the terms")?;
        self.screen("Amount, e-mail, terms")?;
        self.rig.press("Next")?;
        self.rig.kiosk.wait_for_screen("DepositPay")?;
        self.rig.see("Pay with your phone")?;
        self.screen("The QR code")
    }

    fn pay_deposit(&mut self) -> Result<()> {
        let url = until("a QR code that can be read", Duration::from_secs(20), || Ok(self.rig.scan().ok()))?;
        self.tell("The QR code on the screen was read from its picture.");
        let number = self.rig.server.school().good_payment_card()?.to_owned();
        let phone = self.rig.phone()?;
        phone.open(&url)?;
        phone.fill("#card", &number)?;
        let page = phone.picture()?;
        phone.click("#pay")?;
        phone.wait_for(&kroner(DEPOSIT_KR * 100))?;
        let paid = phone.picture()?;
        self.album.picture(Kind::Phone, &page, "The payment page")?;
        self.album.picture(Kind::Phone, &paid, "Paid")
    }

    fn receipt(&mut self) -> Result<()> {
        self.rig.kiosk.wait_for_screen("DepositDone")?;
        self.rig.see("The money is on the account")?;
        self.balance += DEPOSIT_KR * 100;
        self.rig.see_money(self.balance)?;
        let paper = self.rig.paper()?;
        paper.says_all(&[&kroner(DEPOSIT_KR * 100), &kroner(self.balance), "Højager"])?;
        let receipt = self.rig.ledger().last_receipt(PUPIL)?;
        paper.says_all(&[&receipt])?;
        self.rig.window().wait_for_text(&receipt)?;
        self.receipt = receipt;
        self.books(PUPIL, self.balance)?;
        self.tell(&format!(
            "Receipt {}: {} kr. on the account, in the ledger, on the screen and on paper.",
            self.receipt,
            kroner(self.balance)
        ));
        self.rig.see("Take your paper below the screen.")?;
        self.screen("Paid")?;
        self.album.png(Kind::Paper, &paper.png, "The receipt")?;
        self.rig.press("To my page")
    }

    fn order(&mut self) -> Result<()> {
        self.rig.press("Order food")?;
        self.rig.kiosk.wait_for_screen("Menu")?;
        let product = self.rig.pick_first_product()?;
        self.screen("The menu")?;
        self.rig.press("Checkout")?;
        self.rig.kiosk.wait_for_screen("Checkout")?;
        let comment = self.rig.words.say_with("Comment on {}", &[&product]);
        self.rig.window().open_field(&comment)?;
        self.rig.see("Done")?;
        self.rig.window().replace_text(&comment, COMMENT)?;
        self.screen("The keyboard on the screen")?;
        self.rig.press("Done")?;
        self.screen("Check-out")?;
        self.rig.press("Pay")?;
        self.rig.kiosk.wait_for_screen("OrderDone")?;
        let number = number_on(&self.rig.see("Your food is ordered")?)?;
        let order = self.rig.order_in_ledger(PUPIL, &number)?;
        ensure!(order.state == "held" && !order.offline, "not a held order: {order:?}");
        ensure!(order.comments == [COMMENT], "the comment did not arrive: {order:?}");
        self.balance -= order.total;
        self.books(PUPIL, self.balance)?;
        let paper = self.rig.paper()?;
        paper.says_all(&[&number, &product, COMMENT, &kroner(order.total), &kroner(self.balance)])?;
        self.tell(&format!("{product} for {}: order {number}, {} kr. held.", order.date, kroner(order.total)));
        self.screen("Ordered")?;
        self.album.png(Kind::Paper, &paper.png, "The order slip")?;
        self.rig.press("To my page")
    }

    fn statement(&mut self) -> Result<()> {
        self.rig.press("Statement")?;
        self.rig.kiosk.wait_for_screen("Statement")?;
        self.rig.see("Balance when the month began")?;
        self.screen("This month")?;
        let end = self.rig.scroll_to("Balance at the end")?;
        ensure!(end.says(&kroner(self.balance)), "the statement ends on something else:\n{}", end.told());
        self.screen("This month, its end")?;
        self.rig.press("Print")?;
        let paper = self.rig.paper()?;
        paper.says_all(&[&kroner(self.balance), &kroner(DEPOSIT_KR * 100), &self.receipt])?;
        self.tell(&format!("{} mm of paper: it ends on {} kr.", paper.millimetres, kroner(self.balance)));
        self.album.png(Kind::Paper, &paper.png, "The statement")?;
        self.rig.press("Back")
    }

    fn ticket(&mut self) -> Result<()> {
        self.rig.press("Support")?;
        self.rig.kiosk.wait_for_screen("Support")?;
        self.rig.write_in("Message", MESSAGE)?;
        self.screen("Write to support")?;
        self.rig.press("Send")?;
        self.rig.kiosk.wait_for_screen("SupportDone")?;
        let number = number_on(&self.rig.see("We have your message")?)?;
        let ledger = self.rig.ledger();
        let ticket = until("the ticket on the server", Duration::from_secs(20), || {
            Ok(ledger.tickets()?.into_iter().find(|ticket| ticket.number == number))
        })?;
        ensure!(ticket.message == MESSAGE, "another message arrived: {ticket:?}");
        let paper = self.rig.paper()?;
        paper.says_all(&[&number])?;
        self.tell(&format!("Ticket {number} is at support."));
        self.screen("Filed")?;
        self.album.png(Kind::Paper, &paper.png, "The ticket's slip")
    }

    fn leave(&mut self) -> Result<()> {
        let card = self.rig.card(PUPIL)?;
        self.rig.go()?;
        let sight = self.rig.see("Hold your school card to the reader")?;
        for personal in [first_name(&card.name), &kroner(self.balance), "alma@", MESSAGE, &card.number] {
            ensure!(!sight.says(personal), "{personal:?} is still on the screen:\n{}", sight.told());
        }
        self.tell("No name, balance, address or message is on the screen any more.");
        self.screen("Ready for the next")?;
        let letter = self.rig.server.mailbox().wait_for("alma@hojager.example", &self.receipt)?;
        ensure!(letter.text.contains(&kroner(DEPOSIT_KR * 100)), "another sum: {letter:?}");
        self.rig.server.mailbox().wait_for("alma@hojager.example", "Vi har fået din henvendelse")?;
        self.tell("The receipt of the deposit, and what she wrote to support, are in her mailbox.");
        Ok(())
    }

    fn recharge(&mut self) -> Result<()> {
        let card = self.rig.card(RECHARGED)?;
        let ledger = self.rig.ledger();
        let before = ledger.balance(RECHARGED)?;
        let mut till = self.rig.server.enrol(DeviceKind::Register, "Kassen")?;
        self.rig.come_in(RECHARGED)?;
        self.rig.see_money(before)?;
        self.screen("Before the purchase")?;
        let after = before - i64::from(SALE_KR) * 100 + RECHARGE;
        let sold = Instant::now();
        till.purchase(new_id(), &card.uid, Money::from_kroner(SALE_KR), "Frugtbæger og vand")?;
        self.rig
            .window()
            .wait_until_within(AT_ONCE, &format!("{} kr.", kroner(after)), |sight| sight.says(&kroner(after)))?;
        let took = sold.elapsed();
        let moved: Vec<_> = ledger.movements(RECHARGED)?.into_iter().rev().take(2).collect();
        ensure!(moved[0].1 == RECHARGE && moved[1].1 == -i64::from(SALE_KR) * 100, "not as it should be: {moved:?}");
        self.books(RECHARGED, after)?;
        self.tell(&format!(
            "{} kr. – {SALE_KR} kr. + 100 kr. = {} kr., on the screen after {:.1} s.",
            kroner(before),
            kroner(after),
            took.as_secs_f32()
        ));
        self.screen("After purchase and top-up")?;
        self.rig.go()
    }

    fn order_offline(&mut self) -> Result<()> {
        let before = self.rig.ledger().balance(OFFLINE)?;
        let transactions = self.rig.ledger().transactions()?;
        self.rig.network.cut();
        self.rig.come_in(OFFLINE)?;
        self.rig.see("No connection right now")?;
        self.screen("Home without a network")?;
        let (product, number) = self.rig.order_food(None)?;
        self.rig.see("The kiosk keeps the order and sends it when the connection is back.")?;
        let paper = self.rig.paper()?;
        paper.says_all(&[&number, &product])?;
        ensure!(self.rig.ledger().transactions()? == transactions, "something reached the ledger through a cut cable");
        ensure!(self.rig.ledger().balance(OFFLINE)? == before, "money moved through a cut cable");
        self.tell(&format!("{product}, order {number}: on the kiosk's disk and on paper, not in the ledger."));
        self.screen("Ordered without a network")?;
        self.album.png(Kind::Paper, &paper.png, "The slip of an order the server has not seen")?;
        self.offline_order = number;
        Ok(())
    }

    fn back_online(&mut self) -> Result<()> {
        let before = self.rig.ledger().balance(OFFLINE)?;
        let number = self.offline_order.clone();
        self.rig.press("To my page")?;
        self.rig.network.restore();
        let order = self.rig.order_in_ledger(OFFLINE, &number)?;
        ensure!(order.offline, "the ledger does not know it was made offline: {order:?}");
        let times = self.rig.ledger().times_posted(&number)?;
        ensure!(times == 1, "order {number} is in the ledger {times} times");
        self.books(OFFLINE, before - order.total)?;
        self.rig.window().wait_gone(&self.rig.words.say("No connection right now"))?;
        self.rig.see_money(before - order.total)?;
        self.screen("Home with the network back")?;
        self.rig.go()?;
        let leftover = self.rig.printer.untaken()?;
        ensure!(leftover.is_empty(), "papers nobody asked for: {leftover:?}");
        self.tell(&format!("Order {number} is in the ledger {times} time. {}", self.rig.server.verify()?.trim()));
        Ok(())
    }

    fn books(&self, label: &str, balance: i64) -> Result<()> {
        let ledger = self.rig.ledger();
        ledger.must_add_up()?;
        let in_ledger = ledger.balance(label)?;
        ensure!(in_ledger == balance, "{label} has {} kr. in the ledger, not {}", kroner(in_ledger), kroner(balance));
        Ok(())
    }

    fn tell(&mut self, sentence: &str) {
        self.album.tell(sentence);
    }

    fn screen(&mut self, caption: &str) -> Result<()> {
        let picture = self.rig.window().still_picture()?;
        self.album.picture(Kind::Screen, &picture, caption)
    }
}

fn first_name(name: &str) -> &str {
    name.split(' ').next().unwrap_or(name)
}
