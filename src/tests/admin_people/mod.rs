//! People: who is invited, what an owner does to others, and the log of it. Each test comes in through the door.

mod door;

use std::time::Duration;

use super::app::{ADMIN, TestApp};
use super::http_client::Answer;
use super::on_both;
use crate::domain::access::Role;
use crate::store::{Tx, on_tx};

const SAM: &str = "sam@example.com";
const PASSWORD: &str = "four words in a row";

/// Invites, and gives the token of the link.
async fn invite(app: &TestApp, owner: &str, email: &str, role: &str) -> String {
    let invited = app.post_as(owner, "/api/admin/invite", &[("email", email), ("role", role)]).await;
    assert_eq!((invited.status, invited.location()), (303, "/admin/people"), "{}", invited.body);
    let once = invited.cookie("rolitt_once").unwrap();
    assert!(invited.headers.get_all("set-cookie").iter().any(|set| {
        let set = set.to_str().unwrap();
        set.starts_with("rolitt_once=") && set.contains("HttpOnly") && set.contains("SameSite=Strict")
    }));
    let page = app.get_as(&format!("{owner}; {once}"), "/admin/people").await;
    assert_eq!(page.cookie("rolitt_once").unwrap(), "rolitt_once=", "the link is not forgotten");
    let (_, link) = page.body.split_once("/admin/invitation?token=").expect("no link on the page");
    link.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
}

async fn accept(app: &TestApp, token: &str, password: &str) -> Answer {
    app.post("/api/admin/accept_invitation", &[("token", token), ("password", password)]).await
}

async fn log_in(app: &TestApp, email: &str, password: &str) -> Answer {
    app.post("/api/admin/login", &[("email", email), ("password", password)]).await
}

async fn id_of(app: &TestApp, email: &str) -> String {
    app.scalar(&format!("SELECT id FROM admins WHERE email = '{email}'")).await.unwrap()
}

async fn logged(app: &TestApp, action: &str, subject: &str) -> i64 {
    app.count(&format!("SELECT COUNT(*) FROM audit_log WHERE action = '{action}' AND subject = '{subject}'")).await
}

on_both! {
    async fn an_invited_colleague_chooses_a_password_and_is_in(app: TestApp) {
        let owner = app.sign_in_as(Role::Owner).await;
        let token = invite(app, &owner, " Sam@Example.com ", "support").await;
        let again = app.get_as(&owner, "/admin/people").await;
        assert!(again.body.contains(SAM) && !again.body.contains(&token), "the link is shown twice");
        let page = app.get(&format!("/admin/invitation?token={token}")).await;
        assert!(page.status == 200 && page.body.contains(SAM) && page.body.contains("Support"), "{}", page.body);
        for (password, why) in [("short", "10 characters"), (SAM, "other than")] {
            let refused = accept(app, &token, password).await;
            assert_eq!(refused.status, 422);
            assert!(refused.json()["error"]["message"].as_str().unwrap().contains(why), "{}", refused.body);
        }
        let accepted = accept(app, &token, PASSWORD).await;
        assert_eq!((accepted.status, accepted.location()), (303, "/admin"), "{}", accepted.body);
        let sam = accepted.cookie("rolitt_admin").unwrap();
        assert_eq!(app.get_as(&sam, "/admin/preorders").await.status, 200);
        assert_eq!(app.get_as(&sam, "/admin/people").await.status, 403);
        assert_eq!(log_in(app, SAM, PASSWORD).await.status, 303);
        assert_eq!(accept(app, &token, PASSWORD).await.status, 422, "a link opens twice");
        assert_eq!(app.get(&format!("/admin/invitation?token={token}")).await.status, 404);
        let kept = format!("SELECT COUNT(*) FROM admin_invitations WHERE token_hash LIKE '%{token}%'");
        let told = format!("SELECT COUNT(*) FROM audit_log WHERE detail LIKE '%{token}%' OR detail LIKE '%{PASSWORD}%'");
        assert_eq!((app.count(&kept).await, app.count(&told).await), (0, 0));
        assert_eq!((logged(app, "admin_invited", SAM).await, logged(app, "invitation_accepted", SAM).await), (1, 1));
    }

    async fn a_link_that_was_withdrawn_replaced_or_is_three_days_old_does_not_open(app: TestApp) {
        let owner = app.sign_in_as(Role::Owner).await;
        let first = invite(app, &owner, SAM, "viewer").await;
        let second = invite(app, &owner, SAM, "support").await;
        assert_eq!(accept(app, &first, PASSWORD).await.status, 422, "a replaced link opens");
        let id = app.scalar("SELECT MAX(id) FROM admin_invitations").await.unwrap();
        let withdrawn = app.post_as(&owner, "/api/admin/withdraw_invitation", &[("id", &id)]).await;
        assert_eq!(withdrawn.status, 303, "{}", withdrawn.body);
        assert_eq!(accept(app, &second, PASSWORD).await.status, 422, "a withdrawn link opens");
        let third = invite(app, &owner, SAM, "support").await;
        app.advance(Duration::from_hours(72));
        assert_eq!(accept(app, &third, PASSWORD).await.status, 422, "an old link opens");
        assert_eq!(app.count("SELECT COUNT(*) FROM admins").await, 1);
        let owner = app.sign_in_as(Role::Owner).await;
        let known = app.post_as(&owner, "/api/admin/invite", &[("email", ADMIN.0), ("role", "viewer")]).await;
        assert_eq!((known.status, known.json()["error"]["code"].as_str().unwrap().to_owned()), (422, "person_known".into()));
    }

    async fn whoever_is_disabled_is_out_at_once_and_stays_out_until_enabled(app: TestApp) {
        let owner = app.sign_in_as(Role::Owner).await;
        let support = app.sign_in_as(Role::Support).await;
        let id = id_of(app, "support@example.com").await;
        assert_eq!(app.get_as(&support, "/admin/preorders").await.status, 200);
        let disabled = app.post_as(&owner, "/api/admin/disable_admin", &[("id", &id)]).await;
        assert_eq!(disabled.status, 303, "{}", disabled.body);
        assert_eq!(app.get_as(&support, "/admin/preorders").await.status, 303, "a disabled admin looks on");
        assert_eq!(app.post_as(&support, "/api/admin/begin_totp", &[]).await.status, 401);
        let wrong = log_in(app, "support@example.com", ADMIN.1).await;
        assert_eq!((wrong.status, wrong.json()["error"]["code"].as_str().unwrap().to_owned()), (401, "wrong_password".into()));
        assert!(app.get_as(&owner, "/admin/people").await.body.contains("Disabled"));
        assert_eq!(app.post_as(&owner, "/api/admin/enable_admin", &[("id", &id)]).await.status, 303);
        assert_eq!(log_in(app, "support@example.com", ADMIN.1).await.status, 303);
        for action in ["admin_disabled", "admin_enabled"] {
            assert_eq!(logged(app, action, "support@example.com").await, 1, "{action}");
        }
    }

    async fn a_role_that_is_changed_counts_with_the_next_click(app: TestApp) {
        let owner = app.sign_in_as(Role::Owner).await;
        let support = app.sign_in_as(Role::Support).await;
        let id = id_of(app, "support@example.com").await;
        let promote = [("id", id.as_str()), ("role", "owner")];
        assert_eq!(app.post_as(&owner, "/api/admin/change_role", &promote).await.status, 303);
        assert_eq!(app.get_as(&support, "/admin/people").await.status, 200);
        let wrong = app.post_as(&owner, "/api/admin/change_role", &[("id", &id), ("role", "emperor")]).await;
        assert_eq!((wrong.status, wrong.json()["error"]["field"].as_str().unwrap().to_owned()), (422, "role".into()));
        assert_eq!(logged(app, "role_changed", "support@example.com").await, 1);
        let ended = app.post_as(&owner, "/api/admin/end_sessions_of", &[("id", &id)]).await;
        assert_eq!(ended.status, 303, "{}", ended.body);
        assert_eq!(app.get_as(&support, "/admin").await.status, 303);
    }

    async fn nobody_disables_or_demotes_themselves(app: TestApp) {
        let owner = app.sign_in_as(Role::Owner).await;
        let me = id_of(app, ADMIN.0).await;
        for (function, role) in [("disable_admin", ""), ("change_role", "viewer"), ("turn_off_codes", ""), ("end_sessions_of", "")] {
            let form = [("id", me.as_str()), ("role", role)];
            let refused = app.post_as(&owner, &format!("/api/admin/{function}"), &form).await;
            assert_eq!((refused.status, refused.json()["error"]["code"].as_str().unwrap().to_owned()), (422, "yourself".into()), "{function}");
        }
        assert_eq!(app.get_as(&owner, "/admin/people").await.status, 200);
    }

    async fn of_two_owners_who_put_each_other_out_at_once_one_is_left(app: TestApp) {
        for round in 0..5 {
            let (a, b) = (format!("a{round}@example.com"), format!("b{round}@example.com"));
            let mut cookies = Vec::new();
            for email in [&a, &b] {
                let parsed = crate::domain::contact::Email::parse(email).unwrap();
                crate::workflows::admins::put_admin(&app.ctx, &parsed, PASSWORD, Role::Owner).await.unwrap();
                cookies.push(log_in(app, email, PASSWORD).await.cookie("rolitt_admin").unwrap());
            }
            let (id_a, id_b) = (id_of(app, &a).await, id_of(app, &b).await);
            let function = if round % 2 == 0 { "disable_admin" } else { "change_role" };
            let path = format!("/api/admin/{function}");
            let (form_a, form_b) = ([("id", id_b.as_str()), ("role", "viewer")], [("id", id_a.as_str()), ("role", "viewer")]);
            let (one, other) = tokio::join!(app.post_as(&cookies[0], &path, &form_a), app.post_as(&cookies[1], &path, &form_b));
            let mut statuses = [one.status, other.status];
            statuses.sort_unstable();
            assert!(matches!(statuses, [303, 401 | 403]), "{statuses:?}: {} {}", one.body, other.body);
            let left = format!("SELECT COUNT(*) FROM admins WHERE email IN ('{a}', '{b}') AND role = 'owner' AND disabled_at IS NULL");
            assert_eq!(app.count(&left).await, 1);
        }
    }

    async fn limits_of_refunds_are_typed_in_the_currencys_own_digits(app: TestApp) {
        let owner = app.sign_in_as(Role::Owner).await;
        let page = app.get_as(&owner, "/admin/people").await.body;
        for shown in ["value=\"100.00\"", "value=\"700.00\"", "value=\"15000\""] {
            assert!(page.contains(shown), "{shown}");
        }
        let form = [("limits[usd]", "250.5"), ("limits[eur]", "100.00"), ("limits[jpy]", "20,000")];
        let set = app.post_as(&owner, "/api/admin/set_refund_limits", &form).await;
        assert_eq!(set.status, 303, "{}", set.body);
        let value = async |name: &str| app.scalar(&format!("SELECT value FROM settings WHERE name = 'refund_limit.{name}'")).await.unwrap();
        assert_eq!((value("usd").await.as_str(), value("jpy").await.as_str(), value("cny").await.as_str()), ("25050", "20000", "70000"));
        assert_eq!(app.count("SELECT COUNT(*) FROM audit_log WHERE action = 'settings_changed'").await, 2);
        for (name, amount) in [("limits[jpy]", "20.50"), ("limits[usd]", "49,50"), ("limits[eur]", "-1")] {
            let refused = app.post_as(&owner, "/api/admin/set_refund_limits", &[(name, amount)]).await;
            assert_eq!((refused.status, refused.json()["error"]["field"].as_str().unwrap().to_owned()), (422, name.to_owned()));
        }
        let mut tx = app.ctx.db.begin().await.unwrap();
        let limit = crate::store::settings::refund_limit(&mut tx, crate::domain::money::Currency::Usd).await.unwrap();
        assert_eq!(limit, 25_050);
        tx.rollback().await.unwrap();
    }

    async fn the_log_tells_who_did_what_and_is_filtered_by_its_address(app: TestApp) {
        let owner = app.sign_in_as(Role::Owner).await;
        invite(app, &owner, SAM, "viewer").await;
        log_in(app, "buyer@example.com", "nonsense").await;
        let viewer = app.sign_in_as(Role::Viewer).await;
        let log = async |query: &str| app.get_as(&viewer, &format!("/admin/audit{query}")).await.body;
        let all = log("").await;
        for told in ["invited somebody", SAM, "signed in", "failed to sign in", "127.0.0.1"] {
            assert!(all.contains(told), "{told}");
        }
        assert!(all.contains("b•••@example.com") && !all.contains("buyer@example.com"), "an address from the door is shown to a viewer");
        assert!(app.get_as(&owner, "/admin/audit").await.body.contains("buyer@example.com"));
        let acts = |page: &str| page.matches("data-testid=\"act\"").count();
        let invited = log("?action=admin_invited").await;
        assert!(acts(&invited) == 1 && invited.contains(SAM));
        assert_eq!(acts(&log("?person=OWNER%40example.com&action=logged_in").await), 1);
        assert_eq!(acts(&log(&format!("?about={SAM}")).await), 1);
        assert_eq!((acts(&log("?to=2020-01-01").await), acts(&log("?from=2999-01-01").await)), (0, 0));
        assert!(log("?person=nobody%00").await.contains("No act matches"));
    }

    async fn acts_on_a_preorder_are_found_by_its_number(app: TestApp) {
        let saved = app.post("/api/initiate_preorder", &[("email", "ana@example.com"), ("color", "sakura-pink")]).await.json();
        let (id, number) = (saved["preorder_id"].as_str().unwrap(), saved["preorder_number"].as_str().unwrap());
        app.settle_down().await;
        let support = app.sign_in_as(Role::Support).await;
        let actor = crate::domain::access::Actor { id: None, name: "support@example.com".into(), role: Role::Support, request_id: None, address: None };
        let delivery = crate::workflows::deliveries::resendable(crate::domain::delivery::DeliveryKind::KlaviyoPreorderStarted, &id.parse().unwrap()).unwrap();
        let mut tx = app.ctx.db.begin().await.unwrap();
        assert!(crate::workflows::deliveries::resend(&app.ctx, &mut tx, &actor, &delivery).await.unwrap());
        tx.commit().await.unwrap();
        for about in [number.to_lowercase().replace("rol-", ""), id.to_owned()] {
            let page = app.get_as(&support, &format!("/admin/audit?about={about}")).await.body;
            assert!(page.matches("data-testid=\"act\"").count() == 1 && page.contains(number) && page.contains(&format!("/admin/preorders/{id}")), "{about}");
        }
        let of_it = crate::store::audit::of_preorder(&app.ctx.db, &id.parse().unwrap(), 10).await.unwrap();
        assert_eq!(of_it.len(), 1);
        assert_eq!(of_it[0].preorder_number.as_deref(), Some(number));
    }

    async fn the_log_is_paged_from_line_to_line_and_misses_none(app: TestApp) {
        let owner = app.sign_in_as(Role::Owner).await;
        for n in 0..120 {
            app.ctx.db.execute(&format!(
                "INSERT INTO audit_log (id, at, actor, action, subject, detail) SELECT 'aud_x{n:03}', MIN(at), 'x@example.com', 'exported', 'n{n:03}', '{{}}' FROM audit_log"
            )).await;
        }
        let (mut path, mut seen) = ("/admin/audit?person=x%40example.com".to_owned(), Vec::new());
        loop {
            let page = app.get_as(&owner, &path).await.body;
            seen.extend((0..120).rev().map(|n| format!("n{n:03}")).filter(|n| page.contains(&format!(">{n}<"))));
            let Some((before, _)) = page.split_once("\" rel=\"next\"") else { break };
            path = before.rsplit_once("href=\"").unwrap().1.replace("&amp;", "&");
        }
        assert_eq!(seen, (0..120).rev().map(|n| format!("n{n:03}")).collect::<Vec<_>>());
    }

    async fn the_log_is_only_ever_added_to(app: TestApp) {
        app.sign_in_as(Role::Owner).await;
        let before = app.count("SELECT COUNT(*) FROM audit_log").await;
        assert!(before > 0);
        for sql in ["UPDATE audit_log SET actor = 'nobody'", "DELETE FROM audit_log"] {
            let mut tx: Tx = app.ctx.db.begin().await.unwrap();
            let refused = on_tx!(&mut tx, c => sqlx::raw_sql(sql).execute(c).await.map(|_| ())).unwrap_err();
            assert!(refused.to_string().contains("only ever added to"), "{sql}: {refused}");
            tx.rollback().await.unwrap();
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM audit_log WHERE actor <> 'nobody'").await, before);
    }
}
