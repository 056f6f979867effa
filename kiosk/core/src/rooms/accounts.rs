//! *Konti*: the accounts a person may use, their cards, and the switch that stops a card.
//!
//! Pure. **Invariant:** a card is blocked only after a second touch, and shown as blocked only after it is on disk.

use madkort_protocol::{CardId, CardStatus, OperationId, PersonKind, SetCardBlock};

use super::{Around, Inside, Room};
use crate::{Draft, Effect, Intent, TileKind};

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
            (AccountsStep::Looking, Intent::BlockCard(card)) if self.is(*card, CardStatus::Active) => {
                room.step = AccountsStep::Asking { card: *card };
            }
            (AccountsStep::Asking { .. }, Intent::Back) => room.step = AccountsStep::Looking,
            (AccountsStep::Asking { card }, Intent::Next) => return self.set_block(card, true, fresh),
            (AccountsStep::Looking, Intent::UnblockCard(card)) if self.is(*card, CardStatus::Blocked) => {
                return self.set_block(*card, false, fresh);
            }
            _ => {}
        }
        (Room::Accounts(room), vec![])
    }

    /// Whether this person may stop the card, and it stands so.
    fn is(&self, card: CardId, status: CardStatus) -> bool {
        self.visitor.person.kind != PersonKind::Guest
            && self.visitor.cards.iter().any(|known| known.id == card && known.status == status)
    }

    fn set_block(&self, target: CardId, blocked: bool, fresh: OperationId) -> (Room, Vec<Effect>) {
        let step = AccountsStep::Recording { id: fresh };
        let draft = Draft::CardBlock(SetCardBlock { card: self.visitor.card, target, blocked });
        (Room::Accounts(AccountsRoom { step }), vec![Effect::Record { id: fresh, draft, slip: None }])
    }
}
