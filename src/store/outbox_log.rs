//! Deliveries as a person looks for them: by state, kind and time, page by page, and one with every try. Each list is a
//! walk along an index; where kinds that are rare are looked for among many, the walk ends after [`LOOKED_THROUGH`].

use std::time::Duration;

use sqlx::{AssertSqlSafe, FromRow};

use super::outbox::DeliveryAttempt;
use super::{Db, StoreResult, on_read};
use crate::domain::delivery::{DeliveryKind, DeliveryState};
use crate::domain::ids::{DeliveryId, PreorderId};
use crate::domain::text_enum::text_enum;
use crate::domain::timestamp::Timestamp;

/// Rows that a search among what is done walks along before it asks whether to go on.
pub const LOOKED_THROUGH: i64 = 50_000;
/// Before and after everything that is kept.
pub const BEGINNING: Timestamp = Timestamp::from_millis(0);
pub const END: Timestamp = Timestamp::from_seconds(253_402_300_799);

text_enum! {
    /// What a list of deliveries shows. Discarded ones are dead, and are shown apart.
    pub enum Shelf {
        Dead => "dead",
        Pending => "pending",
        Running => "running",
        Done => "done",
        Discarded => "discarded",
    }
}

impl Shelf {
    /// The column by which it is ordered, and filtered by time.
    const fn time(self) -> &'static str {
        match self {
            Self::Pending => "run_at",
            Self::Running => "lease_until",
            Self::Dead | Self::Done => "finished_at",
            Self::Discarded => "discarded_at",
        }
    }

    /// What is due comes first; of everything else, what is newest.
    const fn is_ascending(self) -> bool {
        matches!(self, Self::Pending)
    }
}

pub struct Wanted {
    pub shelf: Shelf,
    pub kind: Option<DeliveryKind>,
    /// From, inclusive, and to, exclusive.
    pub span: (Timestamp, Timestamp),
    /// The last row of the page before.
    pub after: Option<(Timestamp, String)>,
    pub limit: i64,
}

/// A delivery with what a person wants to know of it.
#[derive(Debug, Clone, FromRow)]
pub struct LoggedDelivery {
    pub id: DeliveryId,
    pub kind: DeliveryKind,
    pub payload: String,
    pub state: DeliveryState,
    pub attempts: i64,
    pub earlier_attempts: i64,
    pub run_at: Timestamp,
    pub lease_until: Option<Timestamp>,
    pub lease_token: Option<String>,
    pub last_error: Option<String>,
    pub preorder_id: Option<PreorderId>,
    pub preorder_number: Option<String>,
    pub trace_id: Option<String>,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub discarded_at: Option<Timestamp>,
    pub discard_reason: Option<String>,
}

impl LoggedDelivery {
    /// The instance that has it in hand.
    pub fn holder(&self) -> Option<&str> {
        self.lease_token.as_deref().and_then(super::outbox::holder_of)
    }

    /// By what its list is ordered.
    pub fn time(&self, shelf: Shelf) -> Timestamp {
        let time = match shelf {
            Shelf::Pending => None,
            Shelf::Running => self.lease_until,
            Shelf::Dead | Shelf::Done => self.finished_at,
            Shelf::Discarded => self.discarded_at,
        };
        time.unwrap_or(self.run_at)
    }
}

macro_rules! columns {
    () => {
        "o.id, o.kind, o.payload, o.state, o.attempts, o.earlier_attempts, o.run_at, o.lease_until, o.lease_token, \
         o.last_error, o.preorder_id, p.preorder_number, o.trace_id, o.created_at, o.finished_at, o.discarded_at, o.discard_reason"
    };
}

pub struct Found {
    pub rows: Vec<LoggedDelivery>,
    /// The search ended here, before what was wanted was exhausted: older ones were not looked at.
    pub looked_to: Option<Timestamp>,
}

pub async fn list(db: &Db, wanted: &Wanted) -> StoreResult<Found> {
    let (from, to) = wanted.span;
    let (at, id) = wanted.after.clone().unwrap_or_else(|| {
        if wanted.shelf.is_ascending() { (BEGINNING, String::new()) } else { (END, "~".to_owned()) }
    });
    // The page begins where the one before ended: said as a bound, so that the index is entered there.
    let (mut from, to) =
        if wanted.shelf.is_ascending() { (from.max(at), to) } else { (from, to.min(at + Duration::from_millis(1))) };
    let mut looked_to = None;
    if wanted.shelf == Shelf::Done
        && let Some(floor) = floor_of_done(db, from, to).await?
    {
        looked_to = (floor > from).then_some(floor);
        from = from.max(floor);
    }
    let sql = AssertSqlSafe(list_sql(wanted.shelf, wanted.kind));
    let rows: Vec<LoggedDelivery> = on_read!(db, c => {
        sqlx::query_as(sql).bind(from).bind(to).bind(at).bind(&id).bind(wanted.limit).fetch_all(c).await
    })?;
    let full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= wanted.limit;
    Ok(Found { rows, looked_to: looked_to.filter(|_| !full) })
}

/// How far back a walk of [`LOOKED_THROUGH`] steps comes; `None` if it comes to the end.
async fn floor_of_done(db: &Db, from: Timestamp, to: Timestamp) -> StoreResult<Option<Timestamp>> {
    const SQL: &str = "SELECT COUNT(*), MIN(finished_at) FROM (SELECT finished_at FROM outbox WHERE finished_at >= $1 \
         AND finished_at < $2 ORDER BY finished_at DESC LIMIT $3) AS latest";
    let (rows, floor): (i64, Option<Timestamp>) =
        on_read!(db, c => sqlx::query_as(SQL).bind(from).bind(to).bind(LOOKED_THROUGH).fetch_one(c).await)?;
    Ok(floor.filter(|_| rows >= LOOKED_THROUGH))
}

/// $1 and $2 are the span, $3 and $4 the last row of the page before, $5 the limit. The words in it are our own.
fn list_sql(shelf: Shelf, kind: Option<DeliveryKind>) -> String {
    let time = shelf.time();
    let (beyond, order) = if shelf.is_ascending() { (">", "ASC") } else { ("<", "DESC") };
    let arm = |condition: &str, name: &str| {
        format!(
            "SELECT * FROM (SELECT id, {time} AS at FROM outbox WHERE {condition} AND {time} >= $1 AND {time} < $2 \
             AND ({time}, id) {beyond} ($3, $4) ORDER BY {time} {order}, id {order} LIMIT $5) AS {name}"
        )
    };
    let kinds = || DeliveryKind::ALL.iter().filter(move |each| kind.is_none_or(|kind| kind == **each));
    // An index that begins with the kind is walked once for each; one that begins with the time, once.
    let arms: Vec<String> = match shelf {
        Shelf::Pending => kinds()
            .map(|k| arm(&format!("lane = '{}' AND kind = '{k}' AND state = 'pending'", k.lane()), k.as_str()))
            .collect(),
        Shelf::Dead => kinds()
            .map(|k| arm(&format!("state = 'dead' AND discarded_at IS NULL AND kind = '{k}'"), k.as_str()))
            .collect(),
        Shelf::Running | Shelf::Done | Shelf::Discarded => {
            let of_kind = kind.map_or_else(String::new, |kind| format!(" AND kind = '{kind}'"));
            let state = match shelf {
                Shelf::Running => "state = 'running'",
                Shelf::Done => "finished_at IS NOT NULL AND state = 'done'",
                _ => "state = 'dead' AND discarded_at IS NOT NULL",
            };
            vec![arm(&format!("{state}{of_kind}"), "found")]
        }
    };
    format!(
        "SELECT {} FROM (SELECT * FROM ({}) AS arms ORDER BY at {order}, id {order} LIMIT $5) AS page \
         JOIN outbox o ON o.id = page.id LEFT JOIN preorders p ON p.id = o.preorder_id \
         ORDER BY page.at {order}, page.id {order}",
        columns!(),
        arms.join(" UNION ALL ")
    )
}

pub async fn find(db: &Db, id: &DeliveryId) -> StoreResult<Option<LoggedDelivery>> {
    const SQL: &str =
        concat!("SELECT ", columns!(), " FROM outbox o LEFT JOIN preorders p ON p.id = o.preorder_id WHERE o.id = $1");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await)?)
}

pub async fn find_by_key(db: &Db, dedupe_key: &str) -> StoreResult<Option<LoggedDelivery>> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM outbox o LEFT JOIN preorders p ON p.id = o.preorder_id WHERE o.dedupe_key = $1"
    );
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(dedupe_key).fetch_optional(c).await)?)
}

/// Every try, first to last: numbers go on when a person starts a delivery again.
pub async fn tries(db: &Db, id: &DeliveryId) -> StoreResult<Vec<DeliveryAttempt>> {
    const SQL: &str = "SELECT delivery_id, number, started_at, duration_ms, outcome, answer, retry_at, worker \
         FROM delivery_attempts WHERE delivery_id = $1 ORDER BY number LIMIT 500";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).fetch_all(c).await)?)
}

/// What a person did, as the audit log has it.
#[derive(Debug, Clone, FromRow)]
pub struct Act {
    pub at: Timestamp,
    pub actor: String,
    pub action: crate::domain::audit::AuditAction,
    pub subject: String,
    pub detail: String,
}

/// Acts on any of these subjects since a time, first to last.
pub async fn acts(db: &Db, subjects: [&str; 3], since: Timestamp) -> StoreResult<Vec<Act>> {
    // The list of actions is the index's own condition, word by word: else it would not be used.
    const SQL: &str = "SELECT at, actor, action, subject, detail FROM audit_log WHERE subject IN ($1, $2, $3) \
         AND at >= $4 AND action IN ('delivery_retried', 'delivery_discarded', 'event_resent', 'webhook_replayed') \
         ORDER BY at, id LIMIT 100";
    let [one, two, three] = subjects;
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(one).bind(two).bind(three).bind(since).fetch_all(c).await)?)
}
