//! Forms that are wrong, foreign, too many or too large; with script and without.

use super::app::TestApp;
use super::database::Kind;
use super::http_client::Answer;
use super::on_both;

on_both! {
    async fn every_wrong_field_is_422_at_its_field_and_saves_nothing(app: TestApp) {
        let good = [("email", "ana@example.com"), ("color", "sakura-pink")];
        let long = "x".repeat(300);
        for (field, value) in [
            ("email", ""), ("email", "ana"), ("email", &long), ("color", ""), ("color", "ultraviolet"),
            ("name", &long), ("phone", "call me"), ("locale", "<b>"), ("currency", "xau"),
            ("marketing_consent", "perhaps"), ("idempotency_key", &long),
        ] {
            let mut form: Vec<(&str, &str)> = good.iter().copied().filter(|(name, _)| *name != field).collect();
            form.push((field, value));
            for function in ["/api/initiate_preorder", "/api/handle_checkout"] {
                let answer = app.post(function, &form).await;
                let error = answer.json()["error"].clone();
                assert_eq!((answer.status, error["field"].as_str()), (422, Some(field)), "{field}={value}: {error}");
                assert!(error["message"].as_str().is_some_and(|m| !m.is_empty()), "{error}");
                assert!(error["request_id"].as_str().is_some_and(|id| id.starts_with("req_")), "{error}");
            }
        }
        let unknown = app.post("/api/handle_checkout", &[("preorder_id", "pre_nobody")]).await;
        assert_eq!(unknown.status, 404);
        let odd = app.post("/api/handle_checkout", &[("preorder_id", "' OR 1=1")]).await;
        assert_eq!((odd.status, odd.json()["error"]["field"].as_str()), (422, Some("preorder_id")));
        assert_eq!(app.count("SELECT COUNT(*) FROM preorders").await, 0);
    }

    async fn a_form_without_script_comes_back_with_what_was_typed(app: TestApp) {
        let form = [("email", "ana@@example"), ("color", "honey-khaki"), ("name", "Ana María"), ("locale", "en")];
        let sent = app.submit("/api/handle_checkout", "/", &form).await;
        assert_eq!((sent.status, sent.location()), (303, "/"));
        let cookie = sent.cookie("rolitt_form").unwrap();
        let page = app.http.get(format!("{}/", app.base)).header("cookie", &cookie).send().await.unwrap();
        let page = Answer::of(page).await;
        assert!(page.body.contains("ana@@example") && page.body.contains("Ana María"), "{}", page.body);
        assert!(page.body.contains("aria-invalid"), "{}", page.body);
        // Shown once, and never out of a cache to somebody else.
        assert!(page.headers.get_all("set-cookie").iter().any(|c| c.to_str().unwrap().contains("rolitt_form=;")));
        assert_eq!(page.header("cache-control"), "no-store");
        assert!(!app.get("/").await.body.contains("ana@@example"));
    }

    async fn the_front_page_is_sent_compressed_from_the_first_request_on(app: TestApp) {
        for _ in 0..2 {
            let answer = app.http.get(format!("{}/", app.base)).header("accept-encoding", "gzip, br").send().await.unwrap();
            assert_eq!(answer.status(), 200);
            assert_eq!(answer.headers()["content-encoding"], "br");
            assert!(answer.bytes().await.unwrap().len() < 10_000);
        }
        let page = app.get("/zh").await;
        assert!(page.body.contains("zh-Hans") && page.header("content-encoding").is_empty());
        let again = app.http.get(format!("{}/zh", app.base)).header("if-none-match", page.header("etag"));
        assert_eq!(again.send().await.unwrap().status(), 304);
    }

    async fn a_language_tag_leads_to_its_language_and_files_stay_files(app: TestApp) {
        let tag = app.get("/zh-Hans-CN").await;
        assert_eq!((tag.status, tag.location()), (308, "/zh"));
        assert_eq!(app.get("/fr").await.status, 404);
        let file = app.get("/wait.js").await;
        assert!(file.status == 404 || file.header("content-type").contains("javascript"), "{}", file.body);
    }

    async fn a_script_gets_the_target_instead_of_a_redirect(app: TestApp) {
        let request = app.http.post(format!("{}/api/handle_checkout", app.base)).header("x-rolitt-script", "1");
        let answer = Answer::of(request.form(&[("email", "ana@example.com"), ("color", "sakura-pink")]).send().await.unwrap()).await;
        assert_eq!(answer.status, 200);
        assert!(answer.json()["location"].as_str().unwrap().contains("/checkout/cs_"), "{}", answer.body);
    }

    async fn a_post_from_another_site_is_refused(app: TestApp) {
        for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("origin", "null")] {
            for path in ["/api/initiate_preorder", "/api/handle_checkout", "/api/admin/login"] {
                let request = app.http.post(format!("{}{path}", app.base)).header(name, value);
                let answer = Answer::of(request.form(&[("email", "ana@example.com"), ("color", "sakura-pink")]).send().await.unwrap()).await;
                assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (403, Some("cross_site")), "{name} {path}");
            }
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM preorders").await, 0);
    }

    async fn a_sold_out_colour_is_refused_by_name(app: TestApp) {
        app.ctx.db.execute("UPDATE colors SET sold_out = TRUE WHERE id = 'cherry-red'").await;
        app.advance(std::time::Duration::from_secs(10));
        let answer = app.post("/api/initiate_preorder", &[("email", "ana@example.com"), ("color", "cherry-red")]).await;
        assert_eq!(answer.json()["error"]["code"], "color_sold_out");
        // The page says so too, once it is rendered anew.
        let page = app.get("/?color=cherry-red").await;
        assert!(page.body.contains("disabled"), "{}", page.body);
    }

    async fn the_price_is_the_servers_in_every_currency(app: TestApp) {
        for (locale, currency, minor) in [("en", "", 49_900), ("zh-CN", "", 359_900), ("zh", "usd", 49_900), ("en", "JPY", 74_800), ("fr", "eur", 46_900)] {
            let email = format!("{locale}{currency}@example.com").to_lowercase();
            let form = [("email", email.as_str()), ("color", "sakura-pink"), ("locale", locale), ("currency", currency), ("amount", "1"), ("amount_minor", "1")];
            assert_eq!(app.post("/api/initiate_preorder", &form).await.status, 200);
            let stored = app.count(&format!("SELECT amount_minor FROM preorders WHERE email = '{email}'")).await;
            assert_eq!(stored, minor, "{locale} {currency}");
        }
    }

    async fn bodies_that_are_no_forms_are_refused_politely(app: TestApp) {
        let json = app.post_json("/api/initiate_preorder", &serde_json::json!({ "email": "ana@example.com" })).await;
        assert_eq!(json.status, 415);
        let large = "x".repeat(100_000);
        assert_eq!(app.post("/api/initiate_preorder", &[("email", &large)]).await.status, 413);
        let form = "application/x-www-form-urlencoded";
        for body in ["email[]=a&email[]=b", "email=%ff%fe&color=%", "&&&==", "email[a][b][c]=d"] {
            let request = app.http.post(format!("{}/api/initiate_preorder", app.base)).header("content-type", form);
            let answer = Answer::of(request.body(body).send().await.unwrap()).await;
            assert_eq!(answer.status, 422, "{body}: {}", answer.body);
        }
        for path in ["/preorder/success?session_id=%00", "/preorder/cancel?preorder_id=%00", "/preorder/success"] {
            assert_eq!(app.get(path).await.status, 404, "{path}");
        }
        for path in ["/api/order_state?session_id=%00", "/api/order_state"] {
            let answer = app.get(path).await;
            assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (404, Some("not_found")), "{path}");
        }
        let twice = app.get("/api/order_state?session_id=a&session_id=b").await;
        let error = twice.json()["error"].clone();
        assert_eq!((twice.status, error["field"].as_str()), (422, Some("session_id")), "{error}");
        assert!(error["request_id"].is_string(), "{error}");
        for path in ["/api/initiate_preorder", "/api/webhooks/stripe", "/api/admin/refund"] {
            let wrong = app.get(path).await;
            let error = wrong.json()["error"].clone();
            assert_eq!((wrong.status, error["code"].as_str()), (405, Some("method_not_allowed")), "{path}");
            assert_eq!(wrong.header("allow"), "POST", "{path}");
            assert!(error["request_id"].as_str().is_some_and(|id| id.starts_with("req_")), "{path}: {error}");
        }
        let posted = app.post("/api/order_state", &[]).await;
        assert_eq!((posted.status, posted.header("allow")), (405, "GET,HEAD"));
        assert_eq!(app.post("/api/no_such_function", &[]).await.status, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_calls_from_one_address_are_answered_429_with_a_time() {
    let app = TestApp::start_with(Kind::Sqlite, &[("RATE_LIMIT_PER_MINUTE", "3")]).await;
    let form = [("email", "ana@example.com"), ("color", "sakura-pink")];
    for _ in 0..3 {
        assert_eq!(app.post("/api/initiate_preorder", &form).await.status, 200);
    }
    let limited = app.post("/api/initiate_preorder", &form).await;
    assert_eq!(limited.status, 429);
    assert!(limited.header("retry-after").parse::<u64>().is_ok_and(|seconds| (1..=60).contains(&seconds)));
    // Pages are not limited, and a claim to be somebody else is not believed.
    assert_eq!(app.get("/").await.status, 200);
    let request =
        app.http.post(format!("{}/api/initiate_preorder", app.base)).header("x-forwarded-for", "198.51.100.7");
    assert_eq!(request.form(&form).send().await.unwrap().status(), 429);
    app.finish().await;
}
