//! The room Payments: every try to pay, refunds, disputes, and the worklist of what a person has to look at.

mod attempts;
mod disputes;
mod refunds;
mod span;
mod worklist;

pub use attempts::{AttemptRow, Attempts, Declined};
pub use disputes::{DisputeRow, Disputes, Stage};
pub use refunds::{RefundRow, Refunds};
pub use span::{AskedSpan, Moved};
pub use worklist::{WorklistGroup, WorklistRow};

use super::require;
use crate::api::{ApiError, context};
use crate::domain::access::Right;
use crate::domain::text_enum::text_enum;
use crate::domain::timestamp::Timestamp;

/// Rows of a page.
const ROWS: usize = 50;

text_enum! {
    pub enum PaymentsView {
        Worklist => "worklist",
        Attempts => "attempts",
        Refunds => "refunds",
        Disputes => "disputes",
    }
}

/// What the address asks for, word by word; a word that is none asks for nothing.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub struct Asked {
    pub view: String,
    pub outcome: String,
    pub reason: String,
    pub currency: String,
    pub state: String,
    pub from: String,
    pub to: String,
    pub after: String,
}

pub enum PaymentsRoom {
    Worklist(Vec<WorklistGroup>),
    Attempts(Attempts),
    Refunds(Refunds),
    Disputes(Disputes),
}

/// Without a view: the worklist when something is on it, else the tries.
pub async fn payments(asked: &Asked) -> Result<PaymentsRoom, ApiError> {
    require(Right::See)?;
    let ctx = context()?;
    Ok(match asked.view.parse() {
        Ok(PaymentsView::Attempts) => PaymentsRoom::Attempts(attempts::attempts(&ctx, asked).await?),
        Ok(PaymentsView::Refunds) => PaymentsRoom::Refunds(refunds::refunds(&ctx, asked).await?),
        Ok(PaymentsView::Disputes) => PaymentsRoom::Disputes(disputes::disputes(&ctx, asked).await?),
        Ok(PaymentsView::Worklist) => PaymentsRoom::Worklist(worklist::worklist(&ctx).await?),
        Err(_) => {
            let groups = worklist::worklist(&ctx).await?;
            if groups.is_empty() {
                PaymentsRoom::Attempts(attempts::attempts(&ctx, asked).await?)
            } else {
                PaymentsRoom::Worklist(groups)
            }
        }
    })
}

/// When something is due, in words: `due in 3 days`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub at: Timestamp,
    /// Seconds from now; below zero it is over.
    seconds: i64,
}

impl Due {
    fn of(at: Timestamp, now: Timestamp) -> Self {
        Self { at, seconds: (at.millis() - now.millis()).div_euclid(1000) }
    }

    /// Within three days, or over.
    pub const fn is_near(self) -> bool {
        self.seconds < 3 * 24 * 3600
    }

    pub fn words(self) -> String {
        let (far, over) = (self.seconds.unsigned_abs(), self.seconds < 0);
        let span = match far {
            0..3600 => "less than an hour".to_owned(),
            3600..172_800 => counted(far / 3600, "hour"),
            _ => counted(far / 86_400, "day"),
        };
        if over { format!("was due {span} ago") } else { format!("due in {span}") }
    }
}

fn counted(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Stripe's word as people write it: `requested_by_customer` → `Requested by customer`.
fn spelled_out(word: &str) -> String {
    let text = word.replace('_', " ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), letters.as_str()))
}

/// A page's rows, and where the next page goes on.
fn cut<Row, Id: std::fmt::Display>(rows: &mut Vec<Row>, place: impl Fn(&Row) -> (Timestamp, Id)) -> Option<String> {
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    rows.last().filter(|_| more).map(place).map(|place| written(&place))
}

fn written<Id: std::fmt::Display>((at, id): &(Timestamp, Id)) -> String {
    format!("{}.{id}", at.millis())
}

/// A cursor that can't be read is the first page.
fn read_cursor<Id: std::str::FromStr>(text: &str) -> Option<(Timestamp, Id)> {
    let (millis, id) = text.split_once('.')?;
    Some((Timestamp::from_millis(millis.parse().ok()?), id.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_due_date_is_told_in_the_largest_unit_that_says_something() {
        let now = Timestamp::from_seconds(1_000_000);
        let due = |seconds: i64| Due::of(Timestamp::from_seconds(1_000_000 + seconds), now);
        assert_eq!(due(3 * 86_400 + 5).words(), "due in 3 days");
        assert_eq!(due(30 * 3600).words(), "due in 30 hours");
        assert_eq!(due(3600).words(), "due in 1 hour");
        assert_eq!(due(5).words(), "due in less than an hour");
        assert_eq!(due(-2 * 86_400).words(), "was due 2 days ago");
        assert!(due(-5).is_near() && due(2 * 86_400).is_near() && !due(4 * 86_400).is_near());
    }

    #[test]
    fn stripes_words_are_spelled_out() {
        assert_eq!(spelled_out("requested_by_customer"), "Requested by customer");
        assert_eq!(spelled_out(""), "");
    }
}
