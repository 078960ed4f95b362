//! Preorders and what they owe to others: the lead and its deliveries are one transaction.

use super::Question;

/// A preorder says which deliveries its creation and its payment enqueued (`owes`), in the same transaction. Asked kind
/// by kind for the exact key: a delivery under another key would be made twice.
macro_rules! owed {
    ($kind:literal) => {
        Question::new(concat!(
            "SELECT COUNT(*) FROM preorders p WHERE p.owes LIKE '%",
            $kind,
            " %' AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.dedupe_key = '",
            $kind,
            ":' || p.id)"
        ))
        .naming("p.id")
    };
}

pub const OWED_ON_CREATION: &[Question] = &[owed!("create_firebase_user"), owed!("klaviyo_preorder_started")];

pub const OWED_ON_PAYMENT: &[Question] =
    &[owed!("klaviyo_preorder_success"), owed!("close_open_pages"), owed!("fetch_payment_details"), owed!("send_sms")];

/// What was written for a preorder is there, and the preorder is not.
pub const GONE: Question = Question::new(
    "SELECT COUNT(*) FROM (SELECT preorder_id FROM outbox WHERE preorder_id IS NOT NULL \
     UNION SELECT preorder_id FROM webhook_logs WHERE preorder_id IS NOT NULL \
     UNION SELECT preorder_id FROM audit_log WHERE preorder_id IS NOT NULL) AS named \
     WHERE NOT EXISTS (SELECT 1 FROM preorders p WHERE p.id = named.preorder_id)",
)
.naming("named.preorder_id");
