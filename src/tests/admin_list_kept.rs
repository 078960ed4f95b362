//! What is kept of the list of preorders: the file is the list, its addresses are masked where they have to be, and views
//! belong to whoever saved them.

use super::admin_list::whole_list;
use super::on_both;
use super::preorder_seeds::{Seed, many, plant};
use crate::domain::access::Role;

on_both! {
    async fn the_export_is_the_list_and_no_cell_is_a_formula(app: TestApp) {
        let mut seeds = many();
        seeds[9].name = Some("=cmd|' /C calc'!A0");
        seeds[9].phone = Some("+4917600000000");
        plant(app, &seeds).await;
        let cookie = app.sign_in_as(Role::Support).await;
        for query in ["", "payment=paid,refunded&sort=paid&dir=asc", "q=example&currency=jpy,eur&sort=amount", "q=nobody%40x"] {
            let (list, _) = whole_list(app, &cookie, query).await;
            let file = app.get_as(&cookie, &format!("/admin/preorders.csv?{query}&zone=Asia/Tokyo")).await;
            assert_eq!(file.status, 200, "{}", file.body);
            let text = file.body.strip_prefix('\u{feff}').expect("a byte order mark");
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let records: Vec<_> = reader.records().map(Result::unwrap).collect();
            let ids: Vec<_> = records.iter().map(|record| record[24].to_owned()).collect();
            assert_eq!(ids, list, "{query}");
            for cell in records.iter().flat_map(csv::StringRecord::iter) {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell} is a formula");
            }
        }
        let file = app.get_as(&cookie, "/admin/preorders.csv?q=buyer9%40&zone=Asia/Tokyo").await;
        let line = file.body.lines().nth(1).unwrap();
        assert!(line.contains("'=cmd|' /C calc'!A0") && line.contains(",'+4917600000000,"), "{line}");
        assert!(line.contains(",459.00,EUR,") || line.contains(",499.00,USD,"), "{line}");
        assert!(line.contains("2026-11-20T10:00:00+09:00"), "{line}");
        assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
        let disposition = file.header("content-disposition");
        assert!(disposition.starts_with("attachment; filename=\"rolitt-preorders-20"), "{disposition}");
        assert_eq!(file.header("cache-control"), "no-store");
        assert_eq!(app.get_as(&cookie, "/admin/preorders.csv?zone=Mars/Olympus").await.status, 422);
        let logged = app.scalar("SELECT MAX(detail) FROM audit_log WHERE action = 'exported' AND actor = 'support@example.com'").await;
        assert!(logged.unwrap().contains("q="), "the filter is in the log");
        let addresses = app.count("SELECT COUNT(*) FROM audit_log WHERE action = 'exported' AND detail LIKE '%buyer9@%'").await;
        assert_eq!(addresses, 0, "the log keeps no buyer's address");
        let away = app.get("/admin/preorders.csv").await;
        assert!(away.status == 303 && away.location().starts_with("/admin/login"), "nobody gets a file");
    }

    async fn a_viewer_reads_no_address_on_the_page_or_in_the_file(app: TestApp) {
        let seed = Seed { name: Some("Jürgen Kühn"), phone: Some("+4915123456789"), ..Seed::new(1, "secret.buyer@example.com") };
        plant(app, &[seed]).await;
        let cookie = app.sign_in_as(Role::Viewer).await;
        for path in ["/admin/preorders?columns=email,name,phone", "/admin/preorders.csv"] {
            let answer = app.get_as(&cookie, path).await;
            assert!(answer.body.contains("s•••@example.com"), "{path}");
            for hidden in ["secret.buyer", "Kühn", "15123456789"] {
                assert!(!answer.body.contains(hidden), "{path} tells {hidden}");
            }
        }
        let page = app.get_as(&cookie, "/admin/preorders").await;
        assert!(!page.body.contains("/api/admin/bulk"), "a viewer is offered acts");
        let support = app.sign_in_as(Role::Support).await;
        let page = app.get_as(&support, "/admin/preorders?select=page").await;
        assert!(page.body.contains("/api/admin/bulk") && page.body.contains("secret.buyer@example.com"));
        let bx = page.body.split("name=\"ids[]\"").nth(1).unwrap().split('>').next().unwrap();
        assert!(bx.contains("checked"), "the page's rows are not chosen: {bx}");
    }

    async fn a_view_belongs_to_who_saved_it_and_its_name_to_the_last_list(app: TestApp) {
        let support = app.sign_in_as(Role::Support).await;
        let viewer = app.sign_in_as(Role::Viewer).await;
        let save = async |cookie: &str, name: &str, query: &str| {
            app.post_as(cookie, "/api/admin/save_view", &[("name", name), ("query", query)]).await
        };
        let saved = save(&support, " Refunds  of Japan ", "currency=jpy&payment=refunded&after=1.pre_1&x=<b>").await;
        assert_eq!((saved.status, saved.location()), (303, "/admin/preorders?payment=refunded&currency=jpy"), "{}", saved.body);
        let has = async |cookie: &str, text: &str| app.get_as(cookie, "/admin/preorders").await.body.contains(text);
        assert!(has(&support, "Refunds of Japan").await);
        assert!(!has(&viewer, "Refunds of Japan").await, "a colleague sees it");
        save(&support, "Refunds of Japan", "currency=eur").await;
        assert!(has(&support, "href=\"/admin/preorders?currency=eur\"").await, "the name keeps the old list");
        assert_eq!(app.count("SELECT COUNT(*) FROM saved_views").await, 1);
        let id = app.scalar("SELECT id FROM saved_views").await.unwrap();
        let stolen = app.post_as(&viewer, "/api/admin/delete_view", &[("id", &id)]).await;
        assert_eq!((stolen.status, app.count("SELECT COUNT(*) FROM saved_views").await), (422, 1));
        let current = app.get_as(&support, "/admin/preorders?currency=eur").await;
        assert!(current.body.contains("/api/admin/delete_view"), "one's own view can't be deleted");
        let deleted = app.post_as(&support, "/api/admin/delete_view", &[("id", &id)]).await;
        assert_eq!((deleted.status, app.count("SELECT COUNT(*) FROM saved_views").await), (303, 0));
        for name in ["", "   ", &"x".repeat(41)] {
            assert_eq!(save(&support, name, "").await.status, 422, "{name:?}");
        }
        for n in 0..30 {
            assert_eq!(save(&support, &format!("View {n}"), "").await.status, 303);
        }
        assert_eq!(save(&support, "One more", "").await.status, 422);
        let acts = app.count("SELECT COUNT(*) FROM audit_log WHERE action IN ('view_saved', 'view_deleted')").await;
        assert_eq!(acts, 33);
    }
}
