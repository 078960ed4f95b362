//! Tries, refunds and disputes: found, paged without loss, summed.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{DAY, HOUR, all_pages, dispute, href, paid, refund, save_dispute, save_refund, try_to_pay};
use crate::domain::access::Role;
use crate::domain::ids::LedgerId;
use crate::domain::money::Currency;
use crate::domain::payment::AttemptState;
use crate::domain::refund::{DisputeState, LedgerKind, RefundState};
use crate::domain::timestamp::Timestamp;
use crate::store::disputes::Dispute;
use crate::store::ledger::{self, Entry};
use crate::store::refunds::Refund;
use crate::tests::on_both;

/// The text of each match of `<… class="which">` in a page: which tries are shown.
fn tries(body: &str) -> Vec<i64> {
    let shown = body.split("which\">try ").skip(1);
    shown.map(|rest| rest.split('<').next().unwrap().parse().unwrap()).collect()
}

on_both! {
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
}
