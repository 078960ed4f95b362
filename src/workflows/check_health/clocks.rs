//! Whether this machine's clock is right. Leases and due times are the database's and do not mind; Stripe's signatures
//! do, which hold for five minutes either way: beyond that every event is refused.

use std::time::Duration;

use super::{Check, within};
use crate::context::Context;
use crate::domain::timestamp::Timestamp;

/// More than networks and whole seconds explain, and far less than the signature's tolerance.
const OFF_BY: Duration = Duration::from_secs(30);
const NAME: &str = "clocks";
const REMEDY: &str = "Set the clocks by NTP: once this machine's is off by five minutes, Stripe's events are refused.";

pub async fn clocks(ctx: &Context, patience: Duration) -> Check {
    within(patience, NAME, compare(ctx)).await
}

async fn compare(ctx: &Context) -> Check {
    let database = difference(ctx, "the database's", async {
        // SQLite has this machine's clock, and no other.
        ctx.db.postgres()?;
        ctx.shared_now().await.ok()
    });
    let stripe = difference(ctx, "Stripe's", async {
        let time = ctx.payments.default().time().await.ok().flatten();
        time.map(|at| at + ctx.clock.moved())
    });
    let (database, stripe) = futures::join!(database, stripe);
    let known: Vec<(&str, i64)> = [database, stripe].into_iter().flatten().collect();
    if known.is_empty() {
        return Check::good(NAME, "no other clock to compare with");
    }
    let said: Vec<String> = known.iter().map(|(whose, off)| say(whose, *off)).collect();
    let said = said.join(", ");
    if known.iter().any(|(_, off)| off.unsigned_abs() > OFF_BY.as_secs()) {
        return Check::bad(NAME, said, REMEDY);
    }
    Check::good(NAME, said)
}

/// Seconds by which this machine is ahead of another's clock; `None` if it would not say.
async fn difference(
    ctx: &Context,
    whose: &'static str,
    ask: impl Future<Output = Option<Timestamp>>,
) -> Option<(&'static str, i64)> {
    let asked = ctx.clock.now();
    let theirs = ask.await?;
    let answered = ctx.clock.now();
    // They looked at theirs somewhere between.
    let ours = i64::midpoint(asked.millis(), answered.millis());
    Some((whose, (ours - theirs.millis()) / 1000))
}

fn say(whose: &str, off: i64) -> String {
    match off {
        -2..=2 => format!("as {whose}"),
        ahead @ 3.. => format!("{ahead} s ahead of {whose}"),
        behind => format!("{} s behind {whose}", behind.unsigned_abs()),
    }
}
