//! One preorder with its whole story: the form, each try to pay, each delivery with each of its tries, Stripe's events,
//! refunds, disputes, the ledger, notes and the team's acts, by the time they happened. A file a source. Every source
//! is read to a limit, and what is left out is said.

mod acts;
mod deliveries;
mod detail;
mod form;
mod money;
mod money_card;
mod payload;
mod webhooks;

use std::collections::HashMap;

pub use detail::{ColorChoice, Message, NoteLine, Possible, PreorderDetail};
pub use money_card::{AttemptLine, DisputeLine, LedgerCheck, MoneyCard, RefundLine};

use super::require;
use crate::api::{ApiError, context};
use crate::domain::access::Right;
use crate::domain::ids::PreorderId;
use crate::domain::timestamp::Timestamp;
use crate::store::attempts::Attempt;
use crate::store::audit::AuditLine;
use crate::store::disputes::Dispute;
use crate::store::ledger::Entry;
use crate::store::notes::Note;
use crate::store::outbox::DeliveryAttempt;
use crate::store::preorders::{self, Preorder};
use crate::store::refunds::Refund;
use crate::store::story::{self, Told};
use crate::store::webhooks::Webhook;
use crate::store::{Db, StoreResult, attempts, audit, disputes, ledger, notes, refunds};

/// Rows that are read of each source, the newest.
const MOST: i64 = 200;
/// Entries that a page shows before it says that there are more: how it began, and how it stands.
const FIRST: usize = 20;
const LAST: usize = 80;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Neutral,
    Good,
    Waiting,
    Bad,
    /// Done by one of the team.
    Act,
}

#[derive(Clone, Debug)]
pub struct TimelineEntry {
    pub at: Timestamp,
    pub title: String,
    pub detail: String,
    pub tone: Tone,
    pub payload: Option<String>,
    /// The delivery that can be tried again from here.
    pub retry: Option<String>,
    /// The event's own page.
    pub webhook: Option<String>,
    /// Entries between this one and the one before that are not shown.
    pub left_out: usize,
}

#[derive(Clone, Debug)]
pub struct Timeline {
    pub entries: Vec<TimelineEntry>,
    /// Entries that are not shown, but are on the page with all of them.
    pub left_out: usize,
    /// Sources of which even that page has only the newest.
    pub cut: Vec<&'static str>,
}

fn entry(at: Timestamp, title: impl Into<String>, detail: impl Into<String>, tone: Tone) -> TimelineEntry {
    TimelineEntry {
        at,
        title: title.into(),
        detail: detail.into(),
        tone,
        payload: None,
        retry: None,
        webhook: None,
        left_out: 0,
    }
}

/// Everything that the page reads.
struct Rows {
    attempts: Vec<Attempt>,
    deliveries: Vec<Told>,
    tries: Vec<DeliveryAttempt>,
    webhooks: Vec<Webhook>,
    refunds: Vec<Refund>,
    disputes: Vec<Dispute>,
    ledger: Vec<Entry>,
    notes: Vec<Note>,
    acts: Vec<AuditLine>,
}

impl Rows {
    async fn read(db: &Db, id: &PreorderId) -> StoreResult<Self> {
        Ok(Self {
            attempts: attempts::list(db, id).await?,
            deliveries: story::deliveries(db, id, MOST).await?,
            tries: story::tries(db, id, MOST).await?,
            webhooks: story::webhooks(db, id, MOST).await?,
            refunds: refunds::list(db, id).await?,
            disputes: disputes::list(db, id).await?,
            ledger: ledger::list(db, id).await?,
            notes: notes::of_preorder(db, id, MOST).await?,
            acts: audit::of_preorder(db, id, MOST).await?,
        })
    }

    fn story(&self, preorder: &Preorder, color_name: &str, masked: bool, all: bool) -> Timeline {
        let mut entries = vec![form::started(preorder, color_name)];
        entries.extend(self.attempts.iter().flat_map(form::attempt_entries));
        entries.extend(self.deliveries.iter().flat_map(|d| deliveries::delivery_entries(d, &self.tries, masked)));
        entries.extend(self.webhooks.iter().map(|webhook| webhooks::webhook_entry(webhook, masked)));
        entries.extend(self.refunds.iter().flat_map(money::refund_entries));
        entries.extend(self.disputes.iter().flat_map(money::dispute_entries));
        entries.extend(self.ledger.iter().map(money::ledger_entry));
        entries.extend(self.acts.iter().rev().filter_map(|act| acts::act_entry(act, masked)));
        entries.extend(self.notes.iter().rev().map(|note| acts::note_entry(note, masked)));
        entries.sort_by_key(|entry| entry.at);
        let left_out = if all { 0 } else { shorten(&mut entries) };
        let full = |rows: usize| rows >= MOST as usize;
        let cut = [
            (full(self.deliveries.len()), "deliveries"),
            (full(self.tries.len()), "tries of deliveries"),
            (full(self.webhooks.len()), "Stripe events"),
            (full(self.notes.len()), "notes"),
            (full(self.acts.len()), "acts of the team"),
        ];
        Timeline {
            entries,
            left_out,
            cut: cut.into_iter().filter(|(is_full, _)| *is_full).map(|(_, name)| name).collect(),
        }
    }
}

/// Leaves the beginning and the end; what failed and can be tried again stays wherever it is. Says how many went.
fn shorten(entries: &mut Vec<TimelineEntry>) -> usize {
    let count = entries.len();
    if count <= FIRST + LAST {
        return 0;
    }
    let mut gone = 0;
    let mut kept = Vec::with_capacity(FIRST + LAST);
    let mut between = 0;
    for (index, mut entry) in entries.drain(..).enumerate() {
        if index < FIRST || index >= count - LAST || entry.retry.is_some() {
            entry.left_out = std::mem::take(&mut between);
            kept.push(entry);
        } else {
            between += 1;
            gone += 1;
        }
    }
    *entries = kept;
    gone
}

/// `all`: the long story whole, as far as it is read.
pub async fn preorder(id: &str, all: bool) -> Result<Option<PreorderDetail>, ApiError> {
    let login = require(Right::See)?;
    let ctx = context()?;
    let Ok(id) = id.parse::<PreorderId>() else { return Ok(None) };
    let Some(preorder) = preorders::find(&ctx.db, &id).await? else { return Ok(None) };
    let rows = Rows::read(&ctx.db, &id).await?;
    let catalog = ctx.shop().await?.catalog;
    let masked = !login.admin.role.sees_addresses();
    let refundable = crate::workflows::refunds::refundable(&ctx, &id).await?;
    Ok(Some(detail::detail(&ctx, preorder, &rows, &catalog, refundable, masked, all)))
}

/// Tries a delivery, newest first.
fn last_tries(tries: &[DeliveryAttempt]) -> HashMap<&str, &DeliveryAttempt> {
    let mut last: HashMap<&str, &DeliveryAttempt> = HashMap::new();
    for attempt in tries {
        let known = last.entry(attempt.delivery_id.as_str()).or_insert(attempt);
        if known.number < attempt.number {
            *known = attempt;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_very_long_story_keeps_its_beginning_its_end_and_what_can_be_tried_again() {
        let one = |n: i64| entry(Timestamp::from_millis(n), n.to_string(), "", Tone::Neutral);
        let mut entries: Vec<_> = (0..500).map(one).collect();
        entries[250].retry = Some("dlv_1".to_owned());
        assert_eq!(shorten(&mut entries), 399);
        assert_eq!(entries.len(), FIRST + LAST + 1);
        assert_eq!((entries[FIRST].title.as_str(), entries[FIRST].left_out), ("250", 230));
        assert_eq!((entries[FIRST + 1].title.as_str(), entries[FIRST + 1].left_out), ("420", 169));
        let mut few: Vec<_> = (0..100).map(one).collect();
        assert_eq!((shorten(&mut few), few.len()), (0, 100));
    }
}
