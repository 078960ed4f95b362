//! The admin's door and first room.

use super::app::{ADMIN, TestApp};
use super::http_client::Answer;
use super::on_both;

async fn sign_in(app: &TestApp) -> String {
    let answer = app.post("/api/admin/login", &[("email", ADMIN.0), ("password", ADMIN.1)]).await;
    assert_eq!((answer.status, answer.location()), (303, "/admin"), "{}", answer.body);
    answer.cookie("rolitt_admin").unwrap()
}

async fn as_admin(app: &TestApp, cookie: &str, path: &str) -> Answer {
    Answer::of(app.http.get(format!("{}{path}", app.base)).header("cookie", cookie).send().await.unwrap()).await
}

on_both! {
    async fn nobody_is_sent_to_the_login_and_back(app: TestApp) {
        let away = app.get("/admin/preorders?q=ana").await;
        assert_eq!((away.status, away.location()), (303, "/admin/login?next=%2Fadmin%2Fpreorders%3Fq%3Dana"));
        assert_eq!(app.get("/admin/login").await.status, 200);
        assert_eq!(app.post("/api/admin/anything", &[]).await.status, 401);
        let forged = as_admin(app, "rolitt_admin=forged", "/admin/preorders").await;
        assert_eq!(forged.status, 303);
    }

    async fn a_wrong_password_and_an_unknown_address_are_told_apart_by_nobody(app: TestApp) {
        let wrong = app.post("/api/admin/login", &[("email", ADMIN.0), ("password", "wrong")]).await;
        let unknown = app.post("/api/admin/login", &[("email", "eve@example.com"), ("password", "wrong")]).await;
        assert_eq!((wrong.status, unknown.status), (401, 401));
        assert_eq!(wrong.json()["error"]["message"], unknown.json()["error"]["message"]);
        assert!(wrong.cookie("rolitt_admin").is_none());
    }

    async fn the_cookie_is_out_of_reach_new_at_every_login_and_dead_after_logout(app: TestApp) {
        let answer = app.post("/api/admin/login", &[("email", ADMIN.0), ("password", ADMIN.1)]).await;
        let set = answer.header("set-cookie");
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Path=/"), "{set}");
        let first = answer.cookie("rolitt_admin").unwrap();
        let again = app.http.post(format!("{}/api/admin/login", app.base)).header("cookie", &first);
        let again = Answer::of(again.form(&[("email", ADMIN.0), ("password", ADMIN.1)]).send().await.unwrap()).await;
        let second = again.cookie("rolitt_admin").unwrap();
        assert_ne!(first, second);
        assert_eq!(as_admin(app, &first, "/admin/preorders").await.status, 303, "the old session still opens");
        assert_eq!(as_admin(app, &second, "/admin/preorders").await.status, 200);
        let out = app.http.post(format!("{}/api/admin/logout", app.base)).header("cookie", &second).send().await.unwrap();
        assert_eq!(out.status(), 303);
        assert_eq!(as_admin(app, &second, "/admin/preorders").await.status, 303);
    }

    async fn an_admin_finds_a_preorder_and_reads_its_whole_story(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        let other = app.post("/api/initiate_preorder", &[("email", "li.wei@example.cn"), ("color", "healing-green")]).await.json();
        let number = app.scalar(&format!("SELECT preorder_number FROM preorders WHERE id = '{id}'")).await.unwrap();
        let cookie = sign_in(app).await;
        let list = as_admin(app, &cookie, "/admin/preorders").await;
        assert!(list.body.contains(&number) && list.body.contains(other["preorder_number"].as_str().unwrap()));
        for q in [number.to_lowercase().replace("rol-", ""), "ana%40exa".to_owned()] {
            let found = as_admin(app, &cookie, &format!("/admin/preorders?q={q}")).await;
            assert!(found.body.contains(&number), "{q}");
            assert!(!found.body.contains("li.wei"), "{q}");
        }
        let detail = as_admin(app, &cookie, &format!("/admin/preorders/{id}")).await;
        for told in [
            "Preorder started", "Checkout session made", "Firebase user", "Preorder Started", "Preorder Success",
            "checkout.session.completed", "payment_intent.succeeded", "Paid", "$499.00", "ana@example.com",
        ] {
            assert!(detail.body.contains(told), "{told} is not told");
        }
        let order = ["Preorder started", "Checkout session made", "Visa ···· 4242"].map(|told| detail.body.find(told));
        assert!(order.is_sorted() && order[0].is_some(), "the story is told out of order: {order:?}");
        assert_eq!(detail.header("cache-control"), "no-store");
        assert_eq!(as_admin(app, &cookie, "/admin/preorders/pre_nobody").await.status, 404);
    }

    async fn what_a_buyer_typed_is_shown_as_text_and_never_as_markup(app: TestApp) {
        let form = [("email", "ana@example.com"), ("color", "sakura-pink"), ("name", "<script>alert(1)</script>")];
        let saved = app.post("/api/initiate_preorder", &form).await.json();
        let cookie = sign_in(app).await;
        let detail = as_admin(app, &cookie, &format!("/admin/preorders/{}", saved["preorder_id"].as_str().unwrap())).await;
        assert!(detail.body.contains("&lt;script&gt;alert(1)"), "the name is not shown");
        assert!(!detail.body.contains("<script>alert(1)"));
    }

    async fn every_answer_bears_the_security_headers(app: TestApp) {
        for path in ["/", "/admin/login", "/nowhere", "/order"] {
            let answer = app.get(path).await;
            let policy = answer.header("content-security-policy");
            assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe-inline"), "{path}: {policy}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert!(answer.header("x-request-id").starts_with("req_"), "{path}");
        }
        assert_eq!(app.get("/nowhere").await.status, 404);
        assert_eq!(app.get("/healthz").await.status, 200);
        assert_eq!(app.get("/readyz").await.status, 200);
    }
}
