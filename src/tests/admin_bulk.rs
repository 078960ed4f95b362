//! Many preorders at once: ticked in the list, or named in a file with tracking numbers.

use super::admin_preorder::paid;
use super::app::TestApp;
use super::http_client::Answer;
use super::on_both;
use crate::domain::access::Role;

async fn number(app: &TestApp, id: &str) -> String {
    app.scalar(&format!("SELECT preorder_number FROM preorders WHERE id = '{id}'")).await.unwrap()
}

async fn fulfilment(app: &TestApp, id: &str) -> String {
    let sql =
        format!("SELECT fulfilment_status || ' ' || COALESCE(tracking_number, '') FROM preorders WHERE id = '{id}'");
    app.scalar(&sql).await.unwrap()
}

/// A file, as a browser without script uploads it.
async fn upload(app: &TestApp, cookie: &str, file: &[u8]) -> Answer {
    let head = "--cut\r\nContent-Disposition: form-data; name=\"list\"\r\n\r\n\r\n--cut\r\nContent-Disposition: form-data; \
        name=\"file\"; filename=\"tracking.csv\"\r\nContent-Type: text/csv\r\n\r\n";
    let body = [head.as_bytes(), file, b"\r\n--cut--\r\n"].concat();
    let request = app.http.post(format!("{}/api/admin/preview_fulfilment", app.base)).header("cookie", cookie);
    let request = request.header("content-type", "multipart/form-data; boundary=cut").body(body);
    let request =
        request.header("accept", "text/html").header("referer", format!("{}/admin/preorders/fulfil", app.base));
    Answer::of(request.send().await.unwrap()).await
}

/// The line that the next page shows about what was done.
async fn said(app: &TestApp, cookie: &str, answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.body);
    let notice = answer.cookie("rolitt_notice").expect("nothing was said");
    let page = app.get_as(&format!("{cookie}; {notice}"), answer.location()).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let (_, rest) = page.body.split_once("role=\"status\"").unwrap_or_else(|| panic!("no line: {}", page.body));
    let (_, line) = rest.split("</p>").next().unwrap().split_once('>').unwrap();
    line.to_owned()
}

on_both! {
    async fn a_file_of_tracking_numbers_is_looked_at_and_then_done_once(app: TestApp) {
        let cookie = app.sign_in_as(Role::Support).await;
        let (a, b, held) = (paid(app, "a@example.com").await, paid(app, "b@example.com").await, paid(app, "c@example.com").await);
        let (_, unpaid) = app.checkout("d@example.com").await;
        app.post_as(&cookie, "/api/admin/move_fulfilment", &[("id", &held), ("act", "hold")]).await;
        let mut numbers = Vec::new();
        for id in [&a, &b, &held, &unpaid] {
            numbers.push(number(app, id).await);
        }
        let file = format!(
            "tracking,order\n1Z1,{}\n1z 2,{}\n1Z3,{}\n1Z4,{}\n1Z5,ROL-22222222\n1Z6,nonsense\n,{}\n1Z8,{}\n",
            numbers[0], numbers[1].to_lowercase(), numbers[2], numbers[3], numbers[0], numbers[1],
        );
        let preview = upload(app, &cookie, file.as_bytes()).await;
        assert_eq!(preview.status, 303, "{}", preview.body);
        let address = preview.location().to_owned();
        let page = app.get_as(&cookie, &address).await;
        for told in [
            "2 ready, 6 left out", "Mark 2 fulfilled", "Is on hold", "Is not paid", "No preorder has this number",
            "Is not a preorder number", "Is in the list twice: see line 2", "Is in the list twice: see line 3", "a@example.com",
        ] {
            assert!(page.body.contains(told), "{told}: {}", page.body);
        }
        assert_eq!(fulfilment(app, &a).await, "unfulfilled ", "looking did it");
        let list = address.split("list=").nth(1).unwrap().to_owned();
        let form = [("list", list.as_str())];
        let owner = app.sign_in_as(Role::Owner).await;
        assert_eq!(app.post_as(&owner, "/api/admin/fulfil_preorders", &form).await.status, 404, "somebody else's list");
        let (one, two) = tokio::join!(
            app.post_as(&cookie, "/api/admin/fulfil_preorders", &form),
            app.post_as(&cookie, "/api/admin/fulfil_preorders", &form),
        );
        assert_eq!((one.status, two.status), (303, 303), "{} {}", one.body, two.body);
        assert_eq!((fulfilment(app, &a).await, fulfilment(app, &b).await), ("fulfilled 1Z1".into(), "fulfilled 1Z2".into()));
        assert_eq!(fulfilment(app, &held).await, "on_hold ");
        assert_eq!(app.count("SELECT COUNT(*) FROM audit_log WHERE action = 'preorder_fulfilled'").await, 2);
        let again = app.post_as(&cookie, "/api/admin/fulfil_preorders", &form).await;
        assert_eq!(said(app, &cookie, &again).await, "Nothing was marked fulfilled.");
        let page = app.get_as(&cookie, &address).await;
        assert!(page.body.contains("Nothing: fulfilled with this number"), "{}", page.body);
        let other = upload(app, &cookie, format!("{};OTHER", numbers[0]).as_bytes()).await;
        let page = app.get_as(&cookie, other.location()).await;
        assert!(page.body.contains("Is fulfilled already, with another number: 1Z1"), "{}", page.body);
    }

    async fn a_list_that_can_not_be_read_is_refused_with_words(app: TestApp) {
        let cookie = app.sign_in_as(Role::Support).await;
        for (file, said) in [
            (b"".to_vec(), "Paste a list or choose a file"),
            (b"some,words\nand,more\n1,2\n".to_vec(), "No line begins with a preorder number"),
            ("ROL-22222222,1Z1\n".repeat(2001).into_bytes(), "more than 2,000 rows"),
            (vec![b'x'; 1024 * 1024], "too large"),
        ] {
            let answer = upload(app, &cookie, &file).await;
            assert_eq!((answer.status, answer.location()), (303, "/admin/preorders/fulfil"), "{}", answer.body);
            let left = answer.cookie("rolitt_form").unwrap();
            let page = app.get_as(&format!("{cookie}; {left}"), answer.location()).await;
            assert!(page.body.contains(said), "{said}: {}", page.body);
        }
        let big = "x=".to_owned() + &"y".repeat(70_000);
        let request = app.http.post(format!("{}/api/admin/write_note", app.base)).header("cookie", &cookie).body(big);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(request.send().await.unwrap().status(), 413, "other forms are as small as ever");
        let viewer = app.sign_in_as(Role::Viewer).await;
        let refused = app.post_as(&viewer, "/api/admin/preview_fulfilment", &[("list", "ROL-22222222,1Z1")]).await;
        assert_eq!(refused.status, 403);
    }

    async fn ticked_preorders_get_their_tracking_numbers_on_the_page(app: TestApp) {
        let cookie = app.sign_in_as(Role::Support).await;
        let (a, b, c) = (paid(app, "a@example.com").await, paid(app, "b@example.com").await, paid(app, "c@example.com").await);
        let ticked = [("ids[]", a.as_str()), ("ids[]", &b), ("ids[]", &c), ("act", "fulfil"), ("back", "/admin/preorders?q=x")];
        let look = app.post_as(&cookie, "/api/admin/bulk", &ticked).await;
        assert_eq!(look.status, 303, "{}", look.body);
        let page = app.get_as(&cookie, look.location()).await;
        assert_eq!(page.body.matches("name=\"trackings[]\"").count(), 3, "{}", page.body);
        assert!(page.body.contains("/admin/preorders?q=x"));
        let list = look.location().split("list=").nth(1).unwrap().to_owned();
        let (na, nb, nc) = (number(app, &a).await, number(app, &b).await, number(app, &c).await);
        let typed = [
            ("list", list.as_str()), ("numbers[]", &na), ("trackings[]", "1Z1"), ("numbers[]", &nb), ("trackings[]", ""),
            ("numbers[]", &nc), ("trackings[]", "<wrong>"),
        ];
        let done = app.post_as(&cookie, "/api/admin/fulfil_preorders", &typed).await;
        assert_eq!(said(app, &cookie, &done).await, "1 marked fulfilled.");
        assert_eq!((fulfilment(app, &a).await.as_str(), fulfilment(app, &b).await.as_str()), ("fulfilled 1Z1", "unfulfilled "));
        let page = app.get_as(&cookie, done.location()).await;
        assert!(page.body.contains("&lt;wrong&gt;") && page.body.contains("letters, digits and dashes"), "{}", page.body);
    }

    async fn many_are_cancelled_only_after_a_look_and_what_is_paid_is_named(app: TestApp) {
        let cookie = app.sign_in_as(Role::Support).await;
        let (_, a) = app.checkout("a@example.com").await;
        let (_, b) = app.checkout("b@example.com").await;
        let c = paid(app, "c@example.com").await;
        let ticked = [("ids[]", a.as_str()), ("ids[]", &b), ("ids[]", &c), ("act", "cancel")];
        let look = app.post_as(&cookie, "/api/admin/bulk", &ticked).await;
        let page = app.get_as(&cookie, look.location()).await;
        assert!(page.body.contains("Cancel 2 preorders") && page.body.contains("Is paid"), "{}", page.body);
        assert_eq!(app.badges(&a).await, "processing/unpaid", "looking did it");
        let list = look.location().split("list=").nth(1).unwrap().to_owned();
        let done = app.post_as(&cookie, "/api/admin/cancel_preorders", &[("list", &list)]).await;
        assert_eq!(said(app, &cookie, &done).await, format!("2 cancelled. 1 was not: {} is paid.", number(app, &c).await));
        app.settle_down().await;
        let badges = (app.badges(&a).await, app.badges(&b).await, app.badges(&c).await);
        assert_eq!(badges, ("cancelled/unpaid".into(), "cancelled/unpaid".into(), "completed/paid".into()));
    }

    async fn an_event_is_sent_again_for_those_who_have_it(app: TestApp) {
        let cookie = app.sign_in_as(Role::Support).await;
        let a = paid(app, "a@example.com").await;
        let (_, b) = app.checkout("b@example.com").await;
        app.settle_down().await;
        let ticked = [("ids[]", a.as_str()), ("ids[]", &b), ("act", "resend_klaviyo_preorder_success"), ("back", "/admin/preorders")];
        let answer = app.post_as(&cookie, "/api/admin/bulk", &ticked).await;
        let told = said(app, &cookie, &answer).await;
        assert!(told.starts_with("1 sent again. 1 was not: ") && told.contains(&number(app, &b).await), "{told}");
        app.settle_down().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM audit_log WHERE action = 'event_resent'").await, 1);
        for (ids, act, field) in [("", "fulfil", "ids"), (a.as_str(), "explode", "act"), (a.as_str(), "resend_send_sms", "act")] {
            let refused = app.post_as(&cookie, "/api/admin/bulk", &[("ids[]", ids), ("act", act)]).await;
            assert_eq!((refused.status, refused.json()["error"]["field"].as_str()), (422, Some(field)), "{act}");
        }
        let viewer = app.sign_in_as(Role::Viewer).await;
        assert_eq!(app.post_as(&viewer, "/api/admin/bulk", &ticked).await.status, 403);
    }
}
