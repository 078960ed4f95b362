//! `rolitt reconcile`: Stripe's records against ours. Exit status 1 if something is wrong and was not put right.

use std::time::Duration;

use super::{Outcome, SANDBOX_SECRET, base_url, sandbox_api, told};
use crate::clock::Clock;
use crate::config::Settings;
use crate::context::Context;
use crate::store::Db;
use crate::workflows::WorkflowError;
use crate::workflows::reconcile::restore::{Restored, restore};
use crate::workflows::reconcile::{Report, Verdict, look_twice, reconcile_into};

/// `30m`, `24h`, `7d`; a number alone is hours.
pub fn span(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(end) => text.split_at(end),
        None => (text, "h"),
    };
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err("say a span such as 30m, 24h or 7d".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "say a span such as 30m, 24h or 7d".to_owned())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(|| "that is too long ago".to_owned())
}

pub async fn run(settings: Settings, since: Duration, fix: bool, restore_too: bool) -> Outcome {
    let db = Db::open(&settings.database_url).await.map_err(told)?;
    let addr = settings.site_addr;
    let api = settings.needs_sandbox().then(|| sandbox_api(addr));
    let base = base_url(&settings, addr);
    let ctx = Context::build(settings, db, Clock::default(), base, api.as_deref(), SANDBOX_SECRET).map_err(told)?;
    let mut restored = Restored::default();
    let done = compare(&ctx, since, fix, restore_too, &mut restored).await;
    ctx.db.close().await;
    // Also what was done before it broke off: it stands.
    print_restored(&restored);
    let report = &restored.report;
    print(report);
    if let Err(error) = done {
        println!("it broke off there; what was done stands, and it may be repeated");
        return Err(told(error));
    }
    if !restore_too && report.count(Verdict::Unknown) > 0 {
        println!("what is unknown is another shop's; or lost, if this database is a restored copy: then say --restore");
    }
    if report.is_clean() { Ok(()) } else { Err(String::new()) }
}

async fn compare(
    ctx: &Context,
    since: Duration,
    fix: bool,
    restore_too: bool,
    restored: &mut Restored,
) -> Result<(), WorkflowError> {
    let since = ctx.shared_now().await? - since;
    if restore_too {
        restore(ctx, since, restored).await?;
    } else {
        reconcile_into(ctx, since, fix, &mut restored.report).await?;
    }
    look_twice(ctx, &mut restored.report).await
}

fn print_restored(restored: &Restored) {
    for preorder in &restored.preorders {
        println!("restored   preorder {preorder}");
    }
    if restored.parked > 0 {
        println!("{} text messages may have been sent before: look at Background in the admin", restored.parked);
    }
}

fn print(report: &Report) {
    for difference in &report.differences {
        let fixed = if difference.fixed { "fixed" } else { "" };
        let preorder = difference.preorder_id.as_deref().unwrap_or("-");
        println!(
            "{:<10} {:<8} {} {preorder}: ours {}, Stripe's {} {fixed}",
            difference.verdict.as_str(),
            difference.object.as_str(),
            difference.id,
            difference.ours,
            difference.theirs
        );
        if let (false, Some(advice)) = (difference.fixed, difference.advice()) {
            println!("           → {advice}");
        }
    }
    let count = |verdict| report.count(verdict);
    println!(
        "{} match, {} missing, {} different, {} unknown, {} fixed",
        report.matched,
        count(Verdict::Missing),
        count(Verdict::Different),
        count(Verdict::Unknown),
        report.differences.iter().filter(|difference| difference.fixed).count()
    );
}

#[cfg(test)]
mod tests {
    use super::span;
    use std::time::Duration;

    #[test]
    fn a_span_is_said_in_minutes_hours_or_days() {
        assert_eq!(span("30m"), Ok(Duration::from_mins(30)));
        assert_eq!(span("24h"), Ok(Duration::from_hours(24)));
        assert_eq!(span("7d"), Ok(Duration::from_hours(168)));
        assert_eq!(span("2"), Ok(Duration::from_hours(2)));
        for wrong in ["", "h", "1w", "-1h", "99999999999999999999d"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
