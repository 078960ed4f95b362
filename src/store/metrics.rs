//! What the overview counts. Every query walks one index over one period and reads no row: what is
//! counted stands in the index. Preorders and their money are here, the machinery behind them in `metrics_machinery`.

use super::{Db, StoreResult, on_read};
use crate::domain::metrics::{Bucket, Funnel, Payments, Sums};
use crate::domain::money::Currency;
use crate::domain::payment::AttemptState;
use crate::domain::period::Period;
use crate::domain::refund::LedgerKind;

/// Preorders started and paid in each of these stretches.
pub async fn buckets(db: &Db, periods: &[Period]) -> StoreResult<Vec<Bucket>> {
    macro_rules! read {
        ($c:expr, $db:ty) => {{
            let mut sql = sqlx::QueryBuilder::<$db>::new("WITH buckets (n, low, high) AS (");
            sql.push_values(periods.iter().zip(0_i64..), |mut row, (period, n)| {
                row.push_bind(n).push_bind(period.from).push_bind(period.to);
            });
            sql.push(
                ") SELECT (SELECT COUNT(*) FROM preorders WHERE created_at >= low AND created_at < high), \
                 (SELECT COUNT(*) FROM preorders WHERE paid_at >= low AND paid_at < high) FROM buckets ORDER BY n",
            );
            sql.build_query_as().fetch_all($c).await?
        }};
    }
    if periods.is_empty() {
        return Ok(Vec::new());
    }
    let counted: Vec<(i64, i64)> = match db {
        Db::Sqlite(db) => read!(&db.read, sqlx::Sqlite),
        Db::Postgres(pool) => read!(pool, sqlx::Postgres),
    };
    Ok(counted.into_iter().map(|(started, paid)| Bucket { started, paid }).collect())
}

pub async fn funnel(db: &Db, period: Period) -> StoreResult<Funnel> {
    // A payment status other than `unpaid` is an answer of a bank.
    const SQL: &str = "SELECT \
         (SELECT COUNT(*) FROM preorders WHERE created_at >= $1 AND created_at < $2 AND session_id IS NOT NULL), \
         (SELECT COUNT(*) FROM preorders WHERE payment_status IN ('pending', 'paid', 'failed', 'partially_refunded', \
         'refunded', 'disputed') AND created_at >= $1 AND created_at < $2), \
         (SELECT COUNT(*) FROM preorders WHERE created_at >= $1 AND created_at < $2 AND paid_at IS NOT NULL)";
    let (reached, tried, paid): (i64, i64, i64) =
        on_read!(db, c => sqlx::query_as(SQL).bind(period.from).bind(period.to).fetch_one(c).await)?;
    Ok(Funnel { reached, tried, paid })
}

/// By currency, those of which nothing came and nothing went left out.
pub async fn money(db: &Db, period: Period) -> StoreResult<Vec<Sums>> {
    // A sum of BIGINTs is a NUMERIC in PostgreSQL.
    const SQL: &str = "SELECT currency, kind, COUNT(*), CAST(SUM(amount_minor) AS BIGINT) FROM payments_ledger \
         WHERE occurred_at >= $1 AND occurred_at < $2 GROUP BY currency, kind";
    let rows: Vec<(Currency, LedgerKind, i64, i64)> =
        on_read!(db, c => sqlx::query_as(SQL).bind(period.from).bind(period.to).fetch_all(c).await)?;
    let of = |currency: Currency, kind: LedgerKind| {
        rows.iter().find(|row| row.0 == currency && row.1 == kind).map_or((0, 0), |row| (row.2, row.3))
    };
    let sums = Currency::ALL.iter().map(|&currency| {
        let (captures, captured) = of(currency, LedgerKind::Capture);
        // What goes back is written with a minus, what returns with a plus.
        let (refunds, refunded) = of(currency, LedgerKind::Refund);
        let (returns, returned) = of(currency, LedgerKind::RefundReturned);
        Sums { currency, captured, captures, refunded: -(refunded + returned), refunds: refunds - returns }
    });
    Ok(sums.filter(|sums| sums.captures != 0 || sums.refunds != 0 || sums.refunded != 0).collect())
}

pub async fn payments(db: &Db, period: Period) -> StoreResult<Payments> {
    // The condition is written as in the index `checkout_attempts_answered`, by which SQLite knows that it serves.
    const SQL: &str = "SELECT state, decline_code, COUNT(*) FROM checkout_attempts WHERE created_at >= $1 \
         AND created_at < $2 AND (state IN ('paid', 'failed') OR decline_code IS NOT NULL) \
         GROUP BY state, decline_code ORDER BY COUNT(*) DESC, decline_code";
    let rows: Vec<(AttemptState, Option<String>, i64)> =
        on_read!(db, c => sqlx::query_as(SQL).bind(period.from).bind(period.to).fetch_all(c).await)?;
    let mut payments = Payments::default();
    for (state, reason, count) in rows {
        match state {
            AttemptState::Paid => {
                payments.paid += count;
                continue;
            }
            AttemptState::Failed => payments.failed += count,
            _ => payments.declined += count,
        }
        let Some(reason) = reason else { continue };
        match payments.reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, known)) => *known += count,
            None => payments.reasons.push((reason, count)),
        }
    }
    Ok(payments)
}
