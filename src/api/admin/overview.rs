//! How it is going, what needs somebody, what just happened.

use std::sync::Arc;

use leptos::prelude::*;

use super::answer::done;
use super::require;
use super::span::{self, Choice, Preset};
use crate::api::cookies::set_cookie;
use crate::api::{ApiError, Zone, context, zone};
use crate::context::Context;
use crate::domain::access::Right;
use crate::domain::masking;
use crate::domain::metrics::Measured;
use crate::domain::money::Money;
use crate::domain::period::Period;
use crate::domain::preorder::{FulfilmentStatus, PaymentStatus};
use crate::domain::timestamp::Timestamp;
use crate::store::metrics_machinery;
use crate::store::preorder_filter::{Order, PreorderFilter};
use crate::store::preorder_search::{Place, PreorderList};
use crate::store::waiting::{self, Waiting};
use crate::workflows::measure::measure;

/// Rows of "Latest preorders".
const LATEST: i64 = 8;

pub struct Overview {
    pub choice: Choice,
    pub measured: Arc<Measured>,
    /// The span and the one before, in words.
    pub days: String,
    pub days_before: String,
    /// Names of the buckets, and short ones for an axis.
    pub buckets: Vec<String>,
    pub ticks: Vec<String>,
    /// First and last day, for the form that chooses others.
    pub first: String,
    pub last: String,
    /// When it was counted.
    pub as_of: Timestamp,
    /// Milliseconds that the numbers are kept.
    pub stays: u64,
    pub needs: Vec<Need>,
    pub latest: Vec<Latest>,
}

/// Something that waits for a person.
pub struct Need {
    pub count: i64,
    /// After the count: `deliveries gave up · Klaviyo`.
    pub what: String,
    pub href: String,
    /// A verb.
    pub act: &'static str,
}

pub struct Latest {
    pub id: String,
    pub number: String,
    pub email: String,
    /// The colour's id.
    pub color: String,
    pub color_name: String,
    pub payment_status: PaymentStatus,
    pub fulfilment_status: FulfilmentStatus,
    pub amount: Money,
    pub created_at: Timestamp,
}

/// `from` and `to` are days, of a custom span.
pub async fn overview(span: &str, from: &str, to: &str) -> Result<Overview, ApiError> {
    let login = require(Right::See)?;
    let ctx = context()?;
    let (zone, now) = (zone(), ctx.clock.now());
    let choice = Choice::parse(span, from, to);
    let week = || Choice::parse(Preset::Week.as_str(), "", "").at(now, &zone);
    let asked = choice.at(now, &zone).or_else(week).ok_or_else(ApiError::internal)?;
    let key = asked.choice.key(&zone);
    let numbers = measure(&ctx, &key, asked.spans.clone());
    let masked = !login.admin.role.sees_addresses();
    let (numbers, needs, latest) = futures::join!(numbers, needs(&ctx, now), latest(&ctx, masked));
    let (measured, stays) = numbers?;
    let spans = &measured.spans;
    Ok(Overview {
        choice: asked.choice,
        days: span::days(spans.now, &zone),
        days_before: span::days(spans.before, &zone),
        buckets: spans.buckets.iter().map(|bucket| asked.bucket(*bucket, &zone)).collect(),
        ticks: spans.buckets.iter().map(|bucket| asked.tick(*bucket, &zone)).collect(),
        first: span::date(spans.now.from, &zone),
        last: span::date(Timestamp::from_millis(spans.now.to.millis() - 1), &zone),
        as_of: measured.at,
        stays: u64::try_from(stays.as_millis()).unwrap_or(u64::MAX),
        needs: needs?,
        latest: latest?,
        measured: Arc::clone(&measured),
    })
}

async fn needs(ctx: &Context, now: Timestamp) -> Result<Vec<Need>, ApiError> {
    let dead = metrics_machinery::dead_by_kind(&ctx.db).await?;
    let (disputes, due_at) = metrics_machinery::disputes_awaiting_us(&ctx.db).await?;
    let Waiting { failed_webhooks, payments, .. } = waiting::count(&ctx.db, now).await?;
    let mut needs: Vec<Need> = dead
        .into_iter()
        .map(|(kind, count)| Need {
            count,
            what: format!("{} given up · {}", plural(count, "delivery", "deliveries"), kind.as_str().replace('_', " ")),
            href: format!("/admin/background?kind={kind}&state=dead"),
            act: "Retry",
        })
        .collect();
    let look = |count, what: String, href: &str| Need { count, what, href: href.to_owned(), act: "Look" };
    needs.push(look(
        payments,
        format!("{} to look at", plural(payments, "payment", "payments")),
        "/admin/payments?view=worklist",
    ));
    needs.push(look(
        failed_webhooks,
        format!("{} could not be applied", plural(failed_webhooks, "webhook", "webhooks")),
        "/admin/webhooks?status=failed",
    ));
    let first = due_at.map(|at| format!(", {}", due(at, now))).unwrap_or_default();
    needs.push(look(
        disputes,
        format!("{}{first}", plural(disputes, "dispute", "disputes")),
        "/admin/payments?view=disputes",
    ));
    needs.retain(|need| need.count > 0);
    Ok(needs)
}

const fn plural(count: i64, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

fn due(at: Timestamp, now: Timestamp) -> String {
    if at < now {
        return "the first overdue".to_owned();
    }
    match at.since(now).as_secs() / 86_400 {
        0 => "first due within a day".to_owned(),
        1 => "first due in a day".to_owned(),
        days => format!("first due in {days} days"),
    }
}

async fn latest(ctx: &Context, masked: bool) -> Result<Vec<Latest>, ApiError> {
    let catalog = ctx.shop().await?.catalog;
    let list = PreorderList::open(&ctx.db, PreorderFilter::default(), Order::default()).await?;
    let rows = list.page(&ctx.db, &Place::Start, LATEST).await?;
    let shown = rows.into_iter().map(|preorder| Latest {
        id: preorder.id.to_string(),
        amount: Money::new(preorder.amount_minor, preorder.currency),
        email: if masked { masking::email(&preorder.email) } else { preorder.email },
        color_name: catalog.color(&preorder.color).map_or_else(|| preorder.color.clone(), |color| color.name.clone()),
        number: preorder.preorder_number,
        color: preorder.color,
        payment_status: preorder.payment_status,
        fulfilment_status: preorder.fulfilment_status,
        created_at: preorder.created_at,
    });
    Ok(shown.collect())
}

/// The instants of a period as the lists' filters read them.
pub fn instants(period: Period) -> [String; 2] {
    [period.from, period.to]
        .map(|at| jiff::Timestamp::from_millisecond(at.millis()).map(|at| at.to_string()).unwrap_or_default())
}

/// Where the viewer's clock stands from now on, for a year.
#[server(endpoint = "admin/choose_zone", prefix = "/api")]
pub async fn choose_zone(
    #[server(default)] zone: String,
    #[server(default)] back: Option<String>,
) -> Result<(), ApiError> {
    require(Right::See)?;
    let chosen = async {
        let named = Zone::named(zone.trim()).ok_or_else(|| {
            let message = "There is no such time zone. It is named like Europe/Berlin.";
            ApiError::field("zone", "zone_unknown", message)
        })?;
        Ok::<_, ApiError>((named, context()?.settings.is_production()))
    };
    let (named, secure) = chosen.await.map_err(ApiError::answered)?;
    // Read by `times.js`, which sets it at the first visit.
    let cookie = cookie::Cookie::build(("rolitt_zone", named.name().to_owned()))
        .path("/")
        .secure(secure)
        .same_site(cookie::SameSite::Lax)
        .max_age(cookie::time::Duration::days(365))
        .build();
    set_cookie(&cookie);
    done(back.as_deref(), "/admin", format!("Times are shown in {}.", named.name()));
    Ok(())
}
