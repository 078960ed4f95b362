//! Stripe's manners: keys, parameters, errors, idempotency, lists.

use serde_json::json;

use super::{ORDER, Rig, json_of, order_with, text_of};

#[tokio::test]
async fn a_call_without_a_secret_key_is_unauthorised() {
    let rig = Rig::new().await;
    let url = format!("{}/v1/account", rig.base);
    let without = rig.http.get(&url).send().await.unwrap();
    assert_eq!(without.status(), 401);
    assert!(without.headers().contains_key("request-id"));
    assert_eq!(rig.http.get(&url).bearer_auth("pk_test_x").send().await.unwrap().status(), 401);
    assert_eq!(rig.http.get(&url).bearer_auth("rk_test_x").send().await.unwrap().status(), 200);
    assert_eq!(rig.http.get(&url).basic_auth("sk_test_x", Some("")).send().await.unwrap().status(), 200);
    assert_eq!(rig.stripe("GET", "/v1/nowhere", &[]).await.0, 404);
    assert_eq!(rig.stripe("GET", "/v1/balance", &[]).await.1["object"], "balance");
}

#[tokio::test]
async fn parameters_stripe_would_refuse_are_refused_by_name() {
    type Case = (&'static [(&'static str, &'static str)], &'static str, &'static str);
    let rig = Rig::new().await;
    let cases: &[Case] = &[
        (&[("colour", "pink")], "parameter_unknown", "colour"),
        (&[("line_items[0][name]", "x")], "parameter_unknown", "line_items[0][name]"),
        (&[("success_url", "")], "parameter_missing", "success_url"),
        (&[("success_url", "shop")], "url_invalid", "success_url"),
        (&[("mode", "")], "parameter_missing", "mode"),
        (&[("customer_email", "ada@")], "email_invalid", "customer_email"),
        (&[("line_items[0][quantity]", "one")], "parameter_invalid_integer", "line_items[0][quantity]"),
        (
            &[("line_items[0][price_data][product_data][name]", "")],
            "parameter_missing",
            "line_items[0][price_data][product_data][name]",
        ),
        (&[("customer", "cus_x"), ("customer_email", "")], "resource_missing", "customer"),
    ];
    for (changes, code, param) in cases {
        let (status, answer) = rig.stripe("POST", "/v1/checkout/sessions", &order_with(changes)).await;
        assert_eq!(
            (status, &answer["error"]["code"], &answer["error"]["param"]),
            (400, &json!(code), &json!(param)),
            "{answer}"
        );
        assert!(text_of(&answer["error"], "request_log_url").contains("req_"));
    }
    let (_, small) = rig
        .stripe("POST", "/v1/checkout/sessions", &order_with(&[("line_items[0][price_data][unit_amount]", "10")]))
        .await;
    assert_eq!(small["error"]["code"], "amount_too_small");
    let (_, odd) = rig
        .stripe("POST", "/v1/checkout/sessions", &order_with(&[("line_items[0][price_data][currency]", "xyz")]))
        .await;
    assert_eq!(odd["error"]["param"], "line_items[0][price_data][currency]");
    let (_, soon) = rig.stripe("POST", "/v1/checkout/sessions", &order_with(&[("expires_at", "100")])).await;
    assert_eq!(soon["error"]["param"], "expires_at");
}

#[tokio::test]
async fn lists_may_be_written_with_empty_brackets() {
    let rig = Rig::new().await;
    let changes = [("payment_method_types[]", "card"), ("expand[]", "line_items")];
    let (status, session) = rig.stripe("POST", "/v1/checkout/sessions", &order_with(&changes)).await;
    assert_eq!(status, 200, "{session}");
    assert_eq!(session["payment_method_types"], json!(["card"]));
    assert_eq!(session["line_items"]["data"][0]["amount_total"], 49_900);
}

#[tokio::test]
async fn the_same_key_and_parameters_replay_the_first_answer() {
    let rig = Rig::new().await;
    let send =
        || async { rig.stripe_request("POST", "/v1/checkout/sessions", &ORDER, Some("k1")).send().await.unwrap() };
    let first = send().await;
    assert!(first.headers().get("idempotent-replayed").is_none());
    let first = first.text().await.unwrap();
    let second = send().await;
    assert_eq!(second.headers()["idempotent-replayed"], "true");
    assert_eq!(first, second.text().await.unwrap());
    let (_, list) = rig.stripe("GET", "/v1/checkout/sessions", &[]).await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let rig = Rig::new().await;
    let path = "/v1/checkout/sessions";
    let (_, first) = rig.stripe_with_key("POST", path, &ORDER, Some("k1")).await;
    rig.sandbox.advance(std::time::Duration::from_hours(23));
    assert_eq!(rig.stripe_with_key("POST", path, &ORDER, Some("k1")).await.1["id"], first["id"]);
    rig.sandbox.advance(std::time::Duration::from_hours(2));
    let (status, second) = rig.stripe_with_key("POST", path, &ORDER, Some("k1")).await;
    assert_eq!(status, 200);
    assert_ne!(second["id"], first["id"]);
    assert_eq!(rig.stripe_with_key("POST", path, &ORDER, Some("k1")).await.1["id"], second["id"]);
}

#[tokio::test]
async fn the_same_key_with_other_parameters_is_an_idempotency_error() {
    let rig = Rig::new().await;
    let path = "/v1/checkout/sessions";
    rig.stripe_with_key("POST", path, &ORDER, Some("k1")).await;
    let other = order_with(&[("customer_email", "bob@example.com")]);
    let (status, answer) = rig.stripe_with_key("POST", path, &other, Some("k1")).await;
    assert_eq!((status, &answer["error"]["type"]), (400, &json!("idempotency_error")));
}

#[tokio::test]
async fn refused_parameters_leave_the_key_free() {
    let rig = Rig::new().await;
    let path = "/v1/checkout/sessions";
    let (status, _) = rig.stripe_with_key("POST", path, &order_with(&[("mode", "")]), Some("k1")).await;
    assert_eq!(status, 400);
    assert_eq!(rig.stripe_with_key("POST", path, &ORDER, Some("k1")).await.0, 200);
}

#[tokio::test]
async fn a_key_that_is_in_use_is_a_conflict_and_the_first_request_still_counts() {
    let rig = Rig::new().await;
    rig.faults(json!({ "stripe": { "hold": true } })).await;
    let path = "/v1/checkout/sessions";
    let ask = || tokio::spawn(rig.stripe_request("POST", path, &ORDER, Some("k1")).send());
    let first = ask();
    rig.wait_until("the first is under way", async || rig.stripe_was_asked().await == 1).await;
    // The first caller gives up; the act goes on without it.
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let second = ask();
    rig.wait_until("the second has come", async || rig.stripe_was_asked().await == 2).await;
    rig.faults(json!({ "stripe": { "hold": false } })).await;
    let refused = second.await.unwrap().unwrap();
    assert_eq!(refused.status(), 409);
    assert_eq!(json_of(&refused.text().await.unwrap())["error"]["code"], "idempotency_key_in_use");
    rig.wait_until("both are over", async || rig.inbox().await["stripe_requests"].as_array().unwrap().len() == 2).await;
    let replay = rig.stripe_request("POST", path, &ORDER, Some("k1")).send().await.unwrap();
    assert_eq!(replay.headers()["idempotent-replayed"], "true");
}

#[tokio::test]
async fn lists_page_by_cursor_newest_first() {
    let rig = Rig::new().await;
    for email in ["a@x.test", "b@x.test", "c@x.test"] {
        rig.stripe("POST", "/v1/customers", &[("email", email)]).await;
    }
    let (_, first) = rig.stripe("GET", "/v1/customers", &[("limit", "2")]).await;
    assert_eq!((&first["data"][0]["email"], &first["has_more"]), (&json!("c@x.test"), &json!(true)));
    let cursor = text_of(&first["data"][1], "id");
    let (_, second) = rig.stripe("GET", "/v1/customers", &[("limit", "2"), ("starting_after", cursor)]).await;
    assert_eq!((&second["data"][0]["email"], &second["has_more"]), (&json!("a@x.test"), &json!(false)));
    let (_, back) = rig.stripe("GET", "/v1/customers", &[("ending_before", cursor)]).await;
    assert_eq!(back["data"][0]["email"], "c@x.test");
    let (_, none) = rig.stripe("GET", "/v1/customers", &[("created[gt]", "99999999999")]).await;
    assert_eq!(none["data"], json!([]));
    assert_eq!(rig.stripe("GET", "/v1/customers", &[("limit", "0")]).await.0, 400);
}
