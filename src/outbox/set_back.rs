//! SQLite has the machine's clock, which somebody may set back. What is due, or held, by the time before would then be so
//! for that much longer: an hour's step, and nothing is tried again for an hour. It is noticed beside the process's own
//! steady clock, and made up for. PostgreSQL's clock is its own machine's affair.

use std::time::{Duration, Instant};

use super::LEASE;
use crate::context::Context;
use crate::domain::timestamp::Timestamp;
use crate::store::{StoreResult, clock, outbox};

/// More than an answer of the database's takes, and less than anybody would miss.
const STEP: Duration = Duration::from_secs(30);

/// What the clock said when it was last looked at.
#[derive(Default)]
pub struct Watch(Option<Look>);

#[derive(Clone, Copy)]
struct Look {
    database: Timestamp,
    /// By the process's own clock, which never jumps.
    at: Instant,
}

impl Watch {
    pub async fn make_up(&mut self, ctx: &Context) -> StoreResult<()> {
        if ctx.db.postgres().is_some() {
            return Ok(());
        }
        let now = Look { at: Instant::now(), database: clock::now(&ctx.db).await? };
        if let Some(back) = self.0.and_then(|last| set_back(last, now)) {
            let mut tx = ctx.db.begin().await?;
            let shared_now = ctx.shared_now_in(&mut tx).await?;
            outbox::bring_forward(&mut tx, back, shared_now, LEASE).await?;
            tx.commit().await?;
            tracing::warn!(
                seconds = back.as_secs(),
                "the machine's clock was set back; what is due comes earlier by it"
            );
            ctx.bell.ring_all();
        }
        self.0 = Some(now);
        Ok(())
    }
}

fn set_back(last: Look, now: Look) -> Option<Duration> {
    let expected = last.database + now.at.duration_since(last.at);
    Some(expected.since(now.database)).filter(|back| *back >= STEP)
}
