//! The rows of one preorder as they stand inside a transaction, column by column: taken before and after something is
//! tried, they say what it would change.

use sqlx::{AssertSqlSafe, Row as _};

use super::{StoreResult, Tx, on_tx};
use crate::domain::ids::PreorderId;
use crate::domain::timestamp::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Text(String),
    Number(i64),
    At(Timestamp),
}

/// One row: where it stands, which it is, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub table: &'static str,
    pub id: String,
    pub cells: Vec<(&'static str, Option<Value>)>,
}

#[derive(Clone, Copy)]
enum Of {
    Text,
    Number,
    At,
}
use Of::{At, Number, Text};

/// Table, the column that names the preorder, and what is looked at.
type Looked = (&'static str, &'static str, &'static [(&'static str, Of)]);

/// What settlement may touch. `updated_at` and keys of our own are left out: that they move is no news.
const TABLES: &[Looked] = &[
    (
        "preorders",
        "id",
        &[
            ("status", Text),
            ("payment_status", Text),
            ("fulfilment_status", Text),
            ("paid_at", At),
            ("cancelled_at", At),
            ("session_id", Text),
            ("payment_intent_id", Text),
            ("shipping_address", Text),
            ("country", Text),
        ],
    ),
    (
        "checkout_attempts",
        "preorder_id",
        &[
            ("state", Text),
            ("session_id", Text),
            ("payment_intent_id", Text),
            ("received_minor", Number),
            ("received_currency", Text),
            ("decline_code", Text),
            ("decline_message", Text),
            ("card_brand", Text),
            ("card_last4", Text),
            ("declined_at", At),
            ("paid_at", At),
        ],
    ),
    (
        "refunds",
        "preorder_id",
        &[
            ("provider_refund_id", Text),
            ("amount_minor", Number),
            ("currency", Text),
            ("reason", Text),
            ("state", Text),
            ("failure_reason", Text),
        ],
    ),
    (
        "disputes",
        "preorder_id",
        &[
            ("provider_dispute_id", Text),
            ("amount_minor", Number),
            ("currency", Text),
            ("taken_minor", Number),
            ("reason", Text),
            ("state", Text),
            ("due_at", At),
        ],
    ),
    (
        "payments_ledger",
        "preorder_id",
        &[("kind", Text), ("amount_minor", Number), ("currency", Text), ("reference", Text), ("occurred_at", At)],
    ),
    ("outbox", "preorder_id", &[("kind", Text), ("state", Text)]),
];

/// Every row of a preorder that settlement may touch, in a fixed order.
pub async fn of_preorder(tx: &mut Tx, id: &PreorderId) -> StoreResult<Vec<Row>> {
    let mut rows = Vec::new();
    for (table, key, columns) in TABLES {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let sql = format!("SELECT id, {} FROM {table} WHERE {key} = $1 ORDER BY id", names.join(", "));
        // Nothing but the names above gets into the text.
        on_tx!(tx, c => {
            for row in &sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_all(c).await? {
                let mut cells = Vec::with_capacity(columns.len());
                for (name, of) in *columns {
                    let value = match of {
                        Text => row.try_get::<Option<String>, _>(*name)?.map(Value::Text),
                        Number => row.try_get::<Option<i64>, _>(*name)?.map(Value::Number),
                        At => row.try_get::<Option<Timestamp>, _>(*name)?.map(Value::At),
                    };
                    cells.push((*name, value));
                }
                rows.push(Row { table, id: row.try_get("id")?, cells });
            }
            Ok(())
        })?;
    }
    Ok(rows)
}
