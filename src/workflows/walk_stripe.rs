//! Walking through Stripe's records without anybody's waiting: part by part, each a delivery of its own, with what was
//! found kept for the admin. Every few minutes by itself through the events, which takes in what never came; once a day,
//! and whenever a person asks, through everything, which settles nothing: that is a person's to press.

use std::collections::HashSet;
use std::time::Duration;

use super::receive_webhook::receive_webhook;
use super::reconcile::{self, compare, listed};
use super::{WorkflowError, check_overdue};
use crate::context::Context;
use crate::domain::access::{Actor, Right};
use crate::domain::comparison::{Verdict, WalkScope, WalkState, Walked};
use crate::domain::delivery::Delivery;
use crate::domain::ids::{DifferenceId, WalkId};
use crate::domain::timestamp::Timestamp;
use crate::providers::ProviderError;
use crate::providers::payments::Seen;
use crate::providers::payments::stripe::event::Envelope;
use crate::store::differences::{self, Difference};
use crate::store::walks::{self, Walk};
use crate::store::{attempts, outbox};

/// Events are asked for from a while before the last walk: Stripe may list one a moment late.
const OVERLAP: Duration = Duration::from_mins(15);
/// The first walk, and each day's.
const DAY: Duration = Duration::from_hours(24);
/// Stripe keeps events for so long.
const LONGEST: Duration = Duration::from_hours(24 * 30);
/// After so long a part ends and the next begins: well within a delivery's time.
const PART: Duration = Duration::from_secs(12);
/// An event this young may be on its way.
const ON_ITS_WAY: Duration = Duration::from_mins(2);
/// Open differences that are looked at again after a walk through the events.
const LOOKED_AT_AGAIN: i64 = 20;
/// Far more than a person will ever look at.
const MOST_OPEN: i64 = 10_000;
/// A walk that has not ended after this long never will.
const GIVEN_UP: Duration = Duration::from_hours(26);

/// Somebody wants to know. The walk goes on by itself.
pub async fn ask(ctx: &Context, actor: &Actor, span: Duration) -> Result<Walk, WorkflowError> {
    if !actor.may(Right::Act) {
        return Err(WorkflowError::Forbidden);
    }
    let now = ctx.clock.now();
    let id = WalkId::from_unique(&ctx.unique());
    let walk =
        Walk { asked_by: Some(actor.name.clone()), ..new(id, WalkScope::Everything, now - span.min(LONGEST), now) };
    begin(ctx, &walk).await?;
    Ok(walk)
}

/// The round that is due, if anything was ever sold. However many instances begin it, it is one.
pub async fn begin_by_itself(ctx: &Context) -> Result<(), WorkflowError> {
    if !attempts::any(&ctx.db).await? {
        return Ok(());
    }
    let now = ctx.clock.now();
    if !walks::is_under_way(&ctx.db, WalkScope::Events, now - GIVEN_UP).await? {
        let last = walks::last_finished(&ctx.db, WalkScope::Events).await?;
        let since = last.map_or(now - DAY, |last| (last.created_at - OVERLAP).max(now - LONGEST));
        let round = check_overdue::round(now);
        begin(ctx, &new(WalkId::from_unique(&format!("events{round}")), WalkScope::Events, since, now)).await?;
    }
    let day = now.seconds() / i64::try_from(DAY.as_secs()).unwrap_or(1);
    let of_day = WalkId::from_unique(&format!("day{day}"));
    if walks::find(&ctx.db, &of_day).await?.is_none() {
        begin(ctx, &new(of_day, WalkScope::Everything, now - DAY - OVERLAP, now)).await?;
    }
    Ok(())
}

const fn new(id: WalkId, scope: WalkScope, since: Timestamp, now: Timestamp) -> Walk {
    let object = match scope {
        WalkScope::Events => Walked::Event,
        WalkScope::Everything => Walked::Session,
    };
    Walk {
        id,
        scope,
        since,
        asked_by: None,
        state: WalkState::Walking,
        object,
        after_id: None,
        part: 0,
        matched: 0,
        differing: 0,
        strangers: 0,
        created_at: now,
        finished_at: None,
    }
}

async fn begin(ctx: &Context, walk: &Walk) -> Result<(), WorkflowError> {
    let deliveries = [ctx.enqueued(Delivery::WalkStripe { walk_id: walk.id.clone(), part: 0 })];
    let mut tx = ctx.db.begin().await?;
    if !walks::insert(&mut tx, walk).await? {
        return Ok(tx.rollback().await?);
    }
    walks::forget(&mut tx, walk.created_at - LONGEST).await?;
    outbox::enqueue(&mut tx, &deliveries, walk.created_at).await?;
    tx.commit().await?;
    ctx.bell.ring(&deliveries);
    Ok(())
}

/// One part of a walk. A page that was compared is not compared again when the part is repeated.
pub async fn walk(ctx: &Context, id: &WalkId, part: i64) -> Result<String, WorkflowError> {
    let found = walks::find(&ctx.db, id).await?;
    let mut at = found.ok_or_else(|| WorkflowError::Odd("the walk's row is gone".to_owned()))?;
    let began = tokio::time::Instant::now();
    let open: HashSet<_> =
        differences::open(&ctx.db, MOST_OPEN).await?.into_iter().map(|open| (open.object, open.provider_id)).collect();
    // Which pages only we know can be told if this part sees all of them.
    let mut sessions = (at.object == Walked::Session && at.after_id.is_none()).then(HashSet::new);
    while at.state == WalkState::Walking && at.part == part {
        let page = ctx.payments.default().list(listed(at.object), at.since, at.after_id.as_deref()).await?;
        let mut seen = look(ctx, &at, &page.seen, &open).await?;
        if let (Some(sessions), Walked::Session) = (&mut sessions, at.object) {
            sessions.extend(page.seen.iter().map(|seen| seen.id().to_owned()));
        }
        let was = at.clone();
        at.after_id = page.next;
        if at.after_id.is_none() {
            if let (Some(sessions), Walked::Session) = (&sessions, at.object) {
                seen.differ.extend(reconcile::only_ours(ctx, at.since, at.created_at, sessions).await?);
            }
            if let Some(next) = at.object.next() {
                at.object = next;
            } else {
                (at.state, at.finished_at) = (WalkState::Done, Some(ctx.clock.now()));
            }
        }
        if began.elapsed() > PART {
            at.part += 1;
        }
        at.matched += seen.matched;
        let strangers = seen.differ.iter().filter(|found| found.verdict == Verdict::Unknown).count();
        at.strangers += i64::try_from(strangers).unwrap_or_default();
        at.differing += seen.taken_in + i64::try_from(seen.differ.len() - strangers).unwrap_or_default();
        if !save(ctx, &at, &was, &seen).await? {
            return Ok("somebody else is walking".to_owned());
        }
    }
    if at.state == WalkState::Done && at.scope == WalkScope::Events {
        look_again(ctx).await?;
    }
    Ok(format!("{} match, {} differ, {} of nobody", at.matched, at.differing, at.strangers))
}

#[derive(Default)]
struct Looked {
    matched: i64,
    /// Events that were taken in.
    taken_in: i64,
    differ: Vec<reconcile::Difference>,
    /// Differences that are none any more.
    healed: Vec<(Walked, String)>,
}

async fn look(
    ctx: &Context,
    walk: &Walk,
    page: &[Seen],
    open: &HashSet<(Walked, String)>,
) -> Result<Looked, WorkflowError> {
    let mut looked = Looked::default();
    for seen in page {
        match (compare(ctx, walk.object, seen).await?, seen) {
            (Some(_), Seen::Event { id, kind, body }) if walk.scope == WalkScope::Events => {
                let envelope = Envelope::named(id, kind);
                receive_webhook(ctx, &envelope, body).await?;
                tracing::warn!(event = id, kind, "an event never came; taken in from Stripe's list");
                looked.taken_in += 1;
            }
            (Some(_), Seen::Event { body, .. }) if is_young(ctx, body) => looked.matched += 1,
            (Some(found), _) => looked.differ.push(found),
            (None, _) => {
                let key = (walk.object, seen.id().to_owned());
                if open.contains(&key) {
                    looked.healed.push(key);
                }
                looked.matched += 1;
            }
        }
    }
    Ok(looked)
}

fn is_young(ctx: &Context, event: &str) -> bool {
    let event: serde_json::Value = serde_json::from_str(event).unwrap_or_default();
    let created = event["created"].as_i64().map(Timestamp::from_seconds);
    created.is_some_and(|at| ctx.clock.now().since(at) < ON_ITS_WAY)
}

/// Progress and what was found, at once. What is of nobody is counted and not kept.
async fn save(ctx: &Context, at: &Walk, was: &Walk, seen: &Looked) -> Result<bool, WorkflowError> {
    let now = ctx.clock.now();
    let goes_on = at.part != was.part && at.state == WalkState::Walking;
    let next = ctx.enqueued(Delivery::WalkStripe { walk_id: at.id.clone(), part: at.part });
    let next = if goes_on { vec![next] } else { Vec::new() };
    let mut tx = ctx.db.begin().await?;
    if !walks::save(&mut tx, at, was).await? {
        tx.rollback().await?;
        return Ok(false);
    }
    for found in seen.differ.iter().filter(|found| found.verdict != Verdict::Unknown) {
        differences::save(&mut tx, &row(ctx, found, now)).await?;
    }
    for (object, id) in &seen.healed {
        differences::settle(&mut tx, *object, id, None, now).await?;
    }
    outbox::enqueue(&mut tx, &next, now).await?;
    tx.commit().await?;
    ctx.bell.ring(&next);
    Ok(true)
}

pub(super) fn row(ctx: &Context, found: &reconcile::Difference, now: Timestamp) -> Difference {
    Difference {
        id: DifferenceId::from_unique(&ctx.unique()),
        object: found.object,
        provider_id: found.id.clone(),
        preorder_id: found.preorder_id.as_deref().and_then(|id| id.parse().ok()),
        preorder_number: None,
        verdict: found.verdict,
        ours: found.ours.clone(),
        theirs: found.theirs.clone(),
        found_at: now,
        seen_at: now,
        settled_at: None,
        settled_by: None,
    }
}

/// What differed a while ago and does not any more is nothing for a person: its event was late.
async fn look_again(ctx: &Context) -> Result<(), WorkflowError> {
    for open in differences::longest_unseen(&ctx.db, LOOKED_AT_AGAIN).await? {
        let seen = match ctx.payments.default().look_up(listed(open.object), &open.provider_id).await {
            Ok(seen) => seen,
            Err(ProviderError::Permanent(_) | ProviderError::Gone(_)) => continue,
            Err(error) => return Err(error.into()),
        };
        let found = compare(ctx, open.object, &seen).await?;
        let now = ctx.clock.now();
        let mut tx = ctx.db.begin().await?;
        match found {
            Some(found) => differences::save(&mut tx, &row(ctx, &found, now)).await?,
            None => differences::settle(&mut tx, open.object, &open.provider_id, None, now).await?,
        }
        tx.commit().await?;
    }
    Ok(())
}
