//! The basket of one order.
//!
//! Pure. **Invariant:** a line has at least one piece and at most [`LineRequest::MOST`]; what is not on the day's menu is not in it.

use madkort_protocol::{InvalidText, LineRequest, Money, MoneyError, ProductId, check_text};

use crate::Catalogue;

/// What a person has chosen so far, in the order they chose it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Basket {
    lines: Vec<BasketLine>,
}

/// One product in the basket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasketLine {
    /// Which.
    pub product: ProductId,
    /// How many.
    pub quantity: u32,
    /// To the kitchen, as typed.
    pub comment: String,
}

impl Basket {
    /// The lines.
    #[must_use]
    pub fn lines(&self) -> &[BasketLine] {
        &self.lines
    }

    /// Whether nothing is chosen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// How many of a product.
    #[must_use]
    pub fn quantity(&self, product: ProductId) -> u32 {
        self.lines.iter().find(|l| l.product == product).map_or(0, |l| l.quantity)
    }

    /// Pieces in all.
    #[must_use]
    pub fn pieces(&self) -> u32 {
        self.lines.iter().map(|l| l.quantity).sum()
    }

    /// One more; false if that is more than one order may hold.
    pub(crate) fn add(&mut self, product: ProductId) -> bool {
        match self.lines.iter_mut().find(|l| l.product == product) {
            Some(line) if line.quantity >= LineRequest::MOST => return false,
            Some(line) => line.quantity += 1,
            None => self.lines.push(BasketLine { product, quantity: 1, comment: String::new() }),
        }
        true
    }

    /// One less; the line goes with its last piece.
    pub(crate) fn remove(&mut self, product: ProductId) {
        if let Some(line) = self.lines.iter_mut().find(|l| l.product == product) {
            line.quantity -= 1;
        }
        self.lines.retain(|l| l.quantity > 0);
    }

    /// None of it any more.
    pub(crate) fn remove_all(&mut self, product: ProductId) {
        self.lines.retain(|l| l.product != product);
    }

    /// A comment on a line, cut to what the slip holds.
    pub(crate) fn comment(&mut self, product: ProductId, text: &str) {
        if let Some(line) = self.lines.iter_mut().find(|l| l.product == product) {
            line.comment = text.chars().take(LineRequest::COMMENT).collect();
        }
    }

    /// Drops what is not among `products`.
    pub(crate) fn keep_only(&mut self, products: &[ProductId]) {
        self.lines.retain(|l| products.contains(&l.product));
    }

    /// What it costs at the catalogue's prices.
    pub(crate) fn total(&self, catalogue: &Catalogue) -> Result<Money, MoneyError> {
        self.lines
            .iter()
            .filter_map(|l| Some(catalogue.product(l.product)?.price.times(l.quantity)))
            .try_fold(Money::ZERO, |sum, amount| sum.plus(amount?))
    }

    /// The lines as the server takes them.
    pub(crate) fn requests(&self, catalogue: &Catalogue) -> Vec<LineRequest> {
        self.lines
            .iter()
            .filter_map(|l| {
                let price = catalogue.product(l.product)?.price;
                let comment = match check_text(&l.comment, LineRequest::COMMENT) {
                    Ok(text) => text.replace('\n', " "),
                    Err(InvalidText::ControlCharacter) => l.comment.replace(char::is_control, " ").trim().to_owned(),
                    Err(_) => String::new(),
                };
                Some(LineRequest { product: l.product, quantity: l.quantity, price, comment })
            })
            .collect()
    }
}
