//! What a buyer's preorder came to at the providers, and what a person does about what was given up.

use serde_json::Value;

use super::ground::{Buyer, Ground, owner};
use crate::domain::delivery::DeliveryKind;
use crate::workflows::deliveries::{discard, retry};

/// How often each act took effect for a buyer.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Received {
    pub started: usize,
    pub success: usize,
    pub users: usize,
    pub texts: usize,
}

impl Received {
    pub const ALL_ONCE: Self = Self { started: 1, success: 1, users: 1, texts: 1 };
}

pub async fn received(ground: &Ground, buyer: &Buyer) -> Received {
    let inbox = ground.app.inbox().await;
    let count = |tray: &str, is_it: &dyn Fn(&Value) -> bool| {
        inbox[tray].as_array().unwrap().iter().filter(|entry| is_it(entry)).count()
    };
    let event = |metric: &'static str| {
        let email = buyer.email.clone();
        move |e: &Value| {
            e["metric"] == metric && e["profile"] == email.as_str() && e["status"] == 202 && e["duplicate"] == false
        }
    };
    Received {
        started: count("klaviyo", &event("Preorder Started")),
        success: count("klaviyo", &event("Preorder Success")),
        users: count("firebase", &|e| {
            e["email"] == buyer.email.as_str() && e["action"] == "create" && e["status"] == 200
        }),
        texts: count("sms", &|e| e["to"] == buyer.phone.as_str() && e["error"].is_null()),
    }
}

/// A person looks at what was given up: each says why. It is tried again, but for a text that did go out.
pub async fn look_after_the_dead(ground: &Ground) {
    let app = &ground.app;
    let dead = "SELECT id FROM outbox WHERE state = 'dead' AND discarded_at IS NULL ORDER BY id";
    for id in app.ctx.db.texts(dead).await {
        let of = |column: &str| format!("SELECT {column} FROM outbox WHERE id = '{id}'");
        let reason = app.scalar(&of("last_error")).await.unwrap_or_default();
        assert!(!reason.is_empty(), "given up without a reason");
        let kind: DeliveryKind = app.scalar(&of("kind")).await.unwrap().parse().unwrap();
        let delivery = id.parse().unwrap();
        if kind == DeliveryKind::SendSms && texted(ground, &id).await {
            assert!(discard(&app.ctx, &owner(), &delivery, "The buyer has it.").await.unwrap());
        } else {
            assert!(retry(&app.ctx, &owner(), &delivery, true).await.unwrap(), "{kind} can't be tried again");
            ground.drain().await;
            assert_eq!(app.scalar(&of("state")).await.as_deref(), Some("done"), "{kind} was given up again");
        }
    }
}

async fn texted(ground: &Ground, delivery: &str) -> bool {
    let phone = "SELECT p.phone FROM preorders p JOIN outbox o ON o.preorder_id = p.id";
    let phone = ground.app.scalar(&format!("{phone} WHERE o.id = '{delivery}'")).await.unwrap();
    let inbox = ground.app.inbox().await;
    inbox["sms"].as_array().unwrap().iter().any(|entry| entry["to"] == phone.as_str() && entry["error"].is_null())
}
