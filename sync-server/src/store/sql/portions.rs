//! How many portions of a day are left: counted in the orders themselves, so that no counter can disagree with them.
//!
//! **Invariant:** an order that is held or was sold takes its portions, one that was given back or refused takes none; asked inside
//! the transaction that posts an order, the answer holds until that transaction ends.

use std::collections::HashMap;

use jiff::civil::Date;
use madkort_protocol::{MenuDay, Portions, ProductId, SchoolId};

use super::session::Session;
use super::value::{Db, values};
use super::write::Write;

/// The limits of a day as they are stored.
pub fn limits(day: &MenuDay) -> Vec<(ProductId, u32)> {
    day.portions.iter().map(|portions| (portions.product, portions.limit)).collect()
}

/// What is left of each product of a day that has a limit.
pub fn left(db: &dyn Session, school: SchoolId, date: Date, limits: Vec<(ProductId, u32)>) -> Db<Vec<Portions>> {
    if limits.is_empty() {
        return Ok(Vec::new());
    }
    let taken = db
        .query(
            "SELECT l.product, CAST(sum(l.quantity) AS BIGINT) AS taken
             FROM orders o JOIN order_lines l ON l.\"order\" = o.id
             WHERE o.school = $1 AND o.date = $2 AND o.state IN ('held', 'captured') GROUP BY l.product",
            &values![school.uuid(), date.to_string()],
        )?
        .iter()
        .map(|row| Ok((ProductId::new(row.col("product")?), row.col("taken")?)))
        .collect::<Db<HashMap<ProductId, u32>>>()?;
    let left = |(product, limit)| Portions::new(product, limit).after(taken.get(&product).copied().unwrap_or(0));
    Ok(limits.into_iter().map(left).collect())
}

/// Tells the kiosks that the day has fewer portions left, or more, if any of the products has a limit.
pub fn moved(
    write: &Write<'_>,
    school: SchoolId,
    day: Option<&MenuDay>,
    products: impl IntoIterator<Item = ProductId>,
) -> Db<()> {
    let Some(day) = day else { return Ok(()) };
    if products.into_iter().any(|product| day.left(product).is_some()) {
        write.changed(school, "day", day.date.to_string().as_bytes())?;
    }
    Ok(())
}
