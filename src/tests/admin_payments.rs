//! The rooms Payments and Customers: what is on the worklist and why, what the lists find, and who sees addresses.

use std::collections::BTreeSet;
use std::time::Duration;

use super::app::TestApp;
use super::on_both;
use crate::domain::access::Role;
use crate::domain::ids::{AttemptId, DisputeId, LedgerId, PreorderId, RefundId};
use crate::domain::money::{Currency, Money};
use crate::domain::payment::{AttemptState, PaymentFact};
use crate::domain::refund::{DisputeState, LedgerKind, RefundState};
use crate::domain::timestamp::Timestamp;
use crate::store::attempts::{self, Attempt};
use crate::store::disputes::{self, Dispute};
use crate::store::ledger::{self, Entry};
use crate::store::refunds::{self, Refund};
use crate::store::waiting;
use crate::workflows::settle_payment::{blank_attempt, settle};

const DAY: Duration = Duration::from_hours(24);
const HOUR: Duration = Duration::from_hours(1);

/// A paid preorder: its id and number.
async fn paid(app: &TestApp, email: &str) -> (PreorderId, String) {
    let (session, id) = app.checkout(email).await;
    app.pay_by_card(&session, "4242424242424242").await;
    app.wait_for_badges(&id, "completed/paid").await;
    // A late event would write over what a test changes.
    app.settle_down().await;
    (id.parse().unwrap(), number(app, &id).await)
}

async fn number(app: &TestApp, id: &str) -> String {
    app.scalar(&format!("SELECT preorder_number FROM preorders WHERE id = '{id}'")).await.unwrap()
}

async fn change(app: &TestApp, id: &PreorderId, to: &str) {
    app.cook_the_books();
    app.ctx.db.execute(&format!("UPDATE preorders SET {to} WHERE id = '{id}'")).await;
}

/// Another try of the preorder's.
async fn try_to_pay(
    app: &TestApp,
    id: &PreorderId,
    which: i64,
    state: AttemptState,
    code: Option<&str>,
    at: Timestamp,
) {
    app.cook_the_books();
    let attempt = Attempt {
        id: AttemptId::from_unique(&app.ctx.unique()),
        preorder_id: id.clone(),
        number: which,
        provider: "stripe".to_owned(),
        idempotency_key: format!("{id}-{which}"),
        state,
        amount_minor: 49_900,
        decline_code: code.map(str::to_owned),
        ..blank_attempt(at)
    };
    let mut tx = app.ctx.db.begin().await.unwrap();
    attempts::insert(&mut tx, &Attempt { state: AttemptState::Creating, ..attempt.clone() }).await.unwrap();
    if state != AttemptState::Creating {
        attempts::save(&mut tx, &attempt, at).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fn refund(app: &TestApp, id: &PreorderId, state: RefundState, minor: i64) -> Refund {
    let (unique, now) = (app.ctx.unique(), app.ctx.clock.now());
    Refund {
        id: RefundId::from_unique(&unique),
        preorder_id: id.clone(),
        attempt_id: None,
        provider: "stripe".to_owned(),
        idempotency_key: unique.clone(),
        provider_refund_id: Some(format!("re_{unique}")),
        payment_intent_id: None,
        amount_minor: minor,
        currency: Currency::Usd,
        reason: Some("requested_by_customer".to_owned()),
        state,
        failure_reason: (state == RefundState::Failed).then(|| "lost_or_stolen_card".to_owned()),
        requested_by: None,
        created_at: now,
        updated_at: now,
    }
}

async fn save_refund(app: &TestApp, refund: &Refund) {
    let mut tx = app.ctx.db.begin().await.unwrap();
    refunds::save(&mut tx, refund).await.unwrap();
    tx.commit().await.unwrap();
}

fn dispute(app: &TestApp, id: &PreorderId, state: DisputeState, due_at: Option<Timestamp>) -> Dispute {
    let (unique, now) = (app.ctx.unique(), app.ctx.clock.now());
    Dispute {
        id: DisputeId::from_unique(&unique),
        preorder_id: id.clone(),
        attempt_id: None,
        provider: "stripe".to_owned(),
        provider_dispute_id: format!("dp_{unique}"),
        payment_intent_id: None,
        amount_minor: 49_900,
        currency: Currency::Usd,
        amount_said_at: None,
        taken_minor: None,
        moved: None,
        reason: Some("product_not_received".to_owned()),
        state,
        due_at,
        opened_at: now,
        updated_at: now,
    }
}

async fn save_dispute(app: &TestApp, dispute: &Dispute) {
    let mut tx = app.ctx.db.begin().await.unwrap();
    disputes::save(&mut tx, dispute).await.unwrap();
    tx.commit().await.unwrap();
}

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

/// The text of each match of `<… class="which">` in a page: which tries are shown.
fn tries(body: &str) -> Vec<i64> {
    let shown = body.split("which\">try ").skip(1);
    shown.map(|rest| rest.split('<').next().unwrap().parse().unwrap()).collect()
}

fn href(body: &str, marker: &str) -> Option<String> {
    let link = body.split("<a ").find(|link| link.split("</a>").next().unwrap().contains(marker))?;
    Some(link.split("href=\"").nth(1)?.split('"').next()?.replace("&amp;", "&"))
}

/// All pages, one after the other.
async fn all_pages(app: &TestApp, cookie: &str, first: &str) -> Vec<String> {
    let (mut pages, mut next) = (Vec::new(), Some(first.to_owned()));
    while let Some(path) = next {
        let page = app.get_as(cookie, &path).await;
        assert_eq!(page.status, 200, "{path}");
        next = href(&page.body, "rel=\"next\"");
        pages.push(page.body);
        assert!(pages.len() < 20, "the pages do not end");
    }
    pages
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

    async fn filters_and_pages_of_the_tries_lose_nothing(app: TestApp) {
        let (id, _) = paid(app, "ana@example.com").await;
        let base = app.ctx.clock.now() - 2 * HOUR;
        for which in 2..=123_i64 {
            let state = AttemptState::ALL[(which % 7) as usize];
            let declined = state == AttemptState::Declined || (state == AttemptState::Expired && which % 2 == 0);
            // Pairs of one instant: the id decides.
            let at = base + Duration::from_secs((which / 2).unsigned_abs());
            try_to_pay(app, &id, which, state, declined.then_some("do_not_honor"), at).await;
        }
        let cookie = app.sign_in_as(Role::Viewer).await;
        let shown = async |filter: &str| {
            let pages = all_pages(app, &cookie, &format!("/admin/payments?view=attempts{filter}")).await;
            pages.iter().flat_map(|page| tries(page)).collect::<Vec<i64>>()
        };
        let all = shown("").await;
        assert_eq!(all.len(), 122, "a row is lost or shown twice");
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 122);
        let mut union = BTreeSet::new();
        for outcome in ["paid", "declined", "failed", "pending", "expired", "open"] {
            let some = shown(&format!("&outcome={outcome}")).await;
            assert!(!some.is_empty(), "{outcome}");
            assert!(some.iter().all(|which| union.insert(*which)), "{outcome} shares a row with another");
        }
        assert_eq!(union.len(), 122, "a row has no outcome");
        let refused = shown("&reason=refused_by_bank").await;
        assert_eq!(refused.into_iter().collect::<BTreeSet<_>>(), shown("&outcome=declined").await.into_iter().collect());
        assert!(shown("&reason=insufficient_funds").await.is_empty());
        assert!(shown("&currency=jpy").await.is_empty());
        assert_eq!(shown("&currency=usd").await, all);
        let middle = jiff::Timestamp::from_millisecond((base + Duration::from_secs(30)).millis()).unwrap();
        let (early, late) = (shown(&format!("&to={middle}")).await, shown(&format!("&from={middle}")).await);
        assert!(!early.is_empty() && !late.is_empty());
        assert_eq!(early.len() + late.len(), 122, "an instant is on both sides, or on neither");
    }

    async fn refusals_are_grouped_and_lead_to_exactly_their_rows(app: TestApp) {
        let (id, _) = paid(app, "ana@example.com").await;
        let now = app.ctx.clock.now();
        let codes = ["insufficient_funds", "do_not_honor", "generic_decline", "do_not_honor", "a_new_code"];
        for (which, code) in (2..).zip(codes) {
            try_to_pay(app, &id, which, AttemptState::Declined, Some(code), now - HOUR).await;
        }
        try_to_pay(app, &id, 9, AttemptState::Declined, Some("insufficient_funds"), now - 8 * DAY).await;
        let cookie = app.sign_in_as(Role::Viewer).await;
        let page = app.get_as(&cookie, "/admin/payments?view=attempts").await.body;
        for (label, rows) in [("Refused by the bank", vec![3, 4, 5]), ("Insufficient funds", vec![2]), ("Other", vec![6])] {
            let breakdown = page.split("id=\"declines\"").nth(1).unwrap().split("</section>").next().unwrap();
            let link = href(breakdown, label).unwrap();
            let found = app.get_as(&cookie, &link).await.body;
            let mut found = tries(&found);
            found.sort_unstable();
            assert_eq!(found, rows, "{label}: {link}");
            let count = breakdown.split(label).nth(1).unwrap().split("class=\"count\">").nth(1).unwrap();
            assert_eq!(count.split('<').next().unwrap(), rows.len().to_string(), "{label}");
        }
    }

    async fn days_are_the_viewers_and_a_date_that_is_none_is_said_so(app: TestApp) {
        let (id, _) = paid(app, "ana@example.com").await;
        let late_evening: jiff::Timestamp = "2026-03-02T23:30:00Z".parse().unwrap();
        let at = Timestamp::from_millis(late_evening.as_millisecond());
        try_to_pay(app, &id, 2, AttemptState::Expired, None, at).await;
        let cookie = app.sign_in_as(Role::Support).await;
        let day = |day: &str| format!("/admin/payments?view=attempts&from={day}&to={day}");
        assert_eq!(tries(&app.get_as(&cookie, &day("2026-03-02")).await.body), [2]);
        assert!(tries(&app.get_as(&cookie, &day("2026-03-03")).await.body).is_empty());
        let in_berlin = format!("{cookie}; rolitt_zone=Europe%2FBerlin");
        assert_eq!(tries(&app.get_as(&in_berlin, &day("2026-03-03")).await.body), [2]);
        let nonsense = app.get_as(&cookie, "/admin/payments?view=attempts&from=yesterday").await;
        assert!(nonsense.body.contains("is no date"), "{}", nonsense.status);
    }

    async fn refunds_and_disputes_are_paged_without_loss(app: TestApp) {
        app.cook_the_books();
        let (id, _) = paid(app, "ana@example.com").await;
        for n in 0..60 {
            let state = RefundState::ALL[n % 6];
            save_refund(app, &Refund { requested_by: Some(format!("who{n}.")), ..refund(app, &id, state, 1) }).await;
            let state = DisputeState::ALL[n % 8];
            let due = app.ctx.clock.now() + DAY * u32::try_from(n).unwrap();
            save_dispute(app, &Dispute { reason: Some(format!("case {n}.")), ..dispute(app, &id, state, Some(due)) }).await;
        }
        let cookie = app.sign_in_as(Role::Viewer).await;
        let found = |pages: Vec<String>, marker: &str| {
            (0..60).map(|n| pages.iter().map(|page| page.matches(&format!("{marker}{n}.")).count()).sum()).collect::<Vec<usize>>()
        };
        let refunds = all_pages(app, &cookie, "/admin/payments?view=refunds").await;
        assert_eq!((refunds.len(), found(refunds, "who")), (2, vec![1; 60]));
        let pending = found(all_pages(app, &cookie, "/admin/payments?view=refunds&state=pending").await, "who");
        assert_eq!(pending.iter().sum::<usize>(), 10);
        let disputes = all_pages(app, &cookie, "/admin/payments?view=disputes").await;
        assert_eq!((disputes.len(), found(disputes, "Case ")), (2, vec![1; 60]));
        let mut stages = vec![0; 60];
        for stage in ["awaits_us", "under_review", "closed"] {
            let some = found(all_pages(app, &cookie, &format!("/admin/payments?view=disputes&state={stage}")).await, "Case ");
            stages.iter_mut().zip(some).for_each(|(all, some)| *all += some);
        }
        assert_eq!(stages, vec![1; 60]);
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

    async fn sums_are_of_the_span_and_by_currency(app: TestApp) {
        app.cook_the_books();
        let (id, _) = paid(app, "ana@example.com").await;
        let now = app.ctx.clock.now();
        let entries = [
            (LedgerKind::Refund, -2_500, Currency::Usd, now - HOUR),
            (LedgerKind::Refund, -500, Currency::Usd, now - 2 * HOUR),
            (LedgerKind::Refund, -300, Currency::Jpy, now - HOUR),
            (LedgerKind::Refund, -70_000, Currency::Usd, now - 8 * DAY),
        ];
        let mut tx = app.ctx.db.begin().await.unwrap();
        for (kind, amount_minor, currency, occurred_at) in entries {
            let unique = app.ctx.unique();
            let entry = Entry {
                id: LedgerId::from_unique(&unique),
                preorder_id: id.clone(),
                attempt_id: None,
                kind,
                amount_minor,
                currency,
                reference: unique.clone(),
                dedupe_key: unique,
                occurred_at,
                recorded_at: now,
            };
            ledger::enter(&mut tx, &entry).await.unwrap();
        }
        tx.commit().await.unwrap();
        let cookie = app.sign_in_as(Role::Viewer).await;
        let page = app.get_as(&cookie, "/admin/payments?view=refunds").await.body;
        assert!(page.contains("-$30.00 · -¥300"), "the sums of seven days are wrong");
        let page = app.get_as(&cookie, "/admin/payments?view=refunds&from=2020-01-01").await.body;
        assert!(page.contains("-$730.00 · -¥300"), "the sums of the span are wrong");
    }

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
