//! Bodies of the two functions that sell, over real HTTP: whatever is posted, the answer is one of those that there are,
//! tells nothing of our insides, gives back nothing that a browser would run, and leaves rows that the domain would read.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseError;

use super::{holds, runtime};
use crate::domain::catalog::ColorId;
use crate::domain::contact::{Email, PersonName, Phone};
use crate::domain::ids::{PreorderId, PreorderNumber};
use crate::domain::locale::Locale;
use crate::domain::money::{Currency, Money};
use crate::tests::app::TestApp;
use crate::tests::database::Kind;
use crate::tests::http_client::Answer;

const FIELDS: &[&str] =
    &["email", "color", "name", "phone", "locale", "currency", "marketing_consent", "idempotency_key", "preorder_id"];
/// What a browser would run if it came back as it is.
const SCRIPT: &str = "\"'><script>stolen()</script>";

#[derive(Debug, Clone)]
struct Post {
    function: &'static str,
    content_type: &'static str,
    /// As a page without script posts it.
    from_a_page: bool,
    body: Vec<u8>,
}

fn good(field: &str) -> BoxedStrategy<String> {
    match field {
        "email" => "[a-z]{1,8}(@example\\.com|@例子\\.中国)".boxed(),
        "color" => {
            select(vec!["sakura-pink", "sakura-pink", "cherry-red", " sakura-pink "]).prop_map(str::to_owned).boxed()
        }
        "name" => "[A-Za-z李伟 ]{0,20}".boxed(),
        "phone" => select(vec!["+4915123456789", "0049 151 23456789", ""]).prop_map(str::to_owned).boxed(),
        "locale" => select(vec!["en", "zh", "zh-CN", "de-DE", ""]).prop_map(str::to_owned).boxed(),
        "currency" => select(vec!["usd", "EUR", "cny", ""]).prop_map(str::to_owned).boxed(),
        "marketing_consent" => select(vec!["on", "true", "false", "1", ""]).prop_map(str::to_owned).boxed(),
        "preorder_id" => select(vec!["", "pre_nobody", "pre_", "x"]).prop_map(str::to_owned).boxed(),
        _ => "[a-z0-9]{1,3}".boxed(),
    }
}

fn odd() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        Just(SCRIPT.to_owned()),
        Just(format!("{SCRIPT}@example.com")),
        Just("a\0b\r\nSet-Cookie: x=1".to_owned()),
        Just("\u{202e}\u{feff}\u{1f4b8}\u{301}".to_owned()),
        Just("' OR 1=1; DROP TABLE preorders; --".to_owned()),
        (1..80_000_usize).prop_map(|length| "x".repeat(length)),
        (200..260_usize).prop_map(|length| format!("{}@example.com", "a".repeat(length))),
        Just("9".repeat(400)),
    ]
}

fn encoded(fields: &[(String, String)]) -> Vec<u8> {
    serde_urlencoded::to_string(fields).unwrap().into_bytes()
}

fn fields() -> impl Strategy<Value = Vec<(String, String)>> {
    let valid: Vec<_> =
        FIELDS.iter().map(|field| good(field).prop_map(move |value| ((*field).to_owned(), value))).collect();
    // Some are left out, some are odd, some come twice, some are nobody's.
    let change = (any::<usize>(), odd(), 0..6_u8);
    (valid, any::<u16>(), proptest::collection::vec(change, 0..3)).prop_map(|(all, kept, changes)| {
        let needed = |at: usize| at < 2 && kept % 5 != 0;
        let with_id = |at: usize| at != 8 || kept % 7 == 0;
        let mut fields: Vec<(String, String)> = all
            .into_iter()
            .enumerate()
            .filter(|(at, _)| with_id(*at) && (needed(*at) || (kept >> at) & 1 == 1))
            .map(|(_, field)| field)
            .collect();
        for (at, odd, how) in changes {
            let length = fields.len().max(1);
            match (how, fields.get_mut(at % length)) {
                (0, Some(field)) => field.0 = odd,
                (1, Some(field)) => {
                    let again = (field.0.clone(), odd);
                    fields.push(again);
                }
                (2, _) => fields.push((odd, String::new())),
                (_, Some(field)) => field.1 = odd,
                (_, None) => fields.push(("email".to_owned(), odd)),
            }
        }
        fields
    })
}

fn post() -> impl Strategy<Value = Post> {
    let json = fields().prop_map(|fields| {
        let object: serde_json::Map<_, _> = fields.into_iter().map(|(name, value)| (name, value.into())).collect();
        serde_json::Value::Object(object).to_string().into_bytes()
    });
    let body = prop_oneof![
        8 => fields().prop_map(|fields| encoded(&fields)),
        1 => json,
        1 => any::<Vec<u8>>(),
        1 => "[a-z%&=+;\\[\\]0-9]{0,200}".prop_map(String::into_bytes),
        // A good form, cut or with a byte that is another.
        2 => (fields(), any::<usize>(), any::<u8>()).prop_map(|(fields, at, byte)| {
            let mut body = encoded(&fields);
            let at = at % body.len().max(1);
            match body.get_mut(at) {
                Some(found) if byte > 60 => *found = byte,
                _ => body.truncate(at),
            }
            body
        }),
    ];
    let form = "application/x-www-form-urlencoded";
    let content_type = select(vec![
        form,
        form,
        form,
        form,
        "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
        "",
        ";",
    ]);
    let function = select(vec!["/api/initiate_preorder", "/api/handle_checkout"]);
    (function, content_type, any::<bool>(), body).prop_map(|(function, content_type, from_a_page, body)| Post {
        function,
        content_type,
        from_a_page,
        body,
    })
}

async fn is_answered_well(app: &TestApp, post: &Post) -> Result<(), TestCaseError> {
    let mut request = app.http.post(format!("{}{}", app.base, post.function)).body(post.body.clone());
    if !post.content_type.is_empty() {
        request = request.header("content-type", post.content_type);
    }
    if post.from_a_page {
        request = request.header("accept", "text/html,*/*;q=0.8").header("referer", format!("{}/", app.base));
    }
    let answer = Answer::of(request.send().await.map_err(|error| TestCaseError::fail(format!("{error:?}")))?).await;
    // 404: a preorder of that id is not known.
    prop_assert!([200, 303, 400, 404, 413, 415, 422].contains(&answer.status), "{} {}", answer.status, answer.body);
    for inside in ["panicked", "src/", "SELECT ", "INSERT ", "sqlx", "RUST_BACKTRACE", "whsec_", "sk_test"] {
        prop_assert!(!answer.body.contains(inside), "{}", answer.body);
    }
    let is_html = answer.header("content-type").starts_with("text/html");
    prop_assert!(!is_html || !answer.body.contains("<script>stolen"), "{}", answer.body);
    prop_assert!(answer.headers.get("x-content-type-options").is_some(), "nobody is to guess what this is");
    match answer.status {
        303 if post.from_a_page && answer.location().starts_with('/') => came_back(app, &answer).await,
        200 | 303 => Ok(()),
        _ => {
            let error = &answer.json()["error"];
            for key in ["code", "message"] {
                prop_assert!(error[key].as_str().is_some_and(|text| !text.is_empty()), "{}", answer.body);
            }
            prop_assert!(error["field"].is_null() || FIELDS.contains(&error["field"].as_str().unwrap_or_default()));
            prop_assert!(error["request_id"].is_string(), "{}", answer.body);
            Ok(())
        }
    }
}

/// The page that a form without script comes back to: with the message, and what was typed as text and nothing else.
async fn came_back(app: &TestApp, answer: &Answer) -> Result<(), TestCaseError> {
    prop_assert!(!answer.location().contains("stolen"), "what was typed stands in an address");
    let Some(cookie) = answer.cookie("rolitt_form") else { return Ok(()) };
    let page = app.get_as(&cookie, answer.location()).await;
    prop_assert_eq!(page.status, 200);
    prop_assert!(!page.body.contains("<script>stolen"), "what was typed would run");
    Ok(())
}

/// Every row is what the domain itself would have made.
async fn rows_are_right(app: &TestApp) {
    let ids = app.ctx.db.texts("SELECT id FROM preorders").await;
    let catalog = app.ctx.shop().await.unwrap().catalog;
    for id in &ids {
        let id: PreorderId = id.parse().unwrap();
        let row = crate::store::preorders::find(&app.ctx.db, &id).await.unwrap().unwrap();
        assert_eq!(Email::parse(&row.email).map(|email| email.as_str().to_owned()), Ok(row.email.clone()));
        if let Some(name) = &row.name {
            assert_eq!(PersonName::parse(name).map(|name| name.as_str().to_owned()), Ok(name.clone()));
        }
        if let Some(phone) = &row.phone {
            assert_eq!(Phone::parse(phone).map(|phone| phone.as_str().to_owned()), Ok(phone.clone()));
        }
        let color = ColorId::parse(&row.color).unwrap();
        assert_eq!(catalog.quote(&color, row.currency).ok(), Some(Money::new(row.amount_minor, row.currency)));
        assert!(Currency::ALL.contains(&row.currency) && Locale::ALL.contains(&row.locale) && row.paid_at.is_none());
        let number = PreorderNumber::parse(&row.preorder_number).map(|number| number.as_str().to_owned());
        assert_eq!(number, Some(row.preorder_number));
        let owed = format!(
            "SELECT COUNT(*) FROM outbox WHERE preorder_id = '{id}' AND kind IN ('create_firebase_user', 'klaviyo_preorder_started')"
        );
        assert_eq!(app.count(&owed).await, 2, "{id} was saved without its deliveries");
    }
    assert!(!ids.is_empty(), "no form was good: nothing was tried");
}

fn whatever_is_posted(kind: Kind, quick: u32) {
    let runtime = runtime();
    let app = runtime.block_on(TestApp::start(kind));
    holds("forms", quick, false, &post(), |post| {
        let told = runtime.block_on(is_answered_well(&app, &post));
        told.map_err(|error| {
            let start: String = String::from_utf8_lossy(&post.body).chars().take(2000).collect();
            TestCaseError::fail(format!("{error}\n{} {:?} {start:?}", post.function, post.content_type))
        })
    });
    runtime.block_on(async {
        rows_are_right(&app).await;
        app.finish().await;
    });
}

#[test]
fn whatever_is_posted_is_answered_and_what_is_saved_is_right_on_sqlite() {
    whatever_is_posted(Kind::Sqlite, 200);
}

#[test]
fn whatever_is_posted_is_answered_and_what_is_saved_is_right_on_postgres() {
    whatever_is_posted(Kind::Postgres, 80);
}
