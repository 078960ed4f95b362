//! Walking through Stripe's records without anybody's waiting: part by part, each a delivery of its own, with what was
//! found kept for the admin. Every few minutes by itself through the events, which takes in what never came; once a day,
//! and whenever a person asks, through everything, which settles nothing: that is a person's to press.

use std::collections::HashSet;
use std::time::Duration;

use super::receive_webhook::receive_webhook;
use super::reconcile::{self, EDGE, JUST_NOW, compare, listed, only_ours};
use super::{WorkflowError, check_overdue};
use crate::context::Context;
use crate::domain::access::{Actor, Right};
use crate::domain::comparison::{Verdict, WalkScope, WalkState, Walked};
use crate::domain::delivery::Delivery;
use crate::domain::ids::{DifferenceId, WalkId};
use crate::domain::timestamp::Timestamp;
use crate::fail_points::{Span, span};
use crate::providers::ProviderError;
use crate::providers::payments::stripe::event::Envelope;
use crate::providers::payments::{Made, Seen};
use crate::store::differences::{self, Difference};
use crate::store::walks::{self, Walk};
use crate::store::{attempts, outbox};

/// Events are asked for from a while before the newest that the last walk saw: Stripe may list one a moment late.
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
/// Of our own records that a page did not show, so many are looked up before the next part: well within its time.
const LOOKED_UP: usize = 50;
/// Far more than a person will ever look at.
const MOST_OPEN: i64 = 10_000;

/// Somebody wants to know. The walk goes on by itself.
pub async fn ask(ctx: &Context, actor: &Actor, span: Duration) -> Result<Walk, WorkflowError> {
    if !actor.may(Right::Act) {
        return Err(WorkflowError::Forbidden);
    }
    let now = ctx.shared_now().await?;
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
    // By everybody's clock: what an instance ahead of its time had walked would be left out by the others.
    let now = ctx.shared_now().await?;
    // One that failed until its next try is hours away, or that was given up, does not keep events waiting for so long.
    if !walks::is_under_way(&ctx.db, WalkScope::Events, now + check_overdue::pause()).await? {
        let last = walks::last_finished(&ctx.db, WalkScope::Events).await?;
        let since = match last {
            Some(last) => goes_on_from(&last, now),
            // None came to its end yet: what the first one was to see is still to be seen.
            None => walks::first_since(&ctx.db, WalkScope::Events).await?.unwrap_or(now - DAY).max(now - LONGEST),
        };
        let round = check_overdue::round(now);
        begin(ctx, &new(WalkId::from_unique(&format!("events{round}")), WalkScope::Events, since, now)).await?;
    }
    let day = now.seconds() / i64::try_from(DAY.as_secs()).unwrap_or(1);
    let of_day = WalkId::from_unique(&format!("day{day}"));
    if walks::find(&ctx.db, &of_day).await?.is_none() {
        // A day that nobody walked is made up for by the next.
        let last = walks::last_finished(&ctx.db, WalkScope::Everything).await?;
        let a_day_ago = now - DAY;
        let since = last.map_or(a_day_ago, |last| last.created_at.min(a_day_ago)) - OVERLAP;
        begin(ctx, &new(of_day, WalkScope::Everything, since.max(now - LONGEST), now)).await?;
    }
    Ok(())
}

/// Where the next walk through the events begins: at the newest that the last one saw, which is a time of Stripe's own
/// clock. One that saw none has left everything since its beginning to the next.
fn goes_on_from(last: &Walk, now: Timestamp) -> Timestamp {
    let from = last.newest_at.map_or(last.since, |newest| newest - OVERLAP);
    from.min(now - OVERLAP).max(now - LONGEST)
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
        newest_at: None,
        ours_until: None,
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
    if at.state == WalkState::Walking && is_overtaken(ctx, &at).await? {
        let now = ctx.shared_now().await?;
        let over = Walk { state: WalkState::Done, finished_at: Some(now), ..at.clone() };
        save(ctx, &over, &at, &Looked::default(), now).await?;
        return Ok("a later walk came to its end: nothing is left for this one".to_owned());
    }
    let began = tokio::time::Instant::now();
    let open: HashSet<_> =
        differences::open(&ctx.db, MOST_OPEN).await?.into_iter().map(|open| (open.object, open.provider_id)).collect();
    // What this part has seen on the list that it is at.
    let mut ids = HashSet::new();
    while at.state == WalkState::Walking && at.part == part {
        let made = Made::since(at.since);
        let page = ctx.payments.default().list(listed(at.object), made, at.after_id.as_deref()).await?;
        let now = ctx.shared_now().await?;
        let mut seen = look(ctx, &at, &page.seen, &open, now).await?;
        ids.extend(page.seen.iter().map(|seen| seen.id().to_owned()));
        let was = at.clone();
        if at.object == Walked::Event {
            at.newest_at = at.newest_at.max(page.newest);
        }
        at.after_id = page.next;
        let mut rest_before = None;
        if at.scope == WalkScope::Everything {
            // Lists begin with the newest: all of Stripe's down to the page's last one were seen.
            let down_to = page.oldest.filter(|_| at.after_id.is_some()).unwrap_or(at.since + EDGE);
            let until = at.ours_until.unwrap_or(at.created_at - JUST_NOW);
            let ours = only_ours(ctx, at.object, down_to, until, &ids, LOOKED_UP).await?;
            rest_before = ours.rest_before;
            at.ours_until = Some(rest_before.unwrap_or_else(|| down_to.min(until)));
            if rest_before.is_some() {
                // The next part begins with the same page, which is counted then.
                at.after_id.clone_from(&was.after_id);
                seen = Looked::default();
            }
            seen.differ.extend(ours.differences);
        }
        if rest_before.is_none() && at.after_id.is_none() {
            ids.clear();
            at.ours_until = None;
            if let Some(next) = at.object.next() {
                at.object = next;
            } else {
                (at.state, at.finished_at) = (WalkState::Done, Some(now));
            }
        }
        if rest_before.is_some() || began.elapsed() > span(Span::Delivery, PART) {
            at.part += 1;
        }
        at.matched += seen.matched;
        let strangers = seen.differ.iter().filter(|found| found.verdict == Verdict::Unknown).count();
        at.strangers += i64::try_from(strangers).unwrap_or_default();
        at.differing += seen.taken_in + i64::try_from(seen.differ.len() - strangers).unwrap_or_default();
        if !save(ctx, &at, &was, &seen, now).await? {
            return Ok("somebody else is walking".to_owned());
        }
    }
    if at.state == WalkState::Done && at.scope == WalkScope::Events {
        look_again(ctx).await?;
    }
    Ok(format!("{} match, {} differ, {} of nobody", at.matched, at.differing, at.strangers))
}

/// Whether a later walk through the events has seen all that this one was to see. As a rule it has: each begins where the
/// last one that came to its end left off.
async fn is_overtaken(ctx: &Context, walk: &Walk) -> Result<bool, WorkflowError> {
    if walk.scope == WalkScope::Everything {
        return Ok(false);
    }
    let last = walks::last_finished(&ctx.db, WalkScope::Events).await?;
    Ok(last.is_some_and(|last| last.created_at > walk.created_at && last.since <= walk.since))
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
    now: Timestamp,
) -> Result<Looked, WorkflowError> {
    let mut looked = Looked::default();
    for seen in page {
        match (compare(ctx, walk.object, seen).await?, seen) {
            (Some(found), Seen::Event { id, kind, body })
                if walk.scope == WalkScope::Events && found.verdict == Verdict::Missing =>
            {
                let envelope = Envelope::named(id, kind);
                receive_webhook(ctx, &envelope, body).await?;
                tracing::warn!(event = id, kind, "an event never came; taken in from Stripe's list");
                looked.taken_in += 1;
            }
            (Some(_), Seen::Event { body, .. }) if is_young(body, now) => looked.matched += 1,
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

fn is_young(event: &str, now: Timestamp) -> bool {
    let event: serde_json::Value = serde_json::from_str(event).unwrap_or_default();
    let created = event["created"].as_i64().map(Timestamp::from_seconds);
    created.is_some_and(|at| now.since(at) < ON_ITS_WAY)
}

/// Progress and what was found, at once. What is of nobody is counted and not kept.
async fn save(ctx: &Context, at: &Walk, was: &Walk, seen: &Looked, now: Timestamp) -> Result<bool, WorkflowError> {
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
        let found = match ctx.payments.default().look_up(listed(open.object), &open.provider_id).await {
            Ok(seen) => Some(compare(ctx, open.object, &seen).await?),
            // Stripe knows it no more: it stays as it was found, and the others have their turn.
            Err(ProviderError::Permanent(_) | ProviderError::Gone(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let now = ctx.shared_now().await?;
        let mut tx = ctx.db.begin().await?;
        match found {
            Some(Some(found)) => differences::save(&mut tx, &row(ctx, &found, now)).await?,
            Some(None) => differences::settle(&mut tx, open.object, &open.provider_id, None, now).await?,
            None => differences::looked_at(&mut tx, &open.id, now).await?,
        }
        tx.commit().await?;
    }
    Ok(())
}
