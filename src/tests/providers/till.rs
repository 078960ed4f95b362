//! The till does not wait for the background: with three providers that never answer, a buyer gets on the page, pays and is
//! told so before any of them has said a word. No times are measured here (`make bench` does): it is the order that counts.

use super::faults::{CARD, Provider, SILENT};
use super::ground::{Buyer, Ground};
use super::received::{Received, look_after_the_dead, received};
use crate::tests::database::Kind;

const BACKGROUND: [Provider; 3] = [Provider::Klaviyo, Provider::Firebase, Provider::Twilio];

async fn a_buyer_is_through_while_the_background_is_under_way(kind: Kind) {
    let ground = Ground::start(kind, 20_000).await;
    let app = &ground.app;
    ground.befall(&BACKGROUND, &SILENT).await;
    let buyer = Buyer::number(1);
    let session = ground.go_to_pay(&buyer).await.session();
    let lead = ground.preorder_of(&buyer).await;
    app.wait_until("the background is under way", async || {
        app.count("SELECT COUNT(*) FROM outbox WHERE state = 'running' AND lane IN ('klaviyo', 'firebase')").await == 2
    })
    .await;
    app.pay_by_card(&session, CARD).await;
    app.wait_for_badges(&lead, "completed/paid").await;
    let page = app.get(&format!("/preorder/success?session_id={session}")).await;
    assert_eq!(page.status, 200);
    // A second buyer has the same luck while the lanes are taken.
    let second = Buyer::number(2);
    assert_eq!(ground.go_to_pay(&second).await.status, 303);
    let heard = "SELECT COUNT(*) FROM delivery_attempts a JOIN outbox o ON o.id = a.delivery_id \
                 WHERE o.lane IN ('klaviyo', 'firebase', 'sms')";
    assert_eq!(app.count(heard).await, 0, "somebody had answered before the buyers were through");
    app.wait_until("the text is under way as well", async || ground.asked(Provider::Twilio).await.len() == 1).await;
    ground.recover(&BACKGROUND, &SILENT).await;
    for provider in BACKGROUND {
        ground.shake(provider);
    }
    ground.drain().await;
    // It may have been sent.
    app.expect_dead();
    look_after_the_dead(&ground).await;
    assert_eq!(received(&ground, &buyer).await, Received::ALL_ONCE);
    ground.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_is_through_before_the_background_has_said_a_word_on_sqlite() {
    a_buyer_is_through_while_the_background_is_under_way(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_is_through_before_the_background_has_said_a_word_on_postgres() {
    a_buyer_is_through_while_the_background_is_under_way(Kind::Postgres).await;
}
