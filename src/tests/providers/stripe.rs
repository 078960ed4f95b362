//! Every fault at Stripe: the lead is saved, the buyer hears the truth and pays once later, and money that was to go back
//! went back once.

use super::faults::{Fault, Provider};
use super::ground::{Buyer, owner};
use super::received::{Received, look_after_the_dead, received};
use super::run::{LATER, Run};
use crate::domain::money::{Currency, Money};
use crate::domain::refund::RefundReason;
use crate::workflows::refunds::{RefundWish, request};

impl Run {
    /// Somebody wants to pay, somebody has paid just now, and somebody gets money back, while Stripe is at fault.
    pub async fn stripe(&mut self, fault: &Fault, comes_back: bool) {
        let cell = format!("stripe {}, {}", fault.name, if comes_back { "and back" } else { "for good" });
        let stripe = [Provider::Stripe];
        let (payer, page) = self.on_the_page().await;
        let refunds = self.refunds_at_stripe().await;
        self.ground.befall(&stripe, fault).await;
        let buyer = self.next_buyer();
        let told = self.ground.go_to_pay(&buyer).await;
        let lead = self.ground.preorder_of(&buyer).await;
        if fault.harmless {
            assert_eq!(told.status, 303, "{cell}: {}", told.body);
        } else {
            assert_eq!(told.status, 503, "{cell}: {}", told.body);
            assert!(told.header("retry-after").parse::<u64>().unwrap() > 0, "{cell}");
            let error = told.json()["error"].clone();
            assert!(error["message"].as_str().unwrap().contains("Your details are saved"), "{cell}: {error}");
            assert!(!told.body.contains("tripe"), "{cell}: the inside shows: {error}");
        }
        if let Some(says) = fault.says {
            assert_eq!(told.header("retry-after"), says.as_secs().to_string(), "{cell}");
        }
        self.pays(&payer, &page).await;
        let paid = self.ground.preorder_of(&payer).await;
        self.ask_for_a_refund(&paid, "first").await;
        self.ground.rest().await;
        if !comes_back {
            self.ground.drain().await;
        }
        self.ground.recover(&stripe, fault).await;
        self.ground.pass(LATER).await;
        look_after_the_dead(&self.ground).await;
        self.ground.drain().await;
        self.the_money_went_back_once(&paid, refunds, &cell).await;
        self.goes_on_and_pays_once(&buyer, &lead, &cell).await;
        self.ground.drain().await;
        for buyer in [&payer, &buyer] {
            assert_eq!(received(&self.ground, buyer).await, Received::ALL_ONCE, "{cell}");
        }
    }

    async fn goes_on_and_pays_once(&self, buyer: &Buyer, lead: &str, cell: &str) {
        let app = &self.ground.app;
        let session = app.post("/api/handle_checkout", &[("preorder_id", lead)]).await.session();
        self.pays(buyer, &session).await;
        let again = app.post("/api/handle_checkout", &[("preorder_id", lead)]).await;
        assert!(again.location().starts_with("/preorder/success"), "{cell}: {}", again.location());
        let paid = format!("SELECT COUNT(*) FROM checkout_attempts WHERE preorder_id = '{lead}' AND state = 'paid'");
        assert_eq!(app.count(&paid).await, 1, "{cell}");
        assert_eq!(self.ground.preorder_of(buyer).await, lead, "{cell}");
    }

    async fn ask_for_a_refund(&self, preorder: &str, form_key: &str) {
        let wish = RefundWish {
            preorder_id: preorder.parse().unwrap(),
            amount: Money::new(1_000, Currency::Usd),
            reason: RefundReason::RequestedByCustomer,
            form_key: form_key.to_owned(),
        };
        request(&self.ground.app.ctx, &owner(), &wish).await.unwrap();
    }

    async fn refunds_at_stripe(&self) -> u64 {
        self.ground.app.get("/sandbox/state.json").await.json()["refunds"].as_u64().unwrap()
    }

    async fn the_money_went_back_once(&self, preorder: &str, before: u64, cell: &str) {
        let app = &self.ground.app;
        let of = |state: &str| {
            format!("SELECT COUNT(*) FROM refunds WHERE preorder_id = '{preorder}' AND state = '{state}'")
        };
        if app.count(&of("failed")).await == 1 {
            // It was told that this can't be done, and holds no money: whoever asked asks again.
            self.ask_for_a_refund(preorder, "again").await;
            self.ground.drain().await;
        }
        assert_eq!(app.count(&of("succeeded")).await, 1, "{cell}");
        assert_eq!(self.refunds_at_stripe().await, before + 1, "{cell}");
    }
}
