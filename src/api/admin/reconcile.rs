//! The room Reconcile: what Stripe says otherwise than we do, walks through its records, and one button a difference.

use std::time::Duration;

use leptos::prelude::*;

use super::answer::done;
use super::dashboard::in_stripe;
use super::require;
use crate::api::{ApiError, context};
use crate::context::Context;
use crate::domain::access::Right;
use crate::domain::comparison::{Verdict, Walked, advice};
use crate::domain::text_enum::text_enum;
use crate::domain::timestamp::Timestamp;
use crate::store::differences::{self, Difference};
use crate::store::walks::{self, Walk};
use crate::workflows::settle_difference as settling;
use crate::workflows::walk_stripe;

pub const ROOM: &str = "/admin/reconcile";
const SHOWN: i64 = 100;
const SETTLED: i64 = 10;
const WALKS: i64 = 5;

text_enum! {
    /// How far back a person wants to look.
    pub enum Span {
        Hour => "1h",
        Day => "24h",
        Week => "7d",
        Month => "30d",
    }
}

impl Span {
    pub const fn label(self) -> &'static str {
        match self {
            Self::Hour => "The last hour",
            Self::Day => "The last 24 hours",
            Self::Week => "The last 7 days",
            Self::Month => "The last 30 days",
        }
    }

    const fn length(self) -> Duration {
        Duration::from_hours(match self {
            Self::Hour => 1,
            Self::Day => 24,
            Self::Week => 24 * 7,
            Self::Month => 24 * 30,
        })
    }
}

pub struct Reconcile {
    /// The last one first.
    pub walks: Vec<Walk>,
    pub open: Vec<DifferenceRow>,
    /// How many there are, shown or not.
    pub open_in_all: i64,
    pub settled: Vec<DifferenceRow>,
}

pub struct DifferenceRow {
    pub id: String,
    pub object: Walked,
    /// Stripe's id, and its page in Stripe's dashboard.
    pub provider_id: String,
    pub in_stripe: Option<String>,
    pub preorder: Option<(String, String)>,
    pub verdict: Verdict,
    pub ours: String,
    pub theirs: String,
    pub found_at: Timestamp,
    pub settled: Option<(Timestamp, Option<String>)>,
    /// Why the button is not there, and what to do instead.
    pub advice: Option<&'static str>,
}

pub async fn room() -> Result<Reconcile, ApiError> {
    require(Right::See)?;
    let ctx = context()?;
    let (walks, open, open_in_all, settled) = futures::try_join!(
        walks::latest(&ctx.db, WALKS),
        differences::open(&ctx.db, SHOWN),
        differences::count_open(&ctx.db),
        differences::settled(&ctx.db, SETTLED),
    )?;
    let rows = |found: Vec<Difference>| found.into_iter().map(|difference| row(&ctx, difference)).collect();
    Ok(Reconcile { walks, open: rows(open), open_in_all, settled: rows(settled) })
}

fn row(ctx: &Context, found: Difference) -> DifferenceRow {
    let shelf = match found.object {
        Walked::Session => "checkout/sessions",
        Walked::Payment => "payments",
        Walked::Refund => "refunds",
        Walked::Dispute => "disputes",
        Walked::Event => "events",
    };
    DifferenceRow {
        id: found.id.to_string(),
        object: found.object,
        in_stripe: in_stripe(ctx, &format!("{shelf}/{}", found.provider_id)),
        preorder: found.preorder_id.map(|id| id.to_string()).zip(found.preorder_number),
        verdict: found.verdict,
        advice: advice(found.object, found.verdict, &found.ours, &found.theirs),
        provider_id: found.provider_id,
        ours: found.ours,
        theirs: found.theirs,
        found_at: found.found_at,
        settled: found.settled_at.map(|at| (at, found.settled_by)),
    }
}

/// Begins a walk through what Stripe has made in a span.
#[server(endpoint = "admin/compare_with_stripe", prefix = "/api")]
pub async fn compare_with_stripe(
    #[server(default)] span: String,
    #[server(default)] back: Option<String>,
) -> Result<(), ApiError> {
    let login = require(Right::Act)?;
    let acted = async {
        let ctx = context()?;
        let span: Span = span.trim().parse().map_err(|_| ApiError::field("span", "span_unknown", "Choose a span."))?;
        walk_stripe::ask(&ctx, &login.actor(), span.length()).await?;
        Ok::<_, ApiError>("Stripe is being asked. What differs appears below: load the page again in a moment.")
    };
    let notice = acted.await.map_err(ApiError::answered)?;
    done(back.as_deref(), ROOM, notice);
    Ok(())
}

/// Settles one difference as Stripe says.
#[server(endpoint = "admin/settle_difference", prefix = "/api")]
pub async fn settle_difference(
    #[server(default)] id: String,
    #[server(default)] back: Option<String>,
) -> Result<(), ApiError> {
    let login = require(Right::Act)?;
    let acted = async {
        let ctx = context()?;
        let unknown = |_| ApiError::field("id", "difference_unknown", "There is no such difference.");
        let id = id.trim().parse().map_err(unknown)?;
        let settled = settling::settle_difference(&ctx, &login.actor(), &id).await?;
        Ok::<_, ApiError>(if settled {
            "Settled as Stripe says."
        } else {
            "There was nothing to settle any more: both say the same."
        })
    };
    let notice = acted.await.map_err(ApiError::answered)?;
    done(back.as_deref(), ROOM, notice);
    Ok(())
}

/// Takes a difference that can't be settled off the list, with the reason.
#[server(endpoint = "admin/set_difference_aside", prefix = "/api")]
pub async fn set_difference_aside(
    #[server(default)] id: String,
    #[server(default)] reason: String,
    #[server(default)] back: Option<String>,
) -> Result<(), ApiError> {
    let login = require(Right::Act)?;
    let acted = async {
        let ctx = context()?;
        let unknown = |_| ApiError::field("id", "difference_unknown", "There is no such difference.");
        let id = id.trim().parse().map_err(unknown)?;
        let was_open = settling::set_aside(&ctx, &login.actor(), &id, &reason).await?;
        Ok::<_, ApiError>(if was_open { "Set aside." } else { "It was settled before." })
    };
    let notice = acted.await.map_err(ApiError::answered)?;
    done(back.as_deref(), ROOM, notice);
    Ok(())
}
