//! The shop looks through Stripe's records by itself, and takes in what it was never told.

use std::time::Duration;

use serde_json::json;

use super::compare;
use crate::domain::access::Role;
use crate::tests::app::STRIPE;
use crate::tests::on_both;
use crate::workflows::{check_overdue, walk_stripe};

on_both! {
    async fn however_many_of_ours_stripe_does_not_list_a_walk_looks_each_up(app: TestApp) {
        const UNKNOWN: i64 = 120;
        let support = app.sign_in_as(Role::Support).await;
        app.checkout("ana@example.com").await;
        app.settle_down().await;
        let inserts = (0..UNKNOWN).map(|n| {
            // Three in each instant.
            let earlier = n / 3;
            let made_at = match app.ctx.db.postgres() {
                Some(_) => format!("created_at - {earlier} * INTERVAL '1 millisecond'"),
                None => format!("created_at - {earlier}"),
            };
            format!("INSERT INTO checkout_attempts (id, preorder_id, number, provider, idempotency_key, state, session_id, \
                 amount_minor, currency, created_at, updated_at) SELECT 'chk_gone{n}', preorder_id, {n} + 2, provider, \
                 'gone{n}', 'expired', 'cs_gone{n}', amount_minor, currency, {made_at}, updated_at \
                 FROM checkout_attempts WHERE number = 1")
        });
        app.ctx.db.execute(&inserts.collect::<Vec<_>>().join("; ")).await;
        app.advance(Duration::from_mins(2));
        assert_eq!(app.post_as(&support, "/api/admin/compare_with_stripe", &[("span", "24h")]).await.status, 303);
        app.settle_down().await;
        let found = "SELECT COUNT(*) FROM differences WHERE provider_id LIKE 'cs_gone%' AND theirs = 'none'";
        assert_eq!(app.count(found).await, UNKNOWN);
        // None was counted twice.
        let walk = app.scalar("SELECT state || ' ' || matched || ' ' || differing FROM walks").await.unwrap();
        let report = compare(app, false).await;
        assert_eq!(walk, format!("done {} {UNKNOWN}", report.matched));
        app.expect_broken(&[STRIPE]);
    }

    async fn events_do_not_wait_for_a_walk_that_was_put_off_or_given_up(app: TestApp) {
        app.expect_dead();
        app.faults(json!({ "webhooks": { "lose_rate": 1.0 } })).await;
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.settle_down().await;
        app.stop_workers().await;
        let next_round = async || {
            walk_stripe::begin_by_itself(&app.ctx).await.unwrap();
            app.advance(check_overdue::EVERY);
            app.count("SELECT COUNT(*) FROM walks WHERE scope = 'events'").await
        };
        assert_eq!((next_round().await, next_round().await), (1, 1), "it is under way");
        let later = app.ctx.clock.now() + Duration::from_hours(2);
        let at = match app.ctx.db.postgres() {
            Some(_) => format!("to_timestamp({} / 1000.0)", later.millis()),
            None => later.millis().to_string(),
        };
        let of_events = "dedupe_key LIKE 'walk_stripe:%events%'";
        app.ctx.db.execute(&format!("UPDATE outbox SET run_at = {at} WHERE {of_events}")).await;
        assert_eq!(next_round().await, 2, "its next try is hours away");
        app.ctx.db.execute(&format!("UPDATE outbox SET state = 'dead', finished_at = created_at \
             WHERE {of_events} AND run_at < {at}")).await;
        assert_eq!(next_round().await, 3, "nobody will try again");
        app.start_workers().await;
        app.wait_for_badges(&id, "completed/paid").await;
        let done = "SELECT COUNT(*) FROM walks WHERE scope = 'events' AND state = 'done'";
        app.wait_until("the third has seen all", async || app.count(done).await == 1).await;
        app.advance(Duration::from_hours(2));
        app.settle_down().await;
        let overtaken = "SELECT COUNT(*) FROM delivery_attempts WHERE answer LIKE 'a later walk%'";
        assert_eq!((app.count(done).await, app.count(overtaken).await), (2, 1));
        assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 1);
        next_round().await;
        app.settle_down().await;
    }

    async fn an_event_that_was_lost_is_taken_in_by_itself_within_minutes(app: TestApp) {
        walk_stripe::begin_by_itself(&app.ctx).await.unwrap();
        assert_eq!(app.count("SELECT COUNT(*) FROM walks").await, 0, "nothing was ever sold");
        app.faults(json!({ "webhooks": { "lose_rate": 1.0 } })).await;
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        let rounds = futures::future::join_all((0..4).map(|_| walk_stripe::begin_by_itself(&app.ctx))).await;
        assert!(rounds.iter().all(Result::is_ok), "{rounds:?}");
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM walks WHERE scope = 'events'").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM walks WHERE scope = 'everything' AND state = 'done'").await, 1);
        assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 1);
        // What the walk of the day saw before the events were applied is looked at again, and is no difference any more.
        app.advance(check_overdue::EVERY);
        walk_stripe::begin_by_itself(&app.ctx).await.unwrap();
        app.settle_down().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM differences WHERE settled_at IS NULL").await, 0);
        crate::tests::promises::are_kept_at_stripe(&app.ctx).await;
    }
}
