//! What happens after the sale, by an admin of ours and at Stripe: refunds in part and in full, refunds that the bank sends
//! back, disputes that are opened, won and lost, orders that are cancelled, and what was given up tried again.

use std::sync::{Arc, Mutex};
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
        let Some(cookie) = &cookie else {
            let login = street.post("/api/admin/login", "", &[("email", ADMIN.0), ("password", ADMIN.1)]).await;
            cookie = login.and_then(|answer| answer.cookie("rolitt_admin"));
            continue;
        };
        let Some((intent, preorder)) = one_of(&street.paid, &mut dice) else { continue };
        act += 1;
        match dice.random_range(0..100) {
            0..60 => {
                let amount =
                    if dice.random_bool(0.2) { "9999.00".to_owned() } else { dice.random_range(1..90).to_string() };
                refund_here(&street, cookie, &preorder, &amount, act).await;
            }
            60..75 => {
                let amount = dice.random_range(100..5_000);
                let path = format!("/sandbox/payment_intents/{intent}/refund.json");
                let refund = street.at_stripe(&path, json!({ "amount": amount })).await;
                if let (Some(id), true) = (refund["id"].as_str(), dice.random_bool(0.3)) {
                    street.at_stripe(&format!("/sandbox/refunds/{id}/fail.json"), json!({})).await;
                }
            }
            75..85 => {
                let dispute =
                    street.at_stripe(&format!("/sandbox/payment_intents/{intent}/dispute.json"), json!({})).await;
                if let Some(id) = dispute["id"].as_str() {
                    let status = if dice.random_bool(0.5) { "won" } else { "lost" };
                    street.at_stripe(&format!("/sandbox/disputes/{id}/close.json"), json!({ "status": status })).await;
                }
            }
            85..93 => {
                // Any order: also one that is being paid right now, which then wins.
                let Some(id) = one_of(&street.acknowledged, &mut dice) else { continue };
                let answer = street.post("/api/admin/cancel_preorder", cookie, &[("id", &id)]).await;
                if let Some(answer) = answer.filter(|answer| !matches!(answer.status, 303 | 409 | 422)) {
                    street.is_odd("cancelling", &answer);
                }
            }
            93..96 => {
                let answer = street.post("/api/admin/retry_dead", cookie, &[]).await;
                if let Some(answer) = answer.filter(|answer| !matches!(answer.status, 303 | 409 | 422)) {
                    street.is_odd("trying again what was given up", &answer);
                }
            }
            _ => {}
        }
    }
}

fn one_of<T: Clone>(all: &Mutex<Vec<T>>, dice: &mut StdRng) -> Option<T> {
    let all = all.lock().unwrap();
    if all.is_empty() { None } else { Some(all[dice.random_range(0..all.len())].clone()) }
}

/// One form, pressed until it is answered: one refund, or a refusal.
async fn refund_here(street: &Street, cookie: &str, preorder: &str, amount: &str, act: u32) {
    let key = format!("form-{act}");
    let form = [("id", preorder), ("amount", amount), ("reason", "requested_by_customer"), ("form_key", &key)];
    let Some(answer) = street.post("/api/admin/refund", cookie, &form).await else { return };
    match answer.status {
        303 => street.refunds.lock().unwrap().push((preorder.to_owned(), key)),
        422 => {}
        _ => street.is_odd("a refund", &answer),
    }
}
