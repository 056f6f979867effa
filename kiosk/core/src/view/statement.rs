//! Pages of *Kontoudtog*.
//!
//! Pure.

use super::balance;
use crate::rooms::{Inside, StatementRoom, StatementStep};
use crate::{MailStatementPage, MonthChoice, MonthsPage, Page, StatementBody, StatementPage};

/// Months to choose from: two years, which is as far as a family looks back; the server gives older ones when asked for by name.
const MONTHS_SHOWN: usize = 24;

pub(super) fn page(room: &StatementRoom, inside: &Inside) -> Page {
    match (&room.step, &room.body) {
        (StatementStep::Choosing, StatementBody::Here(statement)) => {
            let months = statement.months.iter().take(MONTHS_SHOWN);
            Page::Months(MonthsPage {
                account: inside.label(),
                balance: balance(inside),
                months: months.map(|m| MonthChoice { month: *m, chosen: *m == statement.month }).collect(),
            })
        }
        (StatementStep::Mailing(mailing), StatementBody::Here(statement)) => Page::MailStatement(MailStatementPage {
            account: inside.label(),
            month: statement.month,
            email: mailing.email.clone(),
            problem: mailing.problem,
            asking: mailing.is_asking(),
            sent: mailing.is_sent(),
        }),
        _ => Page::Statement(StatementPage {
            account: inside.label(),
            balance: balance(inside),
            body: room.body.clone(),
            paper: room.paper.as_ref().map(|(_, state)| *state),
        }),
    }
}
