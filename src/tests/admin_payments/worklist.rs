//! What is on the worklist, why, and until when.

use std::time::Duration;

use super::{DAY, HOUR, change, dispute, number, paid, refund, save_dispute, save_refund, try_to_pay};
use crate::domain::access::Role;
use crate::domain::ids::{DisputeId, PreorderId};
use crate::domain::money::{Currency, Money};
use crate::domain::payment::{AttemptState, PaymentFact};
use crate::domain::refund::{DisputeState, RefundState};
use crate::store::disputes::Dispute;
use crate::store::refunds::Refund;
use crate::store::waiting;
use crate::tests::app::TestApp;
use crate::tests::on_both;
use crate::workflows::settle_payment::settle;

/// Reasons that the worklist gives for a preorder.
async fn reasons(app: &TestApp, cookie: &str, number: &str) -> Vec<String> {
    let page = app.get_as(cookie, "/admin/payments?view=worklist").await;
    assert_eq!(page.status, 200);
    let groups = page.body.split("id=\"why-").skip(1).filter(|group| group.contains(number));
    groups.map(|group| group.split('"').next().unwrap().to_owned()).collect()
}

/// Nothing before, the reason after, and nothing again once it is repaired.
macro_rules! comes_and_goes {
    ($app:ident, $cookie:ident, $number:expr, $reason:literal, $break:expr, $repair:expr) => {{
        let counted = async || waiting::count(&$app.ctx.db, $app.ctx.clock.now()).await.unwrap().payments;
        assert_eq!(reasons($app, &$cookie, $number).await, Vec::<String>::new(), "before {}", $reason);
        let before = counted().await;
        $break;
        assert_eq!(reasons($app, &$cookie, $number).await, [$reason], "{}", stringify!($break));
        assert_eq!(counted().await, before + 1, "{} is not counted", $reason);
        $repair;
        assert_eq!(reasons($app, &$cookie, $number).await, Vec::<String>::new(), "{}", stringify!($repair));
        assert_eq!(counted().await, before, "{} is still counted", $reason);
    }};
}

on_both! {
    async fn money_without_an_order_is_on_the_worklist_until_it_is_repaired(app: TestApp) {
        let cookie = app.sign_in_as(Role::Support).await;
        let (id, number) = paid(app, "ana@example.com").await;
        comes_and_goes!(app, cookie, &number, "paid_not_completed",
            change(app, &id, "status = 'processing'").await,
            change(app, &id, "status = 'completed'").await);
        // The time of payment, put aside.
        app.ctx.db.execute(&format!("INSERT INTO settings SELECT 'kept', id, paid_at FROM preorders WHERE id = '{id}'")).await;
        comes_and_goes!(app, cookie, &number, "paid_not_completed",
            change(app, &id, "status = 'processing', payment_status = 'unpaid', paid_at = NULL").await,
            change(app, &id, "status = 'completed', payment_status = 'paid', \
                paid_at = (SELECT updated_at FROM settings WHERE name = 'kept')").await);
        // Without a payment that we know of.
        let (_, open) = app.checkout("li@example.cn").await;
        let (open, open_number) = (open.parse().unwrap(), self::number(app, &open).await);
        comes_and_goes!(app, cookie, &open_number, "paid_not_completed",
            change(app, &open, "paid_at = created_at").await,
            change(app, &open, "paid_at = NULL").await);
        comes_and_goes!(app, cookie, &number, "cancelled_but_paid",
            change(app, &id, "status = 'cancelled'").await,
            change(app, &id, "payment_status = 'refunded'").await);
        change(app, &id, "status = 'completed', payment_status = 'paid'").await;
        comes_and_goes!(app, cookie, &number, "cancelled_but_paid",
            change(app, &id, "cancelled_at = updated_at").await,
            change(app, &id, "payment_status = 'refunded'").await);
    }

    async fn what_was_paid_too_much_is_on_the_worklist_until_it_is_given_back(app: TestApp) {
        app.cook_the_books();
        let cookie = app.sign_in_as(Role::Viewer).await;
        let (id, number) = paid(app, "ana@example.com").await;
        let fact = PaymentFact {
            preorder_id: Some(id.to_string()),
            attempt_id: None,
            session_id: Some("cs_second".to_owned()),
            payment_intent_id: Some("pi_second".to_owned()),
            outcome: AttemptState::Paid,
            received: Some(Money::new(49_900, Currency::Usd)),
            decline: None,
            card: None,
            shipping_address: None,
            shipping_country: None,
            occurred_at: app.ctx.clock.now(),
        };
        comes_and_goes!(app, cookie, &number, "overpaid",
            settle(&app.ctx, &fact.into()).await.unwrap(),
            save_refund(app, &refund(app, &id, RefundState::Pending, 49_900)).await);
        let (id, number) = paid(app, "li@example.cn").await;
        let attempt = format!("UPDATE checkout_attempts SET received_minor = 50900 WHERE preorder_id = '{id}'");
        comes_and_goes!(app, cookie, &number, "overpaid",
            app.ctx.db.execute(&attempt).await,
            save_refund(app, &refund(app, &id, RefundState::Succeeded, 1000)).await);
        let (id, number) = paid(app, "joe@example.org").await;
        let attempt = format!("UPDATE checkout_attempts SET received_currency = 'eur' WHERE preorder_id = '{id}'");
        let back = Refund { currency: Currency::Eur, ..refund(app, &id, RefundState::Succeeded, 49_900) };
        comes_and_goes!(app, cookie, &number, "overpaid",
            app.ctx.db.execute(&attempt).await,
            save_refund(app, &back).await);
    }

    async fn what_was_paid_too_little_is_on_the_worklist_until_it_is_whole_given_back_or_shipped(app: TestApp) {
        app.cook_the_books();
        let cookie = app.sign_in_as(Role::Viewer).await;
        let (id, number) = paid(app, "ana@example.com").await;
        let short = format!("UPDATE checkout_attempts SET received_minor = 100 WHERE preorder_id = '{id}'");
        comes_and_goes!(app, cookie, &number, "underpaid",
            app.ctx.db.execute(&short).await,
            {
                try_to_pay(app, &id, 2, AttemptState::Paid, None, app.ctx.clock.now()).await;
                app.ctx.db.execute(&format!("UPDATE checkout_attempts SET received_minor = 49800, \
                    received_currency = 'usd' WHERE preorder_id = '{id}' AND number = 2")).await;
            });
        let (id, number) = paid(app, "li@example.cn").await;
        let short = format!("UPDATE checkout_attempts SET received_minor = 100 WHERE preorder_id = '{id}'");
        comes_and_goes!(app, cookie, &number, "underpaid",
            app.ctx.db.execute(&short).await,
            change(app, &id, "payment_status = 'refunded'").await);
        change(app, &id, "payment_status = 'paid', fulfilment_status = 'fulfilled'").await;
        assert_eq!(reasons(app, &cookie, &number).await, Vec::<String>::new());
    }

    async fn what_takes_too_long_is_on_the_worklist_and_not_before(app: TestApp) {
        app.cook_the_books();
        let (_, slow) = app.checkout("ana@example.com").await;
        let (_, stuck) = app.checkout("li@example.cn").await;
        let (asked, asked_number) = paid(app, "joe@example.org").await;
        let (slow_number, stuck_number) = (number(app, &slow).await, number(app, &stuck).await);
        app.ctx.db.execute(&format!("UPDATE checkout_attempts SET state = 'creating' WHERE preorder_id = '{stuck}'")).await;
        app.ctx.db.execute(&format!("UPDATE checkout_attempts SET state = 'pending' WHERE preorder_id = '{slow}'")).await;
        let slow: PreorderId = slow.parse().unwrap();
        change(app, &slow, "payment_status = 'pending'").await;
        let mut requested = refund(app, &asked, RefundState::Requested, 49_900);
        save_refund(app, &requested).await;
        app.settle_down().await;
        let cookie = app.sign_in_as(Role::Owner).await;
        let late = async |number: &str| reasons(app, &cookie, number).await;
        app.ctx.clock.advance(9 * HOUR / 60);
        assert!(late(&stuck_number).await.is_empty());
        app.ctx.clock.advance(2 * HOUR / 60);
        assert_eq!(late(&stuck_number).await, ["checkout_unknown"]);
        assert!(late(&asked_number).await.is_empty());
        app.ctx.clock.advance(HOUR);
        assert_eq!(late(&asked_number).await, ["refund_unknown"]);
        requested.state = RefundState::Succeeded;
        save_refund(app, &requested).await;
        assert!(late(&asked_number).await.is_empty());
        app.ctx.db.execute(&format!("UPDATE checkout_attempts SET state = 'expired' WHERE preorder_id = '{stuck}'")).await;
        assert!(late(&stuck_number).await.is_empty());
        app.ctx.clock.advance(13 * DAY);
        let cookie = app.sign_in_as(Role::Owner).await;
        assert!(reasons(app, &cookie, &slow_number).await.is_empty());
        app.ctx.clock.advance(DAY);
        let cookie = app.sign_in_as(Role::Owner).await;
        assert_eq!(reasons(app, &cookie, &slow_number).await, ["pending_too_long"]);
        app.ctx.db.execute(&format!("UPDATE checkout_attempts SET state = 'failed' WHERE preorder_id = '{slow}'")).await;
        change(app, &slow, "payment_status = 'failed'").await;
        assert!(reasons(app, &cookie, &slow_number).await.is_empty());
    }

    async fn a_refund_that_failed_waits_until_as_much_was_given_back(app: TestApp) {
        app.cook_the_books();
        let cookie = app.sign_in_as(Role::Support).await;
        let (id, number) = paid(app, "ana@example.com").await;
        comes_and_goes!(app, cookie, &number, "refund_failed",
            save_refund(app, &refund(app, &id, RefundState::Failed, 10_000)).await,
            {
                app.ctx.clock.advance(Duration::from_secs(1));
                save_refund(app, &refund(app, &id, RefundState::Pending, 4_000)).await;
                assert_eq!(reasons(app, &cookie, &number).await, ["refund_failed"], "a part is not all");
                save_refund(app, &refund(app, &id, RefundState::Succeeded, 6_000)).await;
            });
        let page = app.get_as(&cookie, "/admin/payments?view=refunds&state=failed").await.body;
        assert!(page.contains(&number) && page.contains("Lost or stolen card") && page.contains("made at Stripe"));
        assert!(page.contains("$100.00") && !page.contains("$60.00"));
    }

    async fn disputes_stand_by_their_due_date_and_are_red_when_it_is_near(app: TestApp) {
        app.cook_the_books();
        let cookie = app.sign_in_as(Role::Support).await;
        let now = app.ctx.clock.now();
        let (far, far_number) = paid(app, "ana@example.com").await;
        let (near, near_number) = paid(app, "li@example.cn").await;
        let (asked, asked_number) = paid(app, "joe@example.org").await;
        let mut in_days = dispute(app, &far, DisputeState::NeedsResponse, Some(now + 9 * DAY + HOUR));
        comes_and_goes!(app, cookie, &asked_number, "inquiry",
            save_dispute(app, &Dispute { id: DisputeId::from_unique("inquiry"),
                ..dispute(app, &asked, DisputeState::WarningNeedsResponse, None) }).await,
            save_dispute(app, &Dispute { id: DisputeId::from_unique("inquiry"),
                ..dispute(app, &asked, DisputeState::WarningUnderReview, None) }).await);
        comes_and_goes!(app, cookie, &far_number, "dispute_due",
            save_dispute(app, &in_days).await,
            { in_days.state = DisputeState::UnderReview; save_dispute(app, &in_days).await; });
        in_days = dispute(app, &far, DisputeState::NeedsResponse, Some(now + 9 * DAY + HOUR));
        save_dispute(app, &in_days).await;
        save_dispute(app, &dispute(app, &near, DisputeState::NeedsResponse, Some(now + DAY + HOUR))).await;
        for view in ["worklist", "disputes"] {
            let page = app.get_as(&cookie, &format!("/admin/payments?view={view}")).await.body;
            let places = [&near_number, &far_number].map(|number| page.find(number.as_str()).unwrap());
            assert!(places.is_sorted(), "{view}: the soonest is not first");
            let due = |words: &str| page.split("<time").find(|time| time.contains(words)).unwrap().to_owned();
            assert!(due("due in 24 hours").contains("data-near=\"true\""), "{view}");
            assert!(due("due in 9 days").contains("data-near=\"false\""), "{view}");
            // The sandbox stands in: Stripe's dashboard knows nothing of these.
            assert!(!page.contains("dashboard.stripe.com"), "{view}");
        }
        let closed = app.get_as(&cookie, "/admin/payments?view=disputes&state=closed").await.body;
        assert!(closed.contains("No dispute matches."));
        let review = app.get_as(&cookie, "/admin/payments?view=disputes&state=under_review").await.body;
        assert!(review.contains(&asked_number) && review.contains(&far_number) && !review.contains(&near_number));
    }

    async fn the_room_opens_with_the_worklist_when_something_is_on_it(app: TestApp) {
        let cookie = app.sign_in_as(Role::Support).await;
        let empty = app.get_as(&cookie, "/admin/payments").await.body;
        assert!(empty.contains("Nobody has tried to pay yet.") && !empty.contains("to look at"));
        let (id, number) = paid(app, "ana@example.com").await;
        assert!(app.get_as(&cookie, "/admin/payments").await.body.contains("Visa ···· 4242"));
        save_refund(app, &refund(app, &id, RefundState::Failed, 100)).await;
        let page = app.get_as(&cookie, "/admin/payments").await.body;
        assert!(page.contains("id=\"why-refund_failed\"") && page.contains(&number) && page.contains("to look at"));
    }
}
