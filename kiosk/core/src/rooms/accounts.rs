//! *Konti*: the accounts a person may use, their cards, and the switch that stops a card.
//!
//! Pure. **Invariant:** a card is blocked only after a second touch, and shown as blocked only after it is on disk.

use madkort_protocol::{CardId, CardStatus, OperationId, PersonKind, SetCardBlock};

use super::{Around, Inside, Room};
use crate::{Draft, Effect, Intent, TileKind, VisitorCard};

/// The list, and a card that is being asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct AccountsRoom {
    pub step: AccountsStep,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum AccountsStep {
    /// The list.
    #[default]
    Looking,
    /// "Block this card?"
    Asking { card: CardId },
    /// On its way to the disk.
    Recording { id: OperationId },
}

impl AccountsRoom {
    /// It is on disk.
    pub fn recorded(&mut self, recorded: OperationId) {
        if self.step == (AccountsStep::Recording { id: recorded }) {
            self.step = AccountsStep::Looking;
        }
    }
}

impl Inside {
    pub(super) fn hand_in_accounts(
        &mut self,
        mut room: AccountsRoom,
        intent: &Intent,
        fresh: OperationId,
        around: &Around,
    ) -> (Room, Vec<Effect>) {
        match (room.step, intent) {
            (AccountsStep::Looking, Intent::Back) => return (Room::Home, vec![]),
            (
                AccountsStep::Looking,
                Intent::Open(
                    kind @ (TileKind::AutoRecharge | TileKind::Deposit | TileKind::Transfer | TileKind::Withdraw),
                ),
            ) => return self.enter(*kind, around),
            (AccountsStep::Looking, Intent::BlockCard(card)) if self.any(*card, Self::may_block) => {
                room.step = AccountsStep::Asking { card: *card };
            }
            (AccountsStep::Asking { .. }, Intent::Back) => room.step = AccountsStep::Looking,
            (AccountsStep::Asking { card }, Intent::Next) => return self.set_block(card, true, fresh),
            (AccountsStep::Looking, Intent::UnblockCard(card)) if self.any(*card, Self::may_unblock) => {
                return self.set_block(*card, false, fresh);
            }
            _ => {}
        }
        (Room::Accounts(room), vec![])
    }

    fn any(&self, card: CardId, may: fn(&Self, &VisitorCard) -> bool) -> bool {
        self.visitor.cards.iter().any(|known| known.id == card && may(self, known))
    }

    /// Whether this person may stop the card, and it is not stopped yet.
    pub(crate) fn may_block(&self, card: &VisitorCard) -> bool {
        self.visitor.person.kind != PersonKind::Guest && card.status == CardStatus::Active
    }

    /// Whether this person may open the card again: what its holder has stopped, or, for whoever answers for them, what was stopped
    /// for their own good. What the office has stopped is opened there.
    pub(crate) fn may_unblock(&self, card: &VisitorCard) -> bool {
        let person = &self.visitor.person;
        match card.status {
            CardStatus::BlockedByHolder => person.kind != PersonKind::Guest,
            CardStatus::BlockedByGuardian => {
                card.person != person.id && matches!(person.kind, PersonKind::Guardian | PersonKind::Staff)
            }
            CardStatus::Active | CardStatus::Blocked | CardStatus::Replaced => false,
        }
    }

    fn set_block(&self, target: CardId, blocked: bool, fresh: OperationId) -> (Room, Vec<Effect>) {
        let step = AccountsStep::Recording { id: fresh };
        let draft = Draft::CardBlock(SetCardBlock { card: self.visitor.card, target, blocked });
        (Room::Accounts(AccountsRoom { step }), vec![Effect::Record { id: fresh, draft, slip: None }])
    }
}
