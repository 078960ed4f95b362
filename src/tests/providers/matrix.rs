//! Every fault at every provider, ending well and not ending: the lead is saved, the buyer gets on, and in the end each act
//! took effect once, or waits for a person.

use std::time::Duration;

use super::faults::{AWAY, BUSY, FAULTS, Fault, Provider, SILENT};
use super::ground::Buyer;
use super::received::{Received, look_after_the_dead, received};
use super::run::{LATER, Run};
use crate::tests::database::Kind;

const BACKGROUND: [Provider; 3] = [Provider::Klaviyo, Provider::Firebase, Provider::Twilio];

impl Run {
    /// Some of the background is at fault while somebody buys. The till knows nothing of it.
    async fn somebody_buys_while(&mut self, providers: &[Provider], fault: &Fault) -> Buyer {
        self.ground.befall(providers, fault).await;
        let (buyer, session) = self.on_the_page().await;
        self.pays(&buyer, &session).await;
        self.ground.rest().await;
        buyer
    }

    async fn tries_of(&self, provider: Provider, buyer: &Buyer) -> i64 {
        let (lane, id) = (provider.lane(), self.ground.preorder_of(buyer).await);
        let tries = "SELECT COUNT(*) FROM delivery_attempts a JOIN outbox o ON o.id = a.delivery_id";
        self.ground.app.count(&format!("{tries} WHERE o.lane = '{lane}' AND o.preorder_id = '{id}'")).await
    }

    /// The words of the states that a provider's deliveries to a buyer are in.
    async fn states(&self, provider: Provider, buyer: &Buyer) -> Vec<String> {
        let (lane, id) = (provider.lane(), self.ground.preorder_of(buyer).await);
        let sql =
            format!("SELECT DISTINCT state FROM outbox WHERE lane = '{lane}' AND preorder_id = '{id}' ORDER BY 1");
        self.ground.app.ctx.db.texts(&sql).await
    }

    /// Whether it is over without anybody's doing, though the provider does not recover.
    fn arrives_all_the_same(provider: Provider, fault: &Fault) -> bool {
        fault.harmless || (provider == Provider::Klaviyo && fault.only_the_body)
    }

    /// A text that may have gone out is not sent again by itself.
    fn is_parked(provider: Provider, fault: &Fault) -> bool {
        provider == Provider::Twilio && !fault.harmless && !fault.nothing_was_done
    }

    async fn recovers(&mut self, provider: Provider, fault: &Fault) {
        let cell = format!("{} {}, and back", provider.word(), fault.name);
        let buyer = self.somebody_buys_while(&[provider], fault).await;
        assert!(self.tries_of(provider, &buyer).await > 0, "{cell}: nothing was tried");
        let parked = Self::is_parked(provider, fault) || fault.for_good;
        let waits = !Self::arrives_all_the_same(provider, fault);
        let states = self.states(provider, &buyer).await;
        let expected = if parked { "dead" } else { "pending" };
        assert_eq!(states, [if waits { expected } else { "done" }], "{cell}");
        for other in BACKGROUND.into_iter().filter(|other| *other != provider) {
            assert_eq!(self.states(other, &buyer).await, ["done"], "{cell}: {other:?} was held up");
        }
        self.ground.recover(&[provider], fault).await;
        self.ground.pass(LATER).await;
        self.ground.drain().await;
        let by_itself = self.states(provider, &buyer).await;
        assert_eq!(by_itself, [if parked { "dead" } else { "done" }], "{cell}");
        look_after_the_dead(&self.ground).await;
        assert_eq!(received(&self.ground, &buyer).await, Received::ALL_ONCE, "{cell}");
    }

    /// All three at once, and for longer than anything is tried.
    async fn never_recover(&mut self, fault: &Fault) {
        let buyer = self.somebody_buys_while(&BACKGROUND, fault).await;
        if self.hurried {
            self.ground.app.ctx.db.execute("UPDATE outbox SET attempts = 11 WHERE state = 'pending'").await;
        }
        self.ground.drain().await;
        for provider in BACKGROUND {
            let arrived = Self::arrives_all_the_same(provider, fault);
            let ended = self.states(provider, &buyer).await;
            assert_eq!(ended, [if arrived { "done" } else { "dead" }], "{provider:?} {} for good", fault.name);
        }
        self.ground.recover(&BACKGROUND, fault).await;
        self.ground.pass(LATER).await;
        look_after_the_dead(&self.ground).await;
        assert_eq!(received(&self.ground, &buyer).await, Received::ALL_ONCE, "{} for good", fault.name);
    }
}

async fn of_the_background(kind: Kind, provider: Provider) {
    let mut run = Run::start(kind, 10_000).await;
    for fault in FAULTS {
        run.recovers(provider, fault).await;
    }
    run.finish().await;
}

async fn for_good(kind: Kind) {
    let mut run = Run::start(kind, 10_000).await;
    for fault in FAULTS {
        run.never_recover(fault).await;
    }
    run.finish().await;
}

async fn of_stripe(kind: Kind) {
    let mut run = Run::start(kind, 10_000).await;
    for fault in FAULTS {
        run.stripe(fault, true).await;
        run.stripe(fault, false).await;
    }
    run.finish().await;
}

async fn of_silence(kind: Kind) {
    // The three that are well must answer within it, on a machine that is busy.
    let mut run = Run::start(kind, 6_000).await;
    for provider in BACKGROUND {
        run.recovers(provider, &SILENT).await;
    }
    run.stripe(&SILENT, true).await;
    // Each try takes its timeout: those between the first and the last ones are as those.
    run.hurried = true;
    run.never_recover(&SILENT).await;
    run.finish().await;
}

async fn of_when_to_come_back(kind: Kind) {
    let mut run = Run::start(kind, 10_000).await;
    // One who is served before: the first request after it is refused.
    let (warm, page) = run.on_the_page().await;
    run.pays(&warm, &page).await;
    run.ground.drain().await;
    let mut since = Vec::new();
    for provider in Provider::ALL {
        since.push(run.ground.asked(provider).await.len());
    }
    run.ground.befall(&Provider::ALL, &BUSY).await;
    // The first hears it; whoever comes then, or again, does not ask.
    for step in 0..30 {
        let buyer = if step < 6 { run.next_buyer() } else { Buyer::number(run.buyers) };
        assert_eq!(run.ground.go_to_pay(&buyer).await.status, 503);
        run.ground.pass(Duration::from_secs(9)).await;
    }
    for (provider, since) in Provider::ALL.into_iter().zip(since) {
        let asked = run.ground.asked(provider).await.len() - since;
        // There is no text to send before somebody has paid.
        assert!(asked >= 4 || provider == Provider::Twilio, "{provider:?} was asked {asked} times");
        run.ground.nobody_came_too_early(provider, since, &BUSY).await;
    }
    run.ground.recover(&Provider::ALL, &BUSY).await;
    run.ground.pass(LATER).await;
    run.finish().await;
}

async fn of_texts_when_to_come_back(kind: Kind) {
    let mut run = Run::start(kind, 10_000).await;
    let twilio = [Provider::Twilio];
    run.ground.befall(&twilio, &AWAY).await;
    for _ in 0..7 {
        let (buyer, session) = run.on_the_page().await;
        run.pays(&buyer, &session).await;
        run.ground.pass(Duration::from_secs(9)).await;
    }
    run.ground.nobody_came_too_early(Provider::Twilio, 0, &AWAY).await;
    // Each that was asked for may have gone out: the first, and the one that found that it is still away.
    let parked = "SELECT COUNT(*) FROM outbox WHERE kind = 'send_sms' AND state = 'dead'";
    assert_eq!((run.ground.asked(Provider::Twilio).await.len(), run.ground.app.count(parked).await), (2, 2));
    run.ground.recover(&twilio, &AWAY).await;
    run.ground.pass(LATER).await;
    run.ground.drain().await;
    let sent = "SELECT COUNT(*) FROM outbox WHERE kind = 'send_sms' AND state = 'done'";
    assert_eq!((run.ground.app.count(sent).await, run.ground.app.count(parked).await), (5, 2));
    look_after_the_dead(&run.ground).await;
    run.finish().await;
}

macro_rules! on_each_database {
    ($($name:ident: $run:expr;)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            #[tokio::test(flavor = "multi_thread")]
            async fn on_sqlite() {
                ($run)(Kind::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_postgres() {
                ($run)(Kind::Postgres).await;
            }
        }
    )+};
}

on_each_database! {
    klaviyo_gets_everything_once_it_is_back: |kind| of_the_background(kind, Provider::Klaviyo);
    firebase_gets_everything_once_it_is_back: |kind| of_the_background(kind, Provider::Firebase);
    a_text_goes_out_once_or_is_parked: |kind| of_the_background(kind, Provider::Twilio);
    what_never_gets_through_is_given_up_with_its_reason_and_can_be_tried_again: for_good;
    a_buyer_is_told_the_truth_about_stripe_and_pays_once_later: of_stripe;
    a_provider_that_never_answers_is_as_one_that_fails: of_silence;
    a_provider_that_says_when_is_not_asked_before: of_when_to_come_back;
    texts_are_kept_for_a_provider_that_says_when: of_texts_when_to_come_back;
}
