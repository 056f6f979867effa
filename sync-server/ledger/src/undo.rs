//! A till takes its own sale back.
//!
//! Pure. Legs: those of the sale with the opposite sign; what came out of an authorisation goes to the card.
//!
//! **Invariant:** a sale is undone at most once, by the till that made it, within [`UNDO_WITHIN`].

use jiff::{SignedDuration, Timestamp};
use madkort_protocol::{DeviceId, OperationId, Refusal, Rule};

use crate::rules::refusal;
use crate::{Kind, Posted, Transaction};

/// How long a till may take its sale back: while whoever bought is still at the counter. Later it is a correction, by staff.
pub const UNDO_WITHIN: SignedDuration = SignedDuration::from_mins(5);

/// A sale to be taken back.
#[derive(Clone, Copy, Debug)]
pub struct Undoing<'a> {
    /// The key.
    pub id: OperationId,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// The till that asks.
    pub device: DeviceId,
    /// The sale; `None` if there is no such transaction.
    pub sale: Option<Posted<'a>>,
}

/// Takes it back.
pub fn undone(asked: &Undoing<'_>) -> Result<Transaction, Refusal> {
    let no = refusal(Rule::Undo);
    let sale = asked.sale.ok_or(no.clone())?;
    let sold = sale.transaction;
    let own = sold.kind() == Kind::Purchase && sale.device == Some(asked.device);
    if !own || sale.reversed || asked.at.duration_since(sold.at()) > UNDO_WITHIN {
        return Err(no);
    }
    let legs = sale.turned_round().ok_or(no)?.map_err(|_| refusal(Rule::Amount))?;
    let undone = legs.post(asked.id, Kind::PurchaseUndone, asked.at).map_err(|_| refusal(Rule::Amount))?;
    Ok(undone.concerning(sold.id()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::authorisation::{Authorising, held};
    use crate::purchase::tests::{NOON, account, id, legs, payer, sale, written};
    use crate::purchase::{Sale, sold};

    fn device(n: u128) -> DeviceId {
        DeviceId::new(Uuid::from_u128(n))
    }

    fn posted(transaction: &Transaction) -> Posted<'_> {
        Posted { transaction, holder: Some(account(1)), device: Some(device(7)), reversed: false }
    }

    fn undo(sale: Option<Posted<'_>>, seconds: i64) -> Result<Transaction, Refusal> {
        let at = NOON.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        undone(&Undoing { id: id(2), at, device: device(7), sale })
    }

    #[test]
    fn a_sale_is_taken_back_leg_by_leg() {
        let sold = sold(&sale(2500, 1000)).unwrap();
        let undone = undo(Some(posted(&sold)), 300).unwrap();
        assert_eq!(undone.about(), Some(id(1)));
        assert_eq!(written(&undone), legs(&[("card 1", 1500), ("subsidy", 1000), ("income:25", -2000), ("vat", -500)]));
    }

    #[test]
    fn what_was_held_goes_to_the_card() {
        let amount = sale(4000, 0).amount;
        let (payer, subsidised) = (payer(9000), madkort_protocol::Money::ZERO);
        let asked = Authorising { id: id(9), at: NOON, account: Some(account(1)), payer, amount, subsidised };
        let (hold, _) = held(&asked).unwrap();
        for (ore, card) in [(2500, 2500), (4000, 4000)] {
            let sold = sold(&Sale { authorisation: Some(hold), ..sale(ore, 0) }).unwrap();
            let undone = undo(Some(posted(&sold)), 1).unwrap();
            let vat = ore / 5;
            assert_eq!(written(&undone), legs(&[("card 1", card), ("income:25", vat - ore), ("vat", -vat)]));
            assert!(undo(Some(Posted { holder: None, ..posted(&sold) }), 1).is_err());
        }
    }

    #[test]
    fn not_later_not_twice_not_by_another_till_and_nothing_but_a_sale() {
        let sold = sold(&sale(2500, 0)).unwrap();
        let no = Err(refusal(Rule::Undo));
        let posted = posted(&sold);
        assert_eq!(undo(Some(posted), 301), no);
        assert_eq!(undo(Some(Posted { reversed: true, ..posted }), 1), no);
        assert_eq!(undo(Some(Posted { device: Some(device(8)), ..posted }), 1), no);
        assert_eq!(undo(Some(Posted { device: None, ..posted }), 1), no);
        assert_eq!(undo(None, 1), no);
        let undone = undo(Some(posted), 1).unwrap();
        assert_eq!(undo(Some(Posted { transaction: &undone, ..posted }), 2), no);
    }
}
