//! What a till shows.
//!
//! Pure. **Invariant:** a sale that was posted looks the same whoever paid, and whether the server was asked once or twice.

use madkort_protocol::{CardStatus, Outcome, PickUpAnswer, Rule, TillCard};

/// One line for what became of something.
pub fn outcome(done: &str, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Posted | Outcome::AlreadyPosted => done.to_owned(),
        Outcome::Refused(refusal) => format!("AFVIST: {}", reason(refusal.rule)),
    }
}

/// What to hand out.
pub fn pick_up(answer: &PickUpAnswer) -> String {
    if matches!(answer.outcome, Outcome::Refused(_)) {
        return outcome("", &answer.outcome);
    }
    if answer.orders.is_empty() {
        return "INTET AT UDLEVERE".to_owned();
    }
    let mut lines = Vec::new();
    for order in &answer.orders {
        lines.push(format!("UDLEVER {}", order.number));
        for line in &order.lines {
            let comment = if line.comment.is_empty() { String::new() } else { format!(" ({})", line.comment) };
            lines.push(format!("{} x {}{comment}", line.quantity, line.name_da));
        }
    }
    lines.join("\n")
}

/// A card, and whether it can be used.
pub fn card(card: &TillCard) -> String {
    let status = match card.status {
        CardStatus::Active => "aktivt",
        CardStatus::BlockedByHolder | CardStatus::BlockedByGuardian | CardStatus::Blocked => "spærret",
        CardStatus::Replaced => "erstattet",
    };
    format!("KORT {} {status}", card.uid.as_hex())
}

/// No figures: the queue reads along.
const fn reason(rule: Rule) -> &'static str {
    match rule {
        Rule::Balance => "der er ikke penge nok på kortet",
        Rule::Card | Rule::Account => "kortet kan ikke bruges",
        Rule::DayCap | Rule::WeekCap | Rule::MonthCap => "kortets grænse for forbrug er nået",
        Rule::Authorisation => "reservationen gælder ikke længere",
        Rule::Undo => "salget kan ikke fortrydes her",
        Rule::OfflineAllowance => "salget er for gammelt eller over grænsen for salg uden forbindelse",
        Rule::Amount => "beløbet er for højt",
        _ => "det kan ikke lade sig gøre",
    }
}

#[cfg(test)]
mod tests {
    use madkort_protocol::Refusal;

    use super::*;

    #[test]
    fn asked_twice_it_looks_the_same_and_a_refusal_names_no_figure() {
        assert_eq!(outcome("BETALT", &Outcome::Posted), outcome("BETALT", &Outcome::AlreadyPosted));
        let refused = Outcome::Refused(Refusal { rule: Rule::Balance, limit: None, asked: None, portions: None });
        assert_eq!(outcome("BETALT", &refused), "AFVIST: der er ikke penge nok på kortet");
    }
}
