//! Money back to the holder's bank account (*Udbetal*): held when asked for, on its way when the bank is told, gone when the
//! bank has booked it, and on the card again if it comes back.
//!
//! Pure. Legs: requested: card −, held payouts +; cancelled: the other way round; sent: held payouts −, payouts in transit +;
//! settled: payouts in transit −, bank +; returned: payouts in transit − (bank −, if it was settled), card +.
//!
//! There is no least amount but one øre, and no fee: getting one's money back is a right. No cap is asked, because nothing is
//! spent.
//!
//! **Invariant:** a withdrawal moves forward only, and every øre of it is at each moment in one of the four places.

use jiff::Timestamp;
use madkort_protocol::{AccountId, Money, OperationId, Refusal, Rule};

use crate::authorisation::{give_back, set_aside};
use crate::derived::Purpose;
use crate::hold::{Hold, HoldKind};
use crate::rules::{Payer, check_moves, refusal};
use crate::transaction::{Legs, NotBalanced};
use crate::{Book, Kind, Transaction};

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The money is held, and the holder may still call it off.
    Requested,
    /// Called off.
    Cancelled,
    /// The bank was told.
    Sent,
    /// The bank has booked it.
    Settled,
    /// It came back.
    Returned,
}

/// A withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// The money that was held for it; open while the stage is [`Stage::Requested`].
    pub hold: Hold,
    /// How far it has come.
    pub stage: Stage,
}

/// A withdrawal to be made.
#[derive(Clone, Copy, Debug)]
pub struct Requesting {
    /// The key.
    pub id: OperationId,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// Whose money; `None` if the card opens no account.
    pub account: Option<AccountId>,
    /// What is known of them.
    pub payer: Payer,
    /// How much.
    pub amount: Money,
}

/// Holds the money.
pub fn requested(asked: &Requesting) -> Result<(Withdrawal, Transaction), Refusal> {
    asked.payer.check_card()?;
    let account = asked.account.ok_or(refusal(Rule::Account))?;
    check_moves(asked.amount)?;
    asked.payer.check_balance(asked.amount)?;
    let (hold, made) =
        set_aside(asked.id, Kind::WithdrawalRequested, HoldKind::Payout, account, asked.amount, asked.at)
            .map_err(|error| error.refusal(HoldKind::Payout))?;
    Ok((Withdrawal { hold, stage: Stage::Requested }, made))
}

impl Withdrawal {
    /// The holder calls it off. Whether they may use the account is asked by the caller's [`Payer::check_card`].
    pub fn cancelled(self, id: OperationId, at: Timestamp) -> Result<(Self, Transaction), Refusal> {
        self.check_stage(Stage::Requested)?;
        let ended = self.hold.release().map_err(|error| error.refusal(HoldKind::Payout))?;
        let (hold, made) =
            give_back(id, Kind::WithdrawalCancelled, &ended, at).map_err(|error| error.refusal(HoldKind::Payout))?;
        Ok((Self { hold, stage: Stage::Cancelled }, made))
    }

    /// The bank is told to pay it out.
    pub fn sent(self, at: Timestamp) -> Result<(Self, Transaction), Refusal> {
        self.check_stage(Stage::Requested)?;
        let ended = self.hold.capture(self.hold.amount, at).map_err(|error| error.refusal(HoldKind::Payout))?;
        let made =
            self.moved(Purpose::Sent, Kind::WithdrawalSent, Book::Held(HoldKind::Payout), Book::PayoutsInTransit, at)?;
        Ok((Self { hold: ended.hold, stage: Stage::Sent }, made))
    }

    /// The bank has booked it.
    pub fn settled(self, at: Timestamp) -> Result<(Self, Transaction), Refusal> {
        self.check_stage(Stage::Sent)?;
        let made = self.moved(Purpose::Settled, Kind::WithdrawalSettled, Book::PayoutsInTransit, Book::Bank, at)?;
        Ok((Self { stage: Stage::Settled, ..self }, made))
    }

    /// The bank could not pay it out, or got it back days after it had: such as from an account that is closed.
    pub fn returned(self, at: Timestamp) -> Result<(Self, Transaction), Refusal> {
        let from = match self.stage {
            Stage::Sent => Book::PayoutsInTransit,
            Stage::Settled => Book::Bank,
            Stage::Requested | Stage::Cancelled | Stage::Returned => return Err(refusal(Rule::Withdrawal)),
        };
        let to = Book::Card(self.hold.account);
        let made = self.moved(Purpose::Returned, Kind::WithdrawalReturned, from, to, at)?;
        Ok((Self { stage: Stage::Returned, ..self }, made))
    }

    fn check_stage(&self, stage: Stage) -> Result<(), Refusal> {
        let fits = self.stage == stage && self.hold.kind == HoldKind::Payout;
        if fits { Ok(()) } else { Err(refusal(Rule::Withdrawal)) }
    }

    /// The whole of it from one place to the next, under the withdrawal's own key for this purpose: once.
    fn moved(&self, purpose: Purpose, kind: Kind, from: Book, to: Book, at: Timestamp) -> Result<Transaction, Refusal> {
        let Hold { id, amount, .. } = self.hold;
        let made = Legs::default()
            .take(from, amount)
            .and_then(|legs| legs.give(to, amount))
            .and_then(|legs| legs.post(purpose.of(id), kind, at));
        made.map(|made| made.concerning(id)).map_err(|_: NotBalanced| refusal(Rule::Amount))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::caps::Caps;
    use crate::purchase::tests::{NOON, account, id, legs, payer, written};
    use crate::rules::{LEAST, over};

    fn asked(ore: i64) -> Requesting {
        let payer = Payer { caps: Caps { day: Some(Money::ZERO), ..Caps::NONE }, ..payer(5000) };
        Requesting { id: id(1), at: NOON, account: Some(account(1)), payer, amount: Money::from_ore(ore) }
    }

    #[test]
    fn the_way_to_the_bank_and_back() {
        let (requested, made) = requested(&asked(5000)).unwrap();
        assert_eq!(written(&made), legs(&[("card 1", -5000), ("held-payouts", 5000)]));
        let (sent, made) = requested.sent(NOON).unwrap();
        assert_eq!(written(&made), legs(&[("held-payouts", -5000), ("payouts-in-transit", 5000)]));
        let (settled, made) = sent.settled(NOON).unwrap();
        assert_eq!(written(&made), legs(&[("payouts-in-transit", -5000), ("bank", 5000)]));
        assert_eq!((made.about(), made.id()), (Some(id(1)), Purpose::Settled.of(id(1))));
        let (_, rejected) = sent.returned(NOON).unwrap();
        assert_eq!(written(&rejected), legs(&[("payouts-in-transit", -5000), ("card 1", 5000)]));
        let (_, returned) = settled.returned(NOON).unwrap();
        assert_eq!(written(&returned), legs(&[("bank", -5000), ("card 1", 5000)]));
    }

    #[test]
    fn it_may_be_called_off_until_the_bank_is_told_and_moves_forward_only() {
        let (requested, _) = requested(&asked(1)).unwrap();
        let (cancelled, made) = requested.cancelled(id(2), NOON).unwrap();
        assert_eq!(written(&made), legs(&[("held-payouts", -1), ("card 1", 1)]));
        let sent = requested.sent(NOON).unwrap().0;
        let settled = sent.settled(NOON).unwrap().0;
        let returned = settled.returned(NOON).unwrap().0;
        let rejected = sent.returned(NOON).unwrap().0;
        let can = |from: Withdrawal| {
            let moves = [from.cancelled(id(3), NOON), from.sent(NOON), from.settled(NOON), from.returned(NOON)];
            moves.map(|moved| match moved {
                Ok(_) => true,
                Err(refused) => {
                    assert_eq!(refused, refusal(Rule::Withdrawal));
                    false
                }
            })
        };
        assert_eq!(can(requested), [true, true, false, false]);
        assert_eq!(can(sent), [false, false, true, true]);
        assert_eq!(can(settled), [false, false, false, true]);
        for ended in [cancelled, returned, rejected] {
            assert_eq!(can(ended), [false; 4]);
        }
    }

    #[test]
    fn down_to_the_last_ore_and_no_further() {
        assert!(requested(&asked(1)).is_ok());
        for ore in [5001, i64::MAX] {
            let refused = over(Rule::Balance, Money::from_ore(5000), Money::from_ore(ore));
            assert_eq!(requested(&asked(ore)), Err(refused));
        }
        for ore in [0, -1, i64::MIN] {
            assert_eq!(requested(&asked(ore)), Err(over(Rule::Amount, LEAST, Money::from_ore(ore))));
        }
        let blocked = Payer { card: None, ..payer(5000) };
        assert_eq!(requested(&Requesting { payer: blocked, ..asked(1) }), Err(refusal(Rule::Card)));
    }
}
