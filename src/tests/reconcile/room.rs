//! Differences in the admin: each is shown, with what settles it or says what to do.

use std::time::Duration;

use serde_json::json;

use super::compare;
use crate::domain::access::Role;
use crate::tests::app::STRIPE;
use crate::tests::on_both;
use crate::workflows::reconcile::look_twice;
use crate::workflows::walk_stripe;

const ROOM: &str = "/admin/reconcile";

on_both! {
    async fn an_event_that_was_kept_and_given_up_is_a_difference_until_somebody_discards_it(app: TestApp) {
        app.expect_dead();
        app.expect_broken(&[STRIPE]);
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        let of_payment = "(SELECT id FROM webhook_logs WHERE event = 'payment_intent.succeeded')";
        app.ctx.db.execute(&format!("UPDATE outbox SET state = 'dead' WHERE dedupe_key = 'apply_stripe_event:' || {of_payment}; \
             UPDATE webhook_logs SET status = 'failed', error = 'odd' WHERE id = {of_payment}")).await;
        let found = compare(app, true).await;
        assert_eq!(found.differences.len(), 1, "{:?}", found.differences);
        let found = &found.differences[0];
        assert!(found.ours == "kept, not applied" && !found.fixed && found.advice().is_some(), "{found:?}");
        app.ctx.db.execute(&format!("UPDATE webhook_logs SET status = 'ignored' WHERE id = {of_payment}")).await;
        assert!(compare(app, false).await.differences.is_empty());
    }

    async fn another_amount_says_what_to_do_and_can_be_set_aside_and_what_is_gone_lets_others_have_their_turn(app: TestApp) {
        app.expect_broken(&[STRIPE, "ledger", "amounts"]);
        let support = app.sign_in_as(Role::Support).await;
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
        app.ctx.db.execute("UPDATE checkout_attempts SET received_minor = received_minor + 100").await;
        assert_eq!(app.post_as(&support, "/api/admin/compare_with_stripe", &[("span", "24h")]).await.status, 303);
        app.settle_down().await;
        let page = app.get_as(&support, ROOM).await.body;
        assert!(page.contains("with another amount") && page.contains("/api/admin/set_difference_aside"), "{page}");
        let open = "SELECT id FROM differences WHERE settled_at IS NULL";
        for difference in app.ctx.db.texts(open).await {
            let form = [("id", difference.as_str()), ("reason", "Compared by hand")];
            assert_eq!(app.post_as(&support, "/api/admin/set_difference_aside", &form).await.status, 303);
        }
        let mut report = compare(app, false).await;
        assert!(!report.is_clean());
        look_twice(&app.ctx, &mut report).await.unwrap();
        assert!(report.is_clean(), "what a person has set aside is asked about again: {:?}", report.differences);

        // Stripe does not know it any more: it was looked at, and is not first in the line again.
        let (long_ago, later) = if app.ctx.db.postgres().is_some() { ("'epoch'", "'2000-01-01'") } else { ("0", "1") };
        app.ctx.db.execute(&format!("INSERT INTO differences (id, object, provider_id, verdict, ours, theirs, found_at, \
             seen_at) VALUES ('dif_gone', 'event', 'evt_gone', 'unknown', 'x', 'y', {long_ago}, {long_ago})")).await;
        walk_stripe::begin_by_itself(&app.ctx).await.unwrap();
        app.settle_down().await;
        let looked_at = format!("SELECT COUNT(*) FROM differences WHERE id = 'dif_gone' AND seen_at > {later}");
        assert_eq!(app.count(&looked_at).await, 1);
    }

    async fn a_difference_is_shown_with_a_button_that_settles_it_as_stripe_says(app: TestApp) {
        let support = app.sign_in_as(Role::Support).await;
        let viewer = app.sign_in_as(Role::Viewer).await;
        assert!(app.get_as(&viewer, ROOM).await.body.contains("Nothing was compared yet"));
        app.faults(json!({ "webhooks": { "lose_rate": 1.0 } })).await;
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        let number = app.scalar(&format!("SELECT preorder_number FROM preorders WHERE id = '{id}'")).await.unwrap();

        let asked = app.post_as(&support, "/api/admin/compare_with_stripe", &[("span", "1h")]).await;
        assert_eq!((asked.status, asked.location()), (303, ROOM), "{}", asked.body);
        app.settle_down().await;
        let page = app.get_as(&support, ROOM).await.body;
        for shown in [session.as_str(), &number, "Different", "Settle as Stripe says", "support@example.com"] {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        assert!(!app.get_as(&viewer, ROOM).await.body.contains("/api/admin/settle_difference"));
        assert!(app.badges(&id).await.ends_with("/unpaid"), "looking changes something");

        let of_page = format!("SELECT id FROM differences WHERE provider_id = '{session}'");
        let difference = app.scalar(&of_page).await.unwrap();
        let press = async || app.post_as(&support, "/api/admin/settle_difference", &[("id", &difference)]).await;
        assert_eq!(press().await.status, 303);
        assert_eq!(app.badges(&id).await, "completed/paid");
        assert_eq!(press().await.status, 303, "a second press is no fault");
        app.settle_down().await;
        let lines = format!("SELECT COUNT(*) FROM audit_log WHERE action = 'difference_settled' AND subject = '{session}' \
             AND preorder_id = '{id}' AND actor = 'support@example.com'");
        assert_eq!(app.count(&lines).await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM payments_ledger WHERE kind = 'capture'").await, 1);
        let page = app.get_as(&support, ROOM).await.body;
        assert!(page.contains("Settled lately") && page.contains(&session), "{page}");

        // The rest of what was found says the same by now; the events themselves are taken in by the next round.
        let ids = app.ctx.db.texts("SELECT id FROM differences WHERE settled_at IS NULL").await;
        for id in &ids {
            let settled = app.post_as(&support, "/api/admin/settle_difference", &[("id", id)]).await;
            assert_eq!(settled.status, 303, "{}", settled.body);
        }
        walk_stripe::begin_by_itself(&app.ctx).await.unwrap();
        app.settle_down().await;
        crate::tests::promises::are_kept_at_stripe(&app.ctx).await;
        assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 1);
    }

    async fn what_can_not_be_settled_says_what_to_do(app: TestApp) {
        let support = app.sign_in_as(Role::Support).await;
        let (session, _) = app.checkout("ana@example.com").await;
        app.ctx.db.execute(&format!("UPDATE checkout_attempts SET session_id = 'cs_of_another_account' \
             WHERE session_id = '{session}'")).await;
        app.advance(Duration::from_mins(2));
        assert_eq!(app.post_as(&support, "/api/admin/compare_with_stripe", &[("span", "24h")]).await.status, 303);
        app.settle_down().await;
        let page = app.get_as(&support, ROOM).await.body;
        assert!(page.contains("cs_of_another_account") && page.contains("STRIPE_SECRET_KEY is this shop"), "{page}");
        let of_page = "SELECT id FROM differences WHERE provider_id = 'cs_of_another_account'";
        let id = app.scalar(of_page).await.unwrap();
        let pressed = app.post_as(&support, "/api/admin/settle_difference", &[("id", &id)]).await;
        assert_eq!((pressed.status, pressed.json()["error"]["code"].as_str()), (422, Some("unknown_to_stripe")));
        assert_eq!(app.count("SELECT COUNT(*) FROM audit_log WHERE action = 'difference_settled'").await, 0);

        // Whoever has looked at it says why, and a later comparison that finds the same does not ask again.
        let aside = async |reason: &str| {
            app.post_as(&support, "/api/admin/set_difference_aside", &[("id", &id), ("reason", reason)]).await.status
        };
        assert_eq!((aside(" ").await, aside("A copy of the shop's database").await), (422, 303));
        assert_eq!(app.post_as(&support, "/api/admin/compare_with_stripe", &[("span", "24h")]).await.status, 303);
        app.settle_down().await;
        app.expect_broken(&[STRIPE]);
        assert_eq!(app.count("SELECT COUNT(*) FROM differences WHERE settled_at IS NULL AND theirs = 'none'").await, 0);
        assert_eq!(app.count("SELECT COUNT(*) FROM audit_log WHERE action = 'difference_settled'").await, 1);
    }
}
