//! Klaviyo, Identity Toolkit and Twilio.

use serde_json::{Value, json};

use super::Rig;

fn klaviyo_event(metric: &str, unique_id: &str) -> Value {
    json!({ "data": { "type": "event", "attributes": {
        "properties": { "preorder_id": "pre_1" }, "unique_id": unique_id,
        "metric": { "data": { "type": "metric", "attributes": { "name": metric } } },
        "profile": { "data": { "type": "profile", "attributes": { "email": "ada@example.com" } } },
    } } })
}

async fn send_event(rig: &Rig, body: &Value) -> reqwest::Response {
    let request = rig.http.post(format!("{}/api/events", rig.base));
    request
        .header("Authorization", "Klaviyo-API-Key pk_x")
        .header("revision", "2026-07-15")
        .json(body)
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn klaviyo_accepts_an_event_and_marks_its_repeat() {
    let rig = Rig::new().await;
    for (metric, unique) in
        [("Preorder Started", "pre_1"), ("Preorder Started", "pre_1"), ("Preorder Success", "pre_1")]
    {
        let answer = send_event(&rig, &klaviyo_event(metric, unique)).await;
        assert_eq!(answer.status(), 202);
        assert_eq!(answer.text().await.unwrap(), "");
    }
    let inbox = rig.inbox().await;
    let seen: Vec<_> = inbox["klaviyo"].as_array().unwrap().iter().map(|entry| entry["duplicate"] == true).collect();
    assert_eq!(seen, [false, true, false]);
    assert_eq!(inbox["klaviyo"][0]["metric"], "Preorder Success");
    assert_eq!(inbox["klaviyo"][0]["payload"]["data"]["attributes"]["properties"]["preorder_id"], "pre_1");
    assert!(inbox["klaviyo"][0]["received_at"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn klaviyo_refuses_what_lacks_a_key_a_revision_or_a_profile() {
    let rig = Rig::new().await;
    let url = format!("{}/api/events", rig.base);
    let body = klaviyo_event("Preorder Started", "x");
    assert_eq!(rig.http.post(&url).header("revision", "2026-07-15").json(&body).send().await.unwrap().status(), 401);
    assert_eq!(
        rig.http.post(&url).header("Authorization", "Klaviyo-API-Key pk").json(&body).send().await.unwrap().status(),
        400
    );
    let mut nobody = body.clone();
    nobody["data"]["attributes"]["profile"] = json!({ "data": { "type": "profile", "attributes": {} } });
    let answer = send_event(&rig, &nobody).await;
    assert_eq!(answer.status(), 400);
    let said: Value = answer.json().await.unwrap();
    assert_eq!(said["errors"][0]["source"]["pointer"], "/data/attributes/profile");
}

#[tokio::test]
async fn identity_toolkit_makes_an_account_once_and_finds_it() {
    let rig = Rig::new().await;
    let call = |path: &str, body: Value| {
        let request = rig.http.post(format!("{}{path}", rig.base)).bearer_auth("owner").json(&body);
        async move {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
        }
    };
    let accounts = "/identitytoolkit.googleapis.com/v1/projects/demo/accounts";
    let (status, made) =
        call(accounts, json!({ "localId": "u1", "email": "Ada@Example.com", "displayName": "Ada" })).await;
    assert_eq!((status, &made["localId"]), (200, &json!("u1")));
    let (status, twice) = call("/v1/projects/demo/accounts", json!({ "localId": "u1", "email": "b@x.test" })).await;
    assert_eq!((status, &twice["error"]["message"]), (400, &json!("DUPLICATE_LOCAL_ID")));
    let (_, taken) = call(accounts, json!({ "localId": "u2", "email": "ada@example.com" })).await;
    assert_eq!(taken["error"]["message"], "EMAIL_EXISTS");
    let (_, found) = call("/v1/projects/demo/accounts:lookup", json!({ "email": ["ada@example.com"] })).await;
    assert_eq!(found["users"][0]["localId"], "u1");
    let (_, nobody) = call(&format!("{accounts}:lookup"), json!({ "localId": ["u9"] })).await;
    assert!(nobody.get("users").is_none());
    let without = rig.http.post(format!("{}{accounts}", rig.base)).json(&json!({})).send().await.unwrap();
    assert_eq!(without.status(), 401);
    let inbox = rig.inbox().await;
    assert_eq!(inbox["firebase"].as_array().unwrap().len(), 6);
    assert_eq!((&inbox["firebase"][0]["status"], &inbox["firebase"][5]["localId"]), (&json!(401), &json!("u1")));
}

#[tokio::test]
async fn twilio_takes_a_message_and_refuses_a_bad_number_or_key() {
    let rig = Rig::new().await;
    let url = format!("{}/2010-04-01/Accounts/AC1/Messages.json", rig.base);
    let send = |to: &'static str, user: &'static str| {
        let form = [("To", to), ("From", "+15005550006"), ("Body", "Your preorder is in.")];
        let request = rig.http.post(&url).basic_auth(user, Some("token")).form(&form);
        async move {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
        }
    };
    let (status, message) = send("+4915112345678", "AC1").await;
    assert_eq!((status, message["sid"].as_str().unwrap().len()), (201, 34));
    assert_eq!(send("0151", "AC1").await.1["code"], 21211);
    let (status, refused) = send("+4915112345678", "AC2").await;
    assert_eq!((status, &refused["code"]), (401, &json!(20003)));
    let inbox = rig.inbox().await;
    assert_eq!(inbox["sms"][1]["body"], "Your preorder is in.");
    assert_eq!(inbox["sms"][0]["error"]["code"], 21211);
}

#[tokio::test]
async fn faults_of_one_service_leave_the_others_well() {
    let rig = Rig::new().await;
    rig.faults(json!({ "klaviyo": { "error_rate": 1, "error_status": 429, "retry_after": 3 } })).await;
    let answer = send_event(&rig, &klaviyo_event("Preorder Started", "x")).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (429, "3"));
    assert_eq!(rig.stripe("GET", "/v1/account", &[]).await.0, 200);
}
