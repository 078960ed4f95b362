//! One shop, through which one fault after the other goes.

use std::time::Duration;

use super::faults::CARD;
use super::ground::{Buyer, Ground};
use crate::tests::database::Kind;

/// Longer than any word about when to come back, and than any pause of the breaker's.
pub const LATER: Duration = Duration::from_mins(16);

pub struct Run {
    pub ground: Ground,
    pub buyers: usize,
    /// Steps over tries that are all the same.
    pub hurried: bool,
}

impl Run {
    pub async fn start(kind: Kind, timeout_ms: u64) -> Self {
        Self { ground: Ground::start(kind, timeout_ms).await, buyers: 0, hurried: false }
    }

    pub fn next_buyer(&mut self) -> Buyer {
        self.buyers += 1;
        Buyer::number(self.buyers)
    }

    /// On the page; nothing in the way.
    pub async fn on_the_page(&mut self) -> (Buyer, String) {
        let buyer = self.next_buyer();
        let session = self.ground.go_to_pay(&buyer).await.session();
        (buyer, session)
    }

    pub async fn pays(&self, buyer: &Buyer, session: &str) {
        let app = &self.ground.app;
        assert_eq!(app.pay_by_card(session, CARD).await["outcome"], "paid");
        let id = self.ground.preorder_of(buyer).await;
        app.wait_until(&format!("{} has paid", buyer.email), async || app.badges(&id).await.ends_with("/paid")).await;
    }

    pub async fn finish(self) {
        self.ground.app.expect_dead();
        self.ground.finish().await;
    }
}
