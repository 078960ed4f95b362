//! What happens after the sale, by an admin of ours and at Stripe: refunds in part and in full, refunds that the bank sends
//! back, disputes that are opened, won and lost.

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;

use super::buyers::Street;
use crate::tests::app::ADMIN;

pub async fn staff(street: Arc<Street>, seed: u64) {
    let mut dice = StdRng::seed_from_u64(seed ^ 0xad);
    let mut cookie = None;
    let mut act = 0;
    while !street.is_over() {
        tokio::time::sleep(Duration::from_millis(120)).await;
        if cookie.is_none() {
            let login = street.post("/api/admin/login", "", &[("email", ADMIN.0), ("password", ADMIN.1)]).await;
            cookie = login.and_then(|answer| answer.cookie("rolitt_admin"));
            continue;
        }
        let some = {
            let paid = street.paid.lock().unwrap();
            if paid.is_empty() { None } else { Some(paid[dice.random_range(0..paid.len())].clone()) }
        };
        let Some((intent, preorder)) = some else { continue };
        act += 1;
        match dice.random_range(0..100) {
            0..65 => {
                let amount =
                    if dice.random_bool(0.2) { "9999.00".to_owned() } else { dice.random_range(1..90).to_string() };
                refund_here(&street, cookie.as_deref().unwrap_or_default(), &preorder, &amount, act).await;
            }
            65..80 => {
                let amount = dice.random_range(100..5_000);
                let path = format!("/sandbox/payment_intents/{intent}/refund.json");
                let refund = street.at_stripe(&path, json!({ "amount": amount })).await;
                if let (Some(id), true) = (refund["id"].as_str(), dice.random_bool(0.3)) {
                    street.at_stripe(&format!("/sandbox/refunds/{id}/fail.json"), json!({})).await;
                }
            }
            80..90 => {
                let dispute =
                    street.at_stripe(&format!("/sandbox/payment_intents/{intent}/dispute.json"), json!({})).await;
                if let Some(id) = dispute["id"].as_str() {
                    let status = if dice.random_bool(0.5) { "won" } else { "lost" };
                    street.at_stripe(&format!("/sandbox/disputes/{id}/close.json"), json!({ "status": status })).await;
                }
            }
            _ => {}
        }
    }
}

/// One form, pressed until it is answered: one refund, or a refusal.
async fn refund_here(street: &Street, cookie: &str, preorder: &str, amount: &str, act: u32) {
    let key = format!("form-{act}");
    let form = [("id", preorder), ("amount", amount), ("reason", "requested_by_customer"), ("form_key", &key)];
    let Some(answer) = street.post("/api/admin/refund", cookie, &form).await else { return };
    assert!(matches!(answer.status, 200 | 303 | 422), "{}: {}", answer.status, answer.body);
}
