//! Ten minutes without a provider, by a clock that is moved: buyers come in all the while. Whoever is away is hardly asked,
//! and gets everything once it is back, once.

use std::time::Duration;

use super::faults::{CARD, Fault, Provider, told};
use super::ground::{Buyer, Ground};
use super::received::{Received, received};
use crate::context::breaker::{FIRST_PAUSE, Gate, LONGEST_PAUSE, TRIPS_AFTER};
use crate::tests::database::Kind;

const STEP: Duration = Duration::from_secs(20);
const STEPS: usize = 30;
const SAYS: Duration = Duration::from_secs(45);
/// Steps between two buyers.
const A_BUYER_EVERY: usize = 6;

/// How often one who is away is asked in these ten minutes, by the breaker's own schedule.
fn most_requests(provider: Provider, fault: &Fault) -> usize {
    let away = STEP * u32::try_from(STEPS).unwrap();
    if let Some(says) = fault.says {
        return usize::try_from(away.as_secs().div_ceil(says.as_secs())).unwrap() + 1;
    }
    if provider == Provider::Stripe {
        // Nothing is delivered to Stripe before somebody has paid; each buyer asks for a page, and again within a moment.
        return STEPS.div_ceil(A_BUYER_EVERY) * 3;
    }
    // Those that shut it, with one under way beside them; then one whenever a pause is over.
    let (mut pause, mut passed, mut asked) = (FIRST_PAUSE, FIRST_PAUSE, TRIPS_AFTER as usize + 1);
    while passed < away {
        asked += 1;
        pause = (pause * 2).min(LONGEST_PAUSE);
        passed += pause;
    }
    asked
}

/// What a buyer still has to do.
struct Waiting {
    buyer: Buyer,
    lead: String,
}

async fn ten_minutes_without(ground: &Ground, gone: &[Provider], fault: &Fault, buyers: &mut usize) {
    let app = &ground.app;
    let mut before = Vec::new();
    for &provider in gone {
        before.push(ground.asked(provider).await.len());
    }
    let (mut paid, mut waiting) = (Vec::new(), Vec::new());
    ground.befall(gone, fault).await;
    for step in 0..STEPS {
        if step % A_BUYER_EVERY == 0 {
            *buyers += 1;
            let buyer = Buyer::number(*buyers);
            let answer = ground.go_to_pay(&buyer).await;
            let lead = ground.preorder_of(&buyer).await;
            if step == 0 && fault.says.is_some() {
                // What was claimed before it was said is asked all the same.
                let told = async || gone.iter().all(|p| app.ctx.breakers.is_shut(p.lane(), app.ctx.clock.steady()));
                app.wait_until("it was said when to come back", told).await;
            }
            if gone.contains(&Provider::Stripe) {
                assert_eq!(answer.status, 503, "{}", answer.body);
                waiting.push(Waiting { buyer, lead });
            } else {
                app.pay_by_card(&answer.session(), CARD).await;
                app.wait_for_badges(&lead, "completed/paid").await;
                paid.push(buyer);
            }
        }
        ground.pass(STEP).await;
        // A text is sent to who has paid: without Stripe there is none.
        for &provider in gone.iter().filter(|p| step > STEPS / 2 && (**p != Provider::Twilio || waiting.is_empty())) {
            let gate = app.ctx.breakers.gate(provider.lane(), app.ctx.clock.steady());
            // At the till the one buyer a minute is the probe.
            assert!(gate != Gate::Free, "{provider:?} is asked by everybody at step {step}");
        }
    }
    for (&provider, before) in gone.iter().zip(before) {
        let asked = ground.asked(provider).await.len() - before;
        let most = most_requests(provider, fault);
        assert!(asked <= most, "{provider:?} was asked {asked} times while it was away, and not {most}");
        ground.nobody_came_too_early(provider, before, fault).await;
    }
    let dead = app.count("SELECT COUNT(*) FROM outbox WHERE state = 'dead'").await;
    assert_eq!(dead, 0, "given up within ten minutes");
    ground.recover(gone, fault).await;
    ground.pass(Duration::from_mins(16)).await;
    for Waiting { buyer, lead } in waiting {
        let session = app.post("/api/handle_checkout", &[("preorder_id", &lead)]).await.session();
        app.pay_by_card(&session, CARD).await;
        app.wait_for_badges(&lead, "completed/paid").await;
        assert_eq!(ground.preorder_of(&buyer).await, lead);
        paid.push(buyer);
    }
    ground.drain().await;
    for buyer in paid {
        assert_eq!(received(ground, &buyer).await, Received::ALL_ONCE, "{} without {gone:?}", buyer.email);
    }
}

async fn each_and_all(kind: Kind) {
    let ground = Ground::start(kind, 10_000).await;
    let mut buyers = 0;
    let run: [(&[Provider], Fault); 5] = [
        (
            &[Provider::Klaviyo],
            Fault { says: Some(SAYS), ..told("", r#"{"error_rate":1,"error_status":503,"retry_after":45}"#) },
        ),
        (&[Provider::Firebase], told("", r#"{"reset_rate":1}"#)),
        // It surely did not send what it was too busy for. What it may have sent is a person's matter.
        (&[Provider::Twilio], told("", r#"{"error_rate":1,"error_status":429}"#)),
        (&[Provider::Stripe], told("", r#"{"error_rate":1,"error_status":500}"#)),
        (&Provider::ALL, Fault::CUT),
    ];
    for (gone, fault) in run {
        ten_minutes_without(&ground, gone, &fault, &mut buyers).await;
    }
    ground.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_minutes_without_each_and_without_all_lose_and_double_nothing_on_sqlite() {
    each_and_all(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_minutes_without_each_and_without_all_lose_and_double_nothing_on_postgres() {
    each_and_all(Kind::Postgres).await;
}
