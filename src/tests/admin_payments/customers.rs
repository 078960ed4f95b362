//! The room Customers.

use super::{all_pages, href, paid, refund, save_refund};
use crate::domain::access::Role;
use crate::domain::refund::RefundState;
use crate::tests::on_both;

on_both! {
    async fn customers_are_found_by_the_beginning_of_their_address_and_none_is_lost(app: TestApp) {
        app.cook_the_books();
        for n in 0..54 {
            let form = [("email", format!("c{n:02}@example.com")), ("color", "sakura-pink".to_owned())];
            let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            assert_eq!(app.post("/api/initiate_preorder", &form).await.status, 200);
        }
        let (id, number) = paid(app, "c07@example.com").await;
        let (_, second) = paid(app, "c07@example.com").await;
        save_refund(app, &refund(app, &id, RefundState::Succeeded, 1_000)).await;
        app.settle_down().await;
        let cookie = app.sign_in_as(Role::Support).await;
        let pages = all_pages(app, &cookie, "/admin/customers").await;
        let whole = pages.concat();
        assert_eq!(pages.len(), 2);
        let places: Vec<_> = (0..54).map(|n| whole.find(&format!(">c{n:02}@example.com<"))).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "an address is lost or out of order");
        let found = app.get_as(&cookie, "/admin/customers?q=C07%40").await.body;
        assert!(found.contains(">c07@example.com<") && !found.contains(">c08@example.com<") && found.contains("$998.00"));
        assert!(app.get_as(&cookie, "/admin/customers?q=%25").await.body.contains("No address begins so."));
        let one = app.get_as(&cookie, "/admin/customers?email=c07%40example.com").await.body;
        for told in [&number, &second, "$998.00", "$10.00", "English"] {
            assert!(one.contains(told), "{told} is not told");
        }
        assert_eq!(app.get_as(&cookie, "/admin/customers?email=nobody%40example.com").await.status, 404);
    }

    async fn a_viewer_sees_no_address_and_comes_to_the_customer_all_the_same(app: TestApp) {
        let (_, number) = paid(app, "ana@example.com").await;
        let cookie = app.sign_in_as(Role::Viewer).await;
        let list = app.get_as(&cookie, "/admin/customers?q=an").await.body;
        assert!(list.contains("a•••@example.com"));
        assert!(!list.contains("ana@example.com") && !list.contains("ana%40"), "the address is in the page");
        let link = href(&list, "a•••@example.com").unwrap();
        let one = app.get_as(&cookie, &link).await;
        assert_eq!(one.status, 200, "{link}");
        assert!(one.body.contains(&number) && one.body.contains("a•••@example.com") && !one.body.contains("ana@"));
        let support = app.sign_in_as(Role::Support).await;
        let list = app.get_as(&support, "/admin/customers").await.body;
        assert!(href(&list, "ana@example.com").unwrap().contains("email=ana%40example.com"));
    }
}
