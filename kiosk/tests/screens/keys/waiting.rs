//! By keys alone while something is on its way, out of reach, refused, or done: nobody is stuck, and what failed can be tried again.

use jiff::civil::date;
use kiosk_core::{ComeBack, LetterAnswer};

use super::*;

/// When the server said to come back.
const TEN: ComeBack = ComeBack::In { minutes: 10 };

impl Walk {
    /// Presses, and leaves what the kiosk asks for without an answer.
    fn unanswered(&mut self, key_of: Key) -> Vec<Effect> {
        press(&self.stage, key_of);
        for intent in self.stage.heard() {
            self.play.hand(intent);
        }
        self.show();
        std::mem::take(&mut self.play.effects)
    }

    /// To the thing of that name, and does it: what the kiosk asks for then.
    fn asks(&mut self, label: &str) -> Effect {
        let mut seen = Vec::new();
        while self.stage.focused().as_deref() != Some(label) {
            seen.push(self.stage.focused());
            assert!(seen.len() < MOST, "{label:?} is not reached: {seen:?}");
            self.key(Key::DownArrow);
        }
        let mut asked = self.unanswered(Key::Return);
        assert_eq!(asked.len(), 1, "{label}: {asked:?}");
        asked.remove(0)
    }

    fn tell(&mut self, event: Event) -> &mut Self {
        self.play.tell(event);
        self.play.effects.clear();
        self.show();
        self
    }

    /// Whoever waits can go round the page, and be read to, and out; nothing is asked for once more meanwhile.
    fn waits(&mut self) -> &mut Self {
        let page = std::mem::discriminant(&self.page());
        let mut names = Vec::new();
        for _ in 0..MOST {
            assert_eq!(self.unanswered(Key::DownArrow), []);
            let here = self.stage.focused().expect("the focus is somewhere");
            if names.contains(&here) {
                break;
            }
            names.push(here);
        }
        assert!(names.iter().any(|name| name == "Log out"), "no way out: {names:?}");
        assert_eq!(std::mem::discriminant(&self.page()), page, "it is still that page");
        self
    }

    /// What is on its way cannot be called back by the key that goes back.
    fn stays(&mut self) -> &mut Self {
        let page = std::mem::discriminant(&self.page());
        assert_eq!(self.unanswered(Key::Escape), []);
        assert_eq!(std::mem::discriminant(&self.page()), page);
        self
    }

    /// Home, with the code given on the way to a statement.
    fn signed_in() -> Self {
        let mut walk = Self::inside();
        walk.go("Statement").code().back();
        assert!(matches!(walk.page(), Page::Home(_)), "{:?}", walk.page());
        walk
    }

    fn sees(&mut self, words: &str) -> &mut Self {
        let found = ElementQuery::from_root(self.stage.ui.window())
            .match_predicate({
                let words = words.to_owned();
                move |e: &ElementHandle| e.accessible_label().is_some_and(|label| label.contains(words.as_str()))
            })
            .find_all();
        assert!(!found.is_empty(), "{words:?} is not there: {:?}", self.page());
        self
    }
}

macro_rules! asked {
    ($walk:expr, $label:expr, $pattern:pat => $value:expr) => {
        match $walk.asks($label) {
            $pattern => $value,
            other => panic!("{}: {other:?}", $label),
        }
    };
}

#[test]
fn in_every_state_of_a_page_the_next_key_reaches_everything() {
    let stage = open_stage();
    stage.resize(TALL);
    let mut kinds = Vec::new();
    for (name, screen) in samples(Language::English) {
        let kind = (std::mem::discriminant(&screen.page), screen.adjusting, screen.warning.is_some());
        // The first of each kind is walked through elsewhere.
        if !kinds.contains(&kind) {
            kinds.push(kind);
            continue;
        }
        stage.show(&screen);
        let mut left: Vec<String> = reachable(&stage).into_iter().map(|(label, ..)| label).collect();
        let steps = left.len() + 1;
        for _ in 0..steps {
            press(&stage, Key::DownArrow);
            let here = stage.focused().unwrap_or_else(|| panic!("{name}: lost before {left:?}"));
            if let Some(at) = left.iter().position(|label| *label == here) {
                left.swap_remove(at);
            }
        }
        assert!(left.is_empty(), "{name}: never reached: {left:?}");
    }
}

#[test]
fn a_code_that_is_looked_at_or_not_and_the_key_that_leaves_the_door() {
    let mut walk = Walk::inside();
    walk.go("Statement").go("4").go("7").go("1");
    let check = asked!(walk, "1", Effect::CheckCode { card, .. } => card);
    assert_eq!(check, walk.who.card);
    walk.waits();
    walk.tell(Event::CodeChecked(CodeAnswer::TooOften(ComeBack::In { minutes: 1 }))).sees("Try again in 1 minute.");
    walk.waits();
    walk.go("4").go("7").go("1");
    walk.asks("1");
    walk.tell(Event::CodeChecked(CodeAnswer::Wrong { tries_left: 2 })).sees("2 tries left").waits();
    walk.go("4").go("Erase").go("4").go("7").go("1");
    walk.asks("1");
    let until = start() + SignedDuration::from_mins(1);
    walk.tell(Event::CodeChecked(CodeAnswer::Wait { until })).sees("Wait 60 seconds").waits();
    walk.back();
    assert!(matches!(walk.page(), Page::Home(_)), "back from the door to where one came from");

    // At the outer door there is no button that goes back; the key leads out all the same.
    let mut walk = Walk::begin();
    walk.who.ask_code = true;
    walk.play.tell(Event::Tapped(world::uid())).tell(Event::Known(Box::new(walk.who.clone())));
    walk.show();
    walk.go("English").go("4").back();
    assert!(matches!(walk.page(), Page::Idle(_)), "{:?}", walk.page());
}

#[test]
fn a_password_without_a_connection_and_one_that_is_forgotten() {
    let mut walk = Walk::inside();
    walk.go("Statement").go("Use my password").write("Password", "grdag");
    asked!(walk, "Log in", Effect::CheckPassword { .. } => ());
    walk.waits();
    walk.tell(Event::CodeChecked(CodeAnswer::TooOften(ComeBack::Later))).sees("Try again a little later.").waits();
    asked!(walk, "Log in", Effect::CheckPassword { .. } => ());
    walk.tell(Event::CodeChecked(CodeAnswer::OutOfReach)).sees("A password needs a connection.").waits();
    walk.go("Forgot password").write("E-mail", "a@b.dk");
    asked!(walk, "Reset", Effect::AskReset(_) => ());
    walk.waits().stays();
    walk.tell(Event::ResetAsked(LetterAnswer::Unreachable)).sees("It needs a connection.");
    asked!(walk, "Reset", Effect::AskReset(_) => ());
    walk.tell(Event::ResetAsked(LetterAnswer::TooOften(ComeBack::In { minutes: 120 }))).sees("Try again in 2 hours.");
    asked!(walk, "Reset", Effect::AskReset(_) => ());
    walk.tell(Event::ResetAsked(LetterAnswer::Asked)).sees("a letter is on its way").waits();
    walk.back();
    assert!(matches!(walk.page(), Page::Password(_)), "{:?}", walk.page());
    walk.back().back();
    assert!(matches!(walk.page(), Page::Home(_)), "{:?}", walk.page());
}

fn deposit(id: OperationId, state: DepositState) -> Event {
    let paid = state == DepositState::Paid;
    Event::DepositIs(Box::new(Deposit {
        id,
        account: account(201, "Alma", 100).id,
        amount: Money::from_kroner(100),
        state,
        url: "https://betal.hojager.example/pay/x".into(),
        expires_at: start() + SignedDuration::from_mins(10),
        receipt: paid.then(|| "H-7".into()),
        paid_at: paid.then(start),
        balance: paid.then(|| Money::from_kroner(200)),
    }))
}

#[test]
fn a_payment_in_each_of_its_states() {
    let mut walk = Walk::inside();
    walk.go("Top up").go("DKK 100").go("I accept the terms");
    let id = asked!(walk, "Next", Effect::OpenDeposit(request) => request.id);
    walk.waits().stays();
    walk.tell(Event::DepositUnreachable(id)).sees("Nothing has been charged. Try again.");
    let id = asked!(walk, "Next", Effect::OpenDeposit(request) => request.id);
    walk.tell(Event::DepositTooOften { id, back: TEN }).sees("Try again in 10 minutes.").waits();
    let id = asked!(walk, "Next", Effect::OpenDeposit(request) => request.id);
    walk.tell(deposit(id, DepositState::Open)).waits();
    walk.tell(Event::DepositUnreachable(id)).sees("Your payment goes on without the kiosk.").waits();
    walk.tell(deposit(id, DepositState::Unknown)).sees("The payment is being checked.").waits();
    asked!(walk, "Cancel", Effect::CancelDeposit(_) => ());
    for over in [DepositState::Declined, DepositState::Cancelled, DepositState::Expired] {
        walk.tell(deposit(id, over)).sees("Nothing was paid").waits();
    }
    assert_eq!(walk.unanswered(Key::Escape), [Effect::ForgetDeposit(id)]);
    assert!(matches!(walk.page(), Page::Home(_)), "{:?}", walk.page());

    walk.go("Top up").go("DKK 100").go("I accept the terms");
    let id = asked!(walk, "Next", Effect::OpenDeposit(request) => request.id);
    walk.tell(deposit(id, DepositState::Paid)).sees("The money is on the account").waits();
    walk.back();
    assert!(matches!(walk.page(), Page::Home(_)), "what is done is left by the key that goes back");
}

#[test]
fn an_order_is_left_for_home_although_another_day_waits() {
    let mut walk = Walk::inside();
    let mut catalogue = world::catalogue();
    let after = date(2026, 11, 25);
    catalogue.days.push(MenuDay { date: after, ..catalogue.days[1].clone() });
    walk.tell(Event::Catalogue(std::sync::Arc::new(catalogue)));
    walk.go("Order food").go("Add Mælk (en) to the basket").go("Another day");
    let other = reachable(&walk.stage).into_iter().map(|(label, ..)| label).find(|label| label.contains("25")).unwrap();
    walk.go(&other).go("Add Lasagne (en) to the basket").go("Checkout");
    let id = asked!(walk, "Pay", Effect::Record { id, .. } => id);
    walk.waits().stays();
    let visitor = Box::new(walk.who.clone());
    walk.tell(Event::Recorded { id, number: "K1-7".into(), visitor }).sees("Your food is ordered").waits();
    walk.back();
    assert!(matches!(walk.page(), Page::Home(_)), "{:?}", walk.page());
}

fn profile(who: &Visitor) -> Event {
    Event::ProfileIs(Box::new(Profile {
        person: who.person.id,
        account: who.accounts[0].id,
        name: who.person.name.clone(),
        email: "a@b.dk".into(),
        phone: String::new(),
        address: String::new(),
        postcode: String::new(),
        town: String::new(),
        school: "Skolen".into(),
        class: None,
        track: None,
        picture: false,
        cpr: None,
        caps: SpendingCaps::default(),
    }))
}

#[test]
fn a_profile_and_a_password_that_do_not_come_or_are_not_taken() {
    let mut walk = Walk::signed_in();
    asked!(walk, "Your details", Effect::LoadProfile(_) => ());
    walk.waits();
    walk.tell(Event::ProfileUnreachable).sees("There is no connection just now.").waits();
    asked!(walk, "Try again", Effect::LoadProfile(_) => ());
    let here = profile(&walk.who);
    walk.tell(here.clone());
    asked!(walk, "Save", Effect::SaveProfile { .. } => ());
    walk.waits().stays();
    walk.tell(Event::ProfileUnreachable).sees("No connection just now.");
    asked!(walk, "Save", Effect::SaveProfile { .. } => ());
    walk.tell(Event::ProfileRefused).sees("It was not accepted.");
    asked!(walk, "Save", Effect::SaveProfile { .. } => ());
    walk.tell(Event::ProfileTooOften(TEN)).sees("Try again in 10 minutes.");
    asked!(walk, "Save", Effect::SaveProfile { .. } => ());
    walk.tell(here).sees("Saved.");

    walk.go("Change password");
    for field in ["Your password now, or the code on the card", "New password", "New password once more"] {
        walk.write(field, "qwertyui");
    }
    asked!(walk, "Save password", Effect::ChangePassword { .. } => ());
    walk.waits().stays();
    walk.tell(Event::PasswordUnreachable).sees("It needs a connection.");
    asked!(walk, "Save password", Effect::ChangePassword { .. } => ());
    walk.tell(Event::PasswordTooOften(TEN)).sees("Try again in 10 minutes.");
    asked!(walk, "Save password", Effect::ChangePassword { .. } => ());
    let until = start() + SignedDuration::from_mins(1);
    walk.tell(Event::PasswordIs(PasswordAnswer::Wait { until })).sees("Wait 60 seconds").waits();
    walk.back();
    assert!(matches!(walk.page(), Page::Profile(_)), "{:?}", walk.page());
    walk.back();
    assert!(matches!(walk.page(), Page::Home(_)));
}

#[test]
fn a_statement_that_does_not_come_and_a_letter_that_does_not_leave() {
    let mut walk = Walk::signed_in();
    asked!(walk, "Statement", Effect::LoadStatement { .. } => ());
    walk.waits();
    walk.tell(Event::StatementUnreachable).sees("The statement cannot be fetched without a connection.").waits();
    asked!(walk, "Try again", Effect::LoadStatement { .. } => ());
    let month = date(2026, 11, 1);
    walk.tell(Event::StatementIs(Box::new(Statement {
        account: walk.who.accounts[0].id,
        month,
        opening: Money::ZERO,
        closing: Money::ZERO,
        lines: vec![],
        months: vec![month, date(2026, 10, 1)],
    })));
    walk.go("All months").waits().back();
    walk.go("Send as PDF");
    let id = asked!(walk, "Send", Effect::MailStatement { request, .. } => request.id);
    walk.waits().stays();
    for (answer, said) in [
        (LetterAnswer::Unreachable, "It needs a connection."),
        (LetterAnswer::TooOften(ComeBack::In { minutes: 41 }), "Try again in 41 minutes."),
        (LetterAnswer::Refused, "It was not accepted."),
    ] {
        walk.tell(Event::StatementMailed { id, answer }).sees(said);
        let again = asked!(walk, "Send", Effect::MailStatement { request, .. } => request.id);
        assert_eq!(again, id, "the same letter");
    }
    walk.tell(Event::StatementMailed { id, answer: LetterAnswer::Asked }).sees("is on its way").waits();
    walk.back();
    let Page::Statement(_) = walk.page() else { panic!("{:?}", walk.page()) };
    asked!(walk, "Earlier month", Effect::LoadStatement { .. } => ());
    walk.waits().back();
    assert!(matches!(walk.page(), Page::Home(_)));
}

#[test]
fn a_message_that_is_being_written_down_and_a_card_that_is_being_blocked() {
    let mut walk = Walk::inside();
    walk.go("Support").write("Message", "hej");
    let id = asked!(walk, "Send", Effect::Record { id, .. } => id);
    walk.waits().stays();
    let visitor = Box::new(walk.who.clone());
    walk.tell(Event::Recorded { id, number: "K1-8".into(), visitor: visitor.clone() }).sees("K1-8").waits();
    walk.back().go("Accounts").go("Block card ···· 4580");
    let id = asked!(walk, "Block the card", Effect::Record { id, .. } => id);
    walk.waits().stays();
    walk.tell(Event::Recorded { id, number: String::new(), visitor }).waits().back();
    assert!(matches!(walk.page(), Page::Home(_)), "{:?}", walk.page());
}

#[test]
fn money_that_moves_without_an_answer() {
    let mut walk = Walk::inside();
    walk.go("Accounts").go("Transfer from Alma").code();
    walk.go("To Sofia").write("Amount", "5");
    let id = asked!(walk, "Transfer", Effect::Transfer(request) => request.id);
    walk.waits().stays();
    walk.tell(Event::RequestTooOften { id, back: TEN }).sees("Try again in 10 minutes.").waits();
    let request = asked!(walk, "Transfer", Effect::Transfer(request) => request);
    walk.tell(Event::RequestUnreachable(request.id)).sees("No answer just now.").waits();
    let again = asked!(walk, "Try again", Effect::Transfer(request) => request);
    assert_eq!(again, request);
    walk.tell(Event::RequestTooOften { id: request.id, back: TEN }).sees("There was no answer before").waits();
    let again = asked!(walk, "Try again", Effect::Transfer(request) => request);
    assert_eq!(again, request);
    walk.tell(Event::TransferIs(Box::new(Transfer {
        id: request.id,
        number: "0A1B2C3D".into(),
        from: request.from,
        to: request.to,
        amount: request.amount,
        at: start(),
        from_balance: Money::from_kroner(95),
        to_balance: Money::from_kroner(10),
    })));
    walk.sees("The money has moved").waits().back();
    assert!(matches!(walk.page(), Page::Home(_)), "{:?}", walk.page());
}

fn withdrawal(id: OperationId, stages: &[WithdrawalStage]) -> Withdrawal {
    Withdrawal {
        id,
        number: "0A1B2C3D".into(),
        account: account(201, "Alma", 100).id,
        amount: Money::from_kroner(100),
        to: "6543".into(),
        steps: stages.iter().map(|stage| WithdrawalStep { stage: *stage, at: start() }).collect(),
        can_cancel: stages == [WithdrawalStage::Requested],
        balance: Money::ZERO,
    }
}

#[test]
fn a_list_that_does_not_come_and_a_withdrawal_without_an_answer() {
    let mut walk = Walk::signed_in();
    walk.go("Accounts");
    walk.key(Key::DownArrow);
    while walk.stage.focused().as_deref() != Some("Pay out from Alma") {
        walk.key(Key::DownArrow);
    }
    walk.unanswered(Key::Return);
    walk.waits();
    let account = walk.who.accounts[0].id;
    walk.tell(Event::WithdrawalsUnreachable(account)).sees("It needs a connection.").waits();
    asked!(walk, "Try again", Effect::LoadWithdrawals(_) => ());
    let held = withdrawal(world::op(1), &[WithdrawalStage::Requested]);
    walk.tell(Event::WithdrawalsAre(Box::new(Withdrawals { account, withdrawals: vec![held] })));
    let id = asked!(walk, "Undo 0A1B2C3D", Effect::CancelWithdrawal(id) => id);
    walk.waits();
    walk.tell(Event::RequestUnreachable(id)).sees("No answer just now.");
    asked!(walk, "Undo 0A1B2C3D", Effect::CancelWithdrawal(_) => ());
    let back = withdrawal(id, &[WithdrawalStage::Requested, WithdrawalStage::Cancelled]);
    walk.tell(Event::WithdrawalIs(Box::new(back))).sees("Undone, the money is back");

    walk.write("Registration number", "1234").write("Account number", "9876543").go("Next");
    let id = asked!(walk, "Pay out", Effect::Withdraw(request) => request.id);
    walk.waits().stays();
    walk.tell(Event::RequestTooOften { id, back: TEN }).sees("Try again in 10 minutes.").waits();
    let request = asked!(walk, "Pay out", Effect::Withdraw(request) => request);
    walk.tell(Event::RequestUnreachable(request.id)).sees("No answer just now.").waits();
    let again = asked!(walk, "Try again", Effect::Withdraw(request) => request);
    assert_eq!(again, request);
    let done = withdrawal(request.id, &[WithdrawalStage::Requested]);
    walk.tell(Event::WithdrawalIs(Box::new(done))).sees("The money is set aside").waits().back();
    assert!(matches!(walk.page(), Page::Home(_)), "{:?}", walk.page());
}

fn auto(standing: Option<AutoRechargeStanding>) -> Event {
    Event::AutoRechargeIs(Box::new(AutoRechargeDetails {
        account: account(201, "Alma", 100).id,
        standing,
        below: Money::from_kroner(50),
        armed_from: Money::from_kroner(100),
        missing: Money::ZERO,
        charges: vec![],
    }))
}

fn armed() -> AutoRechargeStanding {
    let amount = Money::from_kroner(100);
    AutoRechargeStanding {
        auto_recharge: AutoRecharge { amount, below: Money::from_kroner(50), state: AutoRechargeState::Armed },
        stopped_by: None,
        card: Some("4242".into()),
        day_cap: amount,
        week_cap: None,
        month_cap: amount,
    }
}

fn page_for_card(id: OperationId, state: MandatePageState) -> Event {
    Event::MandatePageIs(Box::new(MandatePage {
        id,
        account: account(201, "Alma", 100).id,
        amount: Money::from_kroner(100),
        state,
        url: "https://betal.hojager.example/mandate/x".into(),
        expires_at: start() + SignedDuration::from_mins(10),
    }))
}

#[test]
fn auto_top_up_in_each_of_its_states() {
    let mut walk = Walk::signed_in();
    walk.go("Accounts");
    while walk.stage.focused().as_deref() != Some("Auto top-up of Alma") {
        walk.key(Key::DownArrow);
    }
    walk.unanswered(Key::Return);
    walk.waits();
    let account = walk.who.accounts[0].id;
    walk.tell(Event::AutoRechargeUnreachable(account)).sees("It needs a connection.").waits();
    asked!(walk, "Try again", Effect::LoadAutoRecharge(_) => ());
    walk.tell(auto(None)).go("Set up").go("DKK 100").go("I accept the terms");
    let id = asked!(walk, "Next", Effect::OpenMandatePage(request) => request.id);
    walk.waits().stays();
    walk.tell(Event::RequestTooOften { id, back: TEN }).sees("Try again in 10 minutes.").waits();
    let id = asked!(walk, "Next", Effect::OpenMandatePage(request) => request.id);
    walk.tell(page_for_card(id, MandatePageState::Open)).waits();
    asked!(walk, "Cancel", Effect::CancelMandatePage(_) => ());
    walk.tell(page_for_card(id, MandatePageState::Cancelled)).sees("Nothing was changed").waits();
    assert!(walk.unanswered(Key::Escape).contains(&Effect::LoadAutoRecharge(account)));

    walk.tell(auto(Some(armed())));
    asked!(walk, "Pause", Effect::ChangeAutoRecharge { .. } => ());
    walk.waits().stays();
    walk.tell(Event::AutoRechargeUnreachable(account)).sees("No answer just now.").waits();
    walk.go("Stop auto top-up").waits().back();
    walk.go("Stop auto top-up");
    asked!(walk, "Stop auto top-up", Effect::ChangeAutoRecharge { wish: MandateWish::Cancel, .. } => ());
    walk.waits();
    walk.tell(auto(None)).sees("Auto top-up is off.").back();
    assert!(matches!(walk.page(), Page::Accounts(_)), "{:?}", walk.page());
}
