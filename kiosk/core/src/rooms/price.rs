//! What an order takes from the account, as the server says it before the order is placed.
//!
//! Pure. **Invariant:** a quote counts for the account and the basket it was asked for, at the prices on the screen, and only while the
//! server is in reach; in every other case the full price counts. Nobody pays before the server has said it or could not be asked.

use madkort_protocol::{AccountId, Money, Quote, QuoteLine, QuoteRequest};

use super::{Around, Inside, OrderRoom, OrderStep, Room};
use crate::{Effect, FormProblem};

/// What is known of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Price {
    /// Nobody was asked.
    #[default]
    Unasked,
    /// The server is being asked.
    Asking(Asked),
    /// It could not be asked, or would not say.
    Unreachable(Asked),
    /// Its word.
    Known(Quote),
}

/// A basket and who pays for it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    account: AccountId,
    lines: Vec<QuoteLine>,
}

impl Price {
    fn is_about(&self, asked: &Asked) -> bool {
        match self {
            Self::Unasked => false,
            Self::Asking(before) | Self::Unreachable(before) => before == asked,
            Self::Known(quote) => quote.account == asked.account && quote.lines == asked.lines,
        }
    }
}

impl Inside {
    fn asked(&self, room: &OrderRoom) -> Asked {
        let line = |line: &crate::BasketLine| QuoteLine { product: line.product, quantity: line.quantity };
        Asked { account: self.chosen, lines: room.basket.lines().iter().map(line).collect() }
    }

    /// What the server said that this order takes.
    pub fn quoted(&self, room: &OrderRoom, around: &Around) -> Option<Money> {
        self.word_on(room, around).map(|quote| quote.taken)
    }

    /// Which cap this order goes beyond, as the server said it; the day's is told first. A kiosk that cannot ask knows of none: then
    /// the server judges the order when it comes. What takes nothing goes beyond nothing.
    pub fn over_a_cap(&self, room: &OrderRoom, around: &Around) -> Option<FormProblem> {
        let Quote { left, taken, .. } = self.word_on(room, around)?;
        let over = |left: Option<Money>| left.filter(|left| taken > left && *taken > Money::ZERO);
        let day = over(left.day).map(FormProblem::DayCap);
        day.or_else(|| over(left.week).map(FormProblem::WeekCap))
            .or_else(|| over(left.month).map(FormProblem::MonthCap))
    }

    /// The server's word, if it is about this order and counts.
    fn word_on<'a>(&self, room: &'a OrderRoom, around: &Around) -> Option<&'a Quote> {
        let Price::Known(quote) = &room.price else { return None };
        let counts = around.link.is_online() && room.price.is_about(&self.asked(room));
        (counts && room.basket.total(&around.catalogue) == Ok(quote.price)).then_some(quote)
    }

    /// Whether the server has still to say what this order takes.
    pub fn price_is_open(&self, room: &OrderRoom, around: &Around) -> bool {
        around.link.is_online()
            && (matches!(room.price, Price::Unasked | Price::Asking(_)) || !room.price.is_about(&self.asked(room)))
    }

    /// At the check-out: asks the server, unless it was asked about this very order.
    pub fn ask_price(&self, room: &mut OrderRoom, around: &Around) -> Vec<Effect> {
        let asked = self.asked(room);
        let pointless = room.step != OrderStep::Checking || asked.lines.is_empty() || !around.link.is_online();
        if pointless || room.price.is_about(&asked) {
            return vec![];
        }
        let request = QuoteRequest { card: self.visitor.card, lines: asked.lines.clone() };
        room.price = Price::Asking(asked);
        vec![Effect::AskQuote { account: self.chosen, request }]
    }

    /// The server's word, if it is about what was asked last.
    pub fn quote_is(&mut self, quote: Quote, around: &Around) {
        let asked = Asked { account: quote.account, lines: quote.lines.clone() };
        self.price_is(&asked, Price::Known(quote), around);
    }

    /// No word.
    pub fn quote_unreachable(&mut self, account: AccountId, lines: Vec<QuoteLine>, around: &Around) {
        let asked = Asked { account, lines };
        self.price_is(&asked, Price::Unreachable(asked.clone()), around);
    }

    fn price_is(&mut self, asked: &Asked, price: Price, around: &Around) {
        let Room::Order(room) = &mut self.room else { return };
        if !room.price.is_about(asked) {
            return;
        }
        room.price = price;
        if room.step == OrderStep::Checking {
            let mut room = room.clone();
            room.problem = room.check(self, around).err();
            self.room = Room::Order(room);
        }
    }
}
