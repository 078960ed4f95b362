//! One preorder's page in the admin: its whole story, and the acts on it.

use std::time::Duration;

use serde_json::json;

use super::app::TestApp;
use super::http_client::Answer;
use super::on_both;
use crate::domain::access::Role;

const TRACKING: &str = "1Z999AA10123456784";

/// A paid preorder's id.
pub async fn paid(app: &TestApp, email: &str) -> String {
    let (session, id) = app.checkout(email).await;
    app.pay_by_card(&session, "4242424242424242").await;
    app.wait_for_badges(&id, "completed/paid").await;
    app.settle_down().await;
    id
}

/// A form of a page of the admin's, as a browser without script sends it.
async fn submit(app: &TestApp, cookie: &str, path: &str, page: &str, form: &[(&str, &str)]) -> Answer {
    let request = app.http.post(format!("{}{path}", app.base)).form(form).header("cookie", cookie);
    let request = request.header("accept", "text/html,*/*;q=0.8").header("referer", format!("{}{page}", app.base));
    Answer::of(request.send().await.unwrap()).await
}

/// The page after a form, with what the form left behind.
async fn next_page(app: &TestApp, cookie: &str, answer: &Answer) -> Answer {
    let left: Vec<_> = ["rolitt_form", "rolitt_notice"].iter().filter_map(|name| answer.cookie(name)).collect();
    assert_eq!(answer.status, 303, "{}", answer.body);
    app.get_as(&format!("{cookie}; {}", left.join("; ")), answer.location()).await
}

async fn column(app: &TestApp, id: &str, column: &str) -> Option<String> {
    app.scalar(&format!("SELECT {column} FROM preorders WHERE id = '{id}'")).await
}

/// What a form of the page carries in a hidden field.
fn hidden(page: &Answer, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.body.split_once(&mark).unwrap_or_else(|| panic!("no {name}: {}", page.body));
    rest.split('"').next().unwrap().to_owned()
}

async fn audited(app: &TestApp, action: &str) -> i64 {
    app.count(&format!("SELECT COUNT(*) FROM audit_log WHERE action = '{action}'")).await
}

on_both! {
    async fn the_story_tells_payloads_to_support_and_masks_them_for_viewers(app: TestApp) {
        let form = [("email", "ana@example.com"), ("color", "sakura-pink"), ("name", "Ana López"), ("phone", "+4915123456789")];
        let session = app.post("/api/handle_checkout", &form).await.session();
        app.pay_by_card(&session, "4000000000009995").await;
        app.pay_by_card(&session, "4242424242424242").await;
        let id = app.scalar("SELECT id FROM preorders").await.unwrap();
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        let page = format!("/admin/preorders/{id}");
        let support = app.get_as(&app.sign_in_as(Role::Support).await, &page).await;
        for told in [
            "Preorder started", "Payment refused: Insufficient funds", "not enough money", "Paid", "Stripe: checkout.session.completed",
            "ana@example.com", "Ana López", "SMS to the buyer sent", "Mark fulfilled", "Visa ···· 4242", "\"object\"",
        ] {
            assert!(support.body.contains(told), "{told} is not told: {}", support.body);
        }
        let viewer = app.get_as(&app.sign_in_as(Role::Viewer).await, &page).await;
        assert_eq!(viewer.status, 200);
        for secret in ["ana@example.com", "López", "4915123456789"] {
            assert!(!viewer.body.contains(secret), "{secret} is shown to a viewer");
        }
        assert!(viewer.body.contains("a•••@example.com"));
        for act in ["/api/admin/refund", "/api/admin/fulfil_preorder", "/api/admin/write_note", "/api/admin/resend", "Mark fulfilled"] {
            assert!(!viewer.body.contains(act), "a viewer is offered {act}");
        }
    }

    async fn a_failed_delivery_can_be_tried_again_from_where_it_is_told(app: TestApp) {
        app.expect_dead();
        app.faults(json!({ "klaviyo": { "error_rate": 1.0, "error_status": 400 } })).await;
        app.post("/api/initiate_preorder", &[("email", "ana@example.com"), ("color", "sakura-pink")]).await;
        app.wait_until("it is given up", async || app.count("SELECT COUNT(*) FROM outbox WHERE state = 'dead'").await == 1).await;
        let id = app.scalar("SELECT id FROM preorders").await.unwrap();
        let delivery = app.scalar("SELECT id FROM outbox WHERE state = 'dead'").await.unwrap();
        let page = app.get_as(&app.sign_in_as(Role::Support).await, &format!("/admin/preorders/{id}")).await;
        assert!(page.body.contains("Klaviyo “Preorder Started” given up"), "{}", page.body);
        let buttons = page.body.matches(&format!("name=\"id\" value=\"{delivery}\"")).count();
        assert_eq!(buttons, 2, "one where it is told, one as the likely next act");
        assert!(page.body.contains("Retry <!>Klaviyo “Preorder Started”"));
    }

    async fn fulfilling_is_done_once_however_often_and_by_whomever_it_is_asked(app: TestApp) {
        let id = paid(app, "ana@example.com").await;
        let (first, second) = (app.sign_in_as(Role::Support).await, app.sign_in_as(Role::Owner).await);
        let form = [("id", id.as_str()), ("tracking_number", " 1z999 aa10123456784")];
        let path = "/api/admin/fulfil_preorder";
        let (one, two) = tokio::join!(app.post_as(&first, path, &form), app.post_as(&second, path, &form));
        assert_eq!((one.status, two.status), (303, 303), "{} {}", one.body, two.body);
        assert_eq!(column(app, &id, "fulfilment_status").await.as_deref(), Some("fulfilled"));
        assert_eq!(column(app, &id, "tracking_number").await.as_deref(), Some(TRACKING));
        assert_eq!(audited(app, "preorder_fulfilled").await, 1);
        let other = app.post_as(&first, path, &[("id", &id), ("tracking_number", "OTHER1")]).await;
        assert_eq!(other.status, 422);
        assert!(other.body.contains("fulfilled already") && other.body.contains(TRACKING), "{}", other.body);
        let edit = app.post_as(&first, "/api/admin/edit_color", &[("id", &id), ("color", "cherry-red")]).await;
        assert_eq!(edit.status, 422, "a packed parcel's colour changed");
        let undo = [("id", id.as_str()), ("act", "undo")];
        for _ in 0..2 {
            assert_eq!(app.post_as(&first, "/api/admin/move_fulfilment", &undo).await.status, 303);
        }
        assert_eq!(column(app, &id, "fulfilment_status").await.as_deref(), Some("unfulfilled"));
        assert_eq!(column(app, &id, "tracking_number").await, None);
        assert_eq!(audited(app, "fulfilment_changed").await, 1);
    }

    async fn what_is_not_paid_or_on_hold_does_not_leave(app: TestApp) {
        let cookie = app.sign_in_as(Role::Support).await;
        let (_, unpaid) = app.checkout("li@example.com").await;
        let id = paid(app, "ana@example.com").await;
        let fulfil = async |id: &str| app.post_as(&cookie, "/api/admin/fulfil_preorder", &[("id", id), ("tracking_number", TRACKING)]).await;
        let refused = fulfil(&unpaid).await;
        assert_eq!((refused.status, refused.json()["error"]["code"].as_str()), (422, Some("not_paid")));
        let hold = app.post_as(&cookie, "/api/admin/move_fulfilment", &[("id", &id), ("act", "hold")]).await;
        assert_eq!(hold.status, 303);
        assert_eq!(fulfil(&id).await.json()["error"]["code"], "on_hold");
        app.post_as(&cookie, "/api/admin/move_fulfilment", &[("id", &id), ("act", "release")]).await;
        for wrong in ["", "<script>", &"1".repeat(61)] {
            let answer = app.post_as(&cookie, "/api/admin/fulfil_preorder", &[("id", &id), ("tracking_number", wrong)]).await;
            assert_eq!((answer.status, answer.json()["error"]["field"].as_str()), (422, Some("tracking_number")), "{wrong}");
        }
        assert_eq!(fulfil(&id).await.status, 303);
        let viewer = app.sign_in_as(Role::Viewer).await;
        assert_eq!(app.post_as(&viewer, "/api/admin/move_fulfilment", &[("id", &id), ("act", "undo")]).await.status, 403);
    }

    async fn a_cancelled_preorder_can_not_be_paid_any_more(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        let cookie = app.sign_in_as(Role::Support).await;
        for _ in 0..2 {
            assert_eq!(app.post_as(&cookie, "/api/admin/cancel_preorder", &[("id", &id)]).await.status, 303);
        }
        app.settle_down().await;
        assert_eq!(app.badges(&id).await, "cancelled/unpaid");
        assert!(column(app, &id, "CAST(cancelled_at AS TEXT)").await.is_some());
        assert_eq!(audited(app, "preorder_cancelled").await, 1);
        let state = app.scalar(&format!("SELECT state FROM checkout_attempts WHERE session_id = '{session}'")).await;
        assert_eq!(state.as_deref(), Some("expired"), "its payment page is still open");
        let pay = app.post_json(&format!("/sandbox/checkout/{session}/pay.json"), &json!({ "card": "4242424242424242" })).await;
        assert_ne!(pay.status, 200, "somebody paid on a closed page: {}", pay.body);
        // The same wish again is a new preorder.
        let (_, again) = app.checkout("ana@example.com").await;
        assert_ne!(again, id);
    }

    async fn money_that_comes_all_the_same_wins_over_a_cancellation(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        let cookie = app.sign_in_as(Role::Support).await;
        app.stop_workers().await;
        assert_eq!(app.post_as(&cookie, "/api/admin/cancel_preorder", &[("id", &id)]).await.status, 303);
        app.pay_by_card(&session, "4242424242424242").await;
        app.start_workers().await;
        app.wait_for_badges(&id, "completed/paid").await;
        let refused = app.post_as(&cookie, "/api/admin/cancel_preorder", &[("id", &id)]).await;
        assert_eq!((refused.status, refused.json()["error"]["code"].as_str()), (422, Some("already_paid")));
        let page = app.get_as(&cookie, &format!("/admin/preorders/{id}")).await;
        assert!(page.body.contains("Cancel and refund"), "{}", page.body);
    }

    async fn of_two_who_edit_an_address_the_second_looks_again(app: TestApp) {
        let id = paid(app, "ana@example.com").await;
        let (first, second) = (app.sign_in_as(Role::Support).await, app.sign_in_as(Role::Owner).await);
        let page = format!("/admin/preorders/{id}");
        let seen = hidden(&app.get_as(&first, &page).await, "updated_at");
        assert_eq!(seen, hidden(&app.get_as(&second, &page).await, "updated_at"));
        let form = |address: &'static str| [("id", id.as_str()), ("address", address), ("country", "de"), ("updated_at", seen.as_str())];
        let mine = form("Ana López\nTorstraße 1\n10119 Berlin");
        let path = "/api/admin/edit_address";
        assert_eq!(app.post_as(&first, path, &mine).await.status, 303);
        assert_eq!(app.post_as(&first, path, &mine).await.status, 303, "a double click is no conflict");
        assert_eq!(audited(app, "address_changed").await, 1);
        let late = submit(app, &second, path, &page, &form("Ana López\nElsewhere 2\n20095 Hamburg")).await;
        let shown = next_page(app, &second, &late).await;
        assert!(shown.body.contains("changed while you were at it"), "{}", shown.body);
        assert!(shown.body.contains("Elsewhere 2"), "what was typed is lost");
        assert!(shown.body.contains("Torstraße 1, 10119 Berlin, DE"), "what it is now is not shown");
        assert_ne!(hidden(&shown, "updated_at"), seen);
        assert_eq!(column(app, &id, "shipping_address").await.as_deref(), Some("Ana López, Torstraße 1, 10119 Berlin, DE"));
        assert_eq!(column(app, &id, "country").await.as_deref(), Some("DE"));
        // A late webhook brings the till's address along and does not put it back.
        app.post_json("/sandbox/webhooks/resend.json", &json!({})).await;
        app.settle_down().await;
        assert_eq!(column(app, &id, "shipping_address").await.as_deref(), Some("Ana López, Torstraße 1, 10119 Berlin, DE"));
        let log = app.scalar("SELECT detail FROM audit_log WHERE action = 'address_changed'").await.unwrap();
        assert!(!log.contains("Torstraße"), "the log keeps an address for ever: {log}");
    }

    async fn a_colour_changes_to_one_that_exists(app: TestApp) {
        let id = paid(app, "ana@example.com").await;
        let cookie = app.sign_in_as(Role::Support).await;
        let seen = hidden(&app.get_as(&cookie, &format!("/admin/preorders/{id}")).await, "updated_at");
        let edit = async |color: &str| app.post_as(&cookie, "/api/admin/edit_color", &[("id", &id), ("color", color), ("updated_at", &seen)]).await;
        assert_eq!(edit("ultraviolet").await.json()["error"]["code"], "color_unknown");
        assert_eq!(edit("healing-green").await.status, 303);
        assert_eq!(column(app, &id, "color").await.as_deref(), Some("healing-green"));
        assert_eq!(edit("cherry-red").await.json()["error"]["code"], "changed_since");
    }

    async fn a_note_is_added_once_and_is_told_newest_first(app: TestApp) {
        let (_, id) = app.checkout("ana@example.com").await;
        let cookie = app.sign_in_as(Role::Support).await;
        let page = format!("/admin/preorders/{id}");
        let key = hidden(&app.get_as(&cookie, &page).await, "form_key");
        let write = async |body: &str, key: &str| app.post_as(&cookie, "/api/admin/write_note", &[("id", &id), ("body", body), ("form_key", key)]).await;
        for _ in 0..2 {
            assert_eq!(write("Called <b>twice</b>", &key).await.status, 303);
        }
        app.advance(Duration::from_mins(1));
        assert_eq!(write("Wants green", "another").await.status, 303);
        for wrong in ["  ", &"x".repeat(2001)] {
            assert_eq!(write(wrong, "third").await.json()["error"]["field"], "body");
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM notes").await, 2);
        let shown = app.get_as(&cookie, &page).await;
        let notes = shown.body.split("id=\"notes\"").nth(1).unwrap();
        assert!(notes.find("Wants green").unwrap() < notes.find("Called &lt;b&gt;").unwrap());
        assert!(shown.body.contains("support@example.com wrote a note"));
    }

    async fn a_refund_is_asked_for_with_an_amount_a_reason_and_a_key_of_its_own(app: TestApp) {
        let id = paid(app, "ana@example.com").await;
        let cookie = app.sign_in_as(Role::Support).await;
        let page = format!("/admin/preorders/{id}?refund=cancel");
        let shown = app.get_as(&cookie, &page).await;
        let again = app.get_as(&cookie, &page).await;
        assert_ne!(hidden(&shown, "form_key"), hidden(&again, "form_key"));
        assert!(shown.body.contains("value=\"499.00\""), "the whole is not preselected");
        assert!(shown.body.contains("value=\"requested_by_customer\" selected"), "{}", shown.body);
        assert!(shown.body.contains("name=\"hold\""));
        let key = hidden(&shown, "form_key");
        let refund = async |amount: &str, reason: &str| {
            let form = [("id", id.as_str()), ("amount", amount), ("reason", reason), ("form_key", key.as_str())];
            submit(app, &cookie, "/api/admin/refund", &page, &form).await
        };
        for (amount, reason, said) in [
            ("4,99", "duplicate", "Write the amount as 499.00."),
            ("0", "duplicate", "Refund more than nothing."),
            ("10.00", "because", "Choose a reason."),
        ] {
            let answer = refund(amount, reason).await;
            let shown = next_page(app, &cookie, &answer).await;
            assert!(shown.body.contains(said), "{said}: {}", shown.body);
            assert!(shown.body.contains(&format!("value=\"{amount}\"")), "what was typed is lost");
            assert_eq!(hidden(&shown, "form_key"), key, "another key would be another refund");
        }
        let viewer = app.sign_in_as(Role::Viewer).await;
        assert_eq!(app.post_as(&viewer, "/api/admin/refund", &[("id", &id)]).await.status, 403);
    }

    async fn the_money_card_adds_up_what_came_and_what_went(app: TestApp) {
        let id = paid(app, "ana@example.com").await;
        let cookie = app.sign_in_as(Role::Support).await;
        let page = format!("/admin/preorders/{id}");
        let shown = app.get_as(&cookie, &page).await;
        assert!(shown.body.contains("Agrees") && !shown.body.contains("Differs"), "{}", shown.body);
        let key = hidden(&shown, "form_key");
        let refund = async |cookie: &str, amount: &str, key: &str| {
            let form = [("id", id.as_str()), ("amount", amount), ("reason", "requested_by_customer"), ("form_key", key)];
            submit(app, cookie, "/api/admin/refund", &page, &form).await
        };
        let (one, two) = tokio::join!(refund(&cookie, "99.00", &key), refund(&cookie, "99.00", &key));
        assert_eq!((one.status, two.status), (303, 303));
        app.wait_for_badges(&id, "completed/partially_refunded").await;
        app.settle_down().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM refunds").await, 1, "a double click refunded twice");
        let shown = app.get_as(&cookie, &page).await;
        for told in ["Refunded, <!>succeeded", "$99.00", "by support@example.com", "Requested by customer", "$400.00", "Agrees", "Refund of $99.00: succeeded"] {
            assert!(shown.body.contains(told), "{told}: {}", shown.body);
        }
        assert!(shown.body.contains("value=\"400.00\""), "what is left is not preselected");
        let over = refund(&cookie, "400.00", "another").await;
        let refused = next_page(app, &cookie, &over).await;
        assert!(refused.body.contains("for an owner to make"), "{}", refused.body);
        let whole = app.sign_in_as(Role::Owner).await;
        let form = [("id", id.as_str()), ("amount", "400"), ("reason", "duplicate"), ("form_key", "third"), ("hold", "on")];
        assert_eq!(app.post_as(&whole, "/api/admin/refund", &form).await.status, 303);
        app.wait_for_badges(&id, "completed/refunded").await;
        assert_eq!(column(app, &id, "fulfilment_status").await.as_deref(), Some("on_hold"), "it may still be sent");
        app.settle_down().await;
        let shown = app.get_as(&whole, &page).await;
        assert!(shown.body.contains("Agrees") && !shown.body.contains("/api/admin/refund"), "{}", shown.body);
    }

    async fn a_dispute_is_told_with_when_evidence_is_due_and_nothing_leaves(app: TestApp) {
        let id = paid(app, "ana@example.com").await;
        let intent = column(app, &id, "payment_intent_id").await.unwrap();
        let opened = app.post_json(&format!("/sandbox/payment_intents/{intent}/dispute.json"), &json!({})).await;
        assert!(opened.status < 300, "{}", opened.body);
        app.wait_for_badges(&id, "completed/disputed").await;
        app.settle_down().await;
        let cookie = app.sign_in_as(Role::Support).await;
        let page = app.get_as(&cookie, &format!("/admin/preorders/{id}")).await;
        for told in ["Dispute of $499.00 opened", "Evidence is due", "Disputed", "Agrees"] {
            assert!(page.body.contains(told), "{told}: {}", page.body);
        }
        let fulfil = [("id", id.as_str()), ("tracking_number", TRACKING)];
        assert_eq!(app.post_as(&cookie, "/api/admin/fulfil_preorder", &fulfil).await.json()["error"]["code"], "disputed");
    }

    async fn a_story_of_hundreds_of_events_is_shortened_and_says_so(app: TestApp) {
        let id = paid(app, "ana@example.com").await;
        for n in 0..210 {
            let at = if app.ctx.db.postgres().is_some() { format!("now() + interval '{n} seconds'") } else { (app.ctx.clock.now().millis() + n).to_string() };
            app.ctx.db.execute(&format!(
                "INSERT INTO webhook_logs (id, provider, event, stripe_event_id, status, preorder_id, raw_data, received_at) \
                 VALUES ('wh_{n}', 'stripe', 'made.up.{n}', 'evt_{n}', 'ignored', '{id}', '{{}}', {at})")).await;
        }
        let cookie = app.sign_in_as(Role::Support).await;
        let page = app.get_as(&cookie, &format!("/admin/preorders/{id}")).await;
        let entries = |page: &Answer| page.body.matches("timeline-head").count();
        assert!((90..110).contains(&entries(&page)), "{}", entries(&page));
        assert!(page.body.contains("entries are<!> not shown") && page.body.contains("Preorder started"));
        assert!(page.body.contains("made.up.209") && !page.body.contains("made.up.50<"));
        assert!(page.body.contains("newest 200 <!>Stripe events"));
        let all = app.get_as(&cookie, &format!("/admin/preorders/{id}?timeline=all")).await;
        assert!(entries(&all) > 200 && all.body.contains("Show less"));
    }
}
