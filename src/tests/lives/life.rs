//! Lives of a preorder as Stripe may tell them: several tries, each with an end, refunds and disputes of what was paid.
//! Everything in a life agrees with everything else; the order in which it is told is somebody else's to choose.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::domain::ids::{AttemptId, PreorderId, RefundId};
use crate::domain::money::{Currency, Money};
use crate::domain::moved::{Move, Moved};
use crate::domain::payment::{AttemptState, Card, Decline, Fact, PaymentFact};
use crate::domain::refund::{DisputeFact, DisputeState, RefundFact, RefundState};
use crate::domain::timestamp::Timestamp;

pub const PRICE: i64 = 49_900;

#[derive(Debug, Clone)]
pub struct Life {
    pub tries: Vec<Try>,
    /// Whether we remember the tries; a copy of the database may be older than they are.
    pub remembered: bool,
    /// An admin cancels the preorder in the midst of what is told; before all of it if it is never paid, for then it
    /// matters what was known.
    pub cancelled: Option<Index>,
    pub currency: Currency,
}

#[derive(Debug, Clone)]
pub struct Try {
    pub declines: i64,
    /// What comes in: mostly the price.
    pub received: i64,
    pub end: End,
    pub refunds: Vec<Back>,
    pub disputes: Vec<Doubt>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Open,
    Expired,
    Paid,
    ExpiredThenPaid,
    /// A bank debit, which takes days.
    OnItsWay,
    Arrived,
    Bounced,
}

#[derive(Debug, Clone)]
pub struct Back {
    pub minor: i64,
    /// Asked for here, and not in Stripe's dashboard.
    pub here: bool,
    pub said: Vec<RefundState>,
}

#[derive(Debug, Clone)]
pub struct Doubt {
    pub minor: i64,
    /// What Stripe says from the second time on.
    pub later: i64,
    pub listed: Listed,
    pub said: Vec<DisputeState>,
}

/// Whether Stripe's objects list what has moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    Always,
    Never,
    /// Every other time: told by two versions of its API.
    Sometimes,
}

impl End {
    pub const fn is_paid(self) -> bool {
        matches!(self, Self::Paid | Self::ExpiredThenPaid | Self::Arrived)
    }
}

fn back(minor: impl Strategy<Value = i64>) -> impl Strategy<Value = Back> {
    use RefundState::{Canceled, Failed, Pending, RequiresAction, Succeeded};
    let said = select(vec![
        vec![Pending, Succeeded],
        vec![Succeeded],
        // The bank sends it back after it was counted.
        vec![Succeeded, Failed],
        vec![Pending, Succeeded, Failed],
        vec![Pending, Failed],
        vec![Pending],
        vec![RequiresAction, Canceled],
    ]);
    (minor, any::<bool>(), said).prop_map(|(minor, here, said)| Back { minor, here, said })
}

fn doubt() -> impl Strategy<Value = Doubt> {
    use DisputeState::{
        Lost, NeedsResponse, Prevented, UnderReview, WarningClosed, WarningNeedsResponse, WarningUnderReview, Won,
    };
    let said = select(vec![
        vec![WarningNeedsResponse, WarningUnderReview, WarningClosed],
        // An inquiry that grew.
        vec![WarningNeedsResponse, NeedsResponse, UnderReview, Lost],
        vec![NeedsResponse, UnderReview, Won],
        vec![NeedsResponse, Won],
        vec![NeedsResponse, Lost],
        // The funds are reinstated after all.
        vec![NeedsResponse, Lost, Won],
        vec![NeedsResponse],
        vec![Prevented],
        // Kept from becoming a chargeback after the money was taken; and then not, after all.
        vec![NeedsResponse, Prevented],
        vec![WarningNeedsResponse, NeedsResponse, Prevented],
        vec![NeedsResponse, Prevented, Lost],
        vec![NeedsResponse, Prevented, Lost, Won],
    ]);
    let listed = select(vec![Listed::Always, Listed::Always, Listed::Never, Listed::Sometimes]);
    let minor = || prop_oneof![Just(PRICE), 100..PRICE];
    (minor(), proptest::option::of(minor()), listed, said).prop_map(|(minor, later, listed, said)| Doubt {
        minor,
        later: later.unwrap_or(minor),
        listed,
        said,
    })
}

fn a_try(ends: Vec<End>) -> impl Strategy<Value = Try> {
    // In part, several times, and never more than came in; or all of it.
    let parts = proptest::collection::vec(back(100..15_000_i64), 0..4);
    let refunds = prop_oneof![3 => parts, 1 => proptest::collection::vec(back(Just(PRICE)), 1)];
    let received = prop_oneof![3 => Just(PRICE), 1 => Just(PRICE - 4_000), 1 => Just(PRICE + 700)];
    let disputes = proptest::collection::vec(doubt(), 0..3);
    (0..3_i64, select(ends), refunds, disputes, received).prop_map(|(declines, end, refunds, disputes, received)| {
        let (mut refunds, disputes) = if end.is_paid() { (refunds, disputes) } else { (Vec::new(), Vec::new()) };
        for whole in refunds.iter_mut().filter(|back| back.minor == PRICE) {
            whole.minor = received;
        }
        Try { declines, received, end, refunds, disputes }
    })
}

pub fn life() -> impl Strategy<Value = Life> {
    use End::{Arrived, Bounced, Expired, ExpiredThenPaid, OnItsWay, Open, Paid};
    // Of a try that we don't remember nothing is known before its end.
    let over = vec![Expired, Paid, ExpiredThenPaid, Arrived, Bounced];
    let any = [over.clone(), vec![Open, OnItsWay]].concat();
    prop_oneof![
        4 => lives(any, true, proptest::option::weighted(0.3, any_index()).boxed()),
        1 => lives(over, false, Just(None).boxed()),
    ]
}

fn any_index() -> impl Strategy<Value = Index> {
    proptest::prelude::any::<Index>()
}

fn lives(ends: Vec<End>, remembered: bool, cancelled: BoxedStrategy<Option<Index>>) -> impl Strategy<Value = Life> {
    let tries = proptest::collection::vec(a_try(ends), 1..4);
    let currency = select(vec![Currency::Usd, Currency::Usd, Currency::Jpy]);
    (tries, cancelled, currency).prop_map(move |(tries, cancelled, currency)| Life {
        tries,
        remembered,
        cancelled,
        currency,
    })
}

/// A life, and the order in which everything of it is told: once at least, and some of it again and again.
pub fn life_out_of_order() -> impl Strategy<Value = (Life, Vec<usize>)> {
    life().prop_flat_map(|life| {
        let told = life.told(&PreorderId::from_unique("life")).len();
        let again = proptest::collection::vec(0..told.max(1), 0..=told);
        let order = again.prop_flat_map(move |again| {
            let all: Vec<usize> = (0..told).chain(again.into_iter().filter(move |at| *at < told)).collect();
            Just(all).prop_shuffle()
        });
        (Just(life), order)
    })
}

pub fn attempt_id(preorder: &PreorderId, number: usize) -> AttemptId {
    AttemptId::from_unique(&format!("{}x{number}", unique(preorder)))
}

pub fn refund_id(preorder: &PreorderId, number: usize, refund: usize) -> RefundId {
    RefundId::from_unique(&format!("{}x{number}x{refund}", unique(preorder)))
}

pub fn dispute_id(preorder: &PreorderId, number: usize, dispute: usize) -> String {
    format!("du_{}_{number}_{dispute}", unique(preorder))
}

pub fn intent_id(preorder: &PreorderId, number: usize) -> String {
    format!("pi_{}_{number}", unique(preorder))
}

fn unique(preorder: &PreorderId) -> &str {
    preorder.as_str().trim_start_matches(PreorderId::PREFIX)
}

impl Life {
    /// All that is told of it, in the order in which it happened.
    pub fn told(&self, preorder: &PreorderId) -> Vec<Fact> {
        let tries = self.tries.iter().enumerate();
        let currency = self.currency;
        tries.flat_map(|(number, a_try)| Teller { preorder, number, a_try, currency }.told()).collect()
    }

    /// After how many of these tellings somebody cancels.
    pub fn cancelled_at(&self, tellings: usize) -> Option<usize> {
        let is_paid = self.tries.iter().any(|a_try| a_try.end.is_paid());
        self.cancelled.map(|index| if is_paid { index.index(tellings.max(1)) } else { 0 })
    }

    /// Disputes of which every object lists what has moved: their entries are the same rows in any order.
    pub fn listed_disputes(&self, preorder: &PreorderId) -> Vec<String> {
        let doubts =
            self.tries.iter().enumerate().flat_map(|(at, a_try)| {
                a_try.disputes.iter().enumerate().map(move |(number, doubt)| (at, number, doubt))
            });
        let listed = doubts.filter(|(_, _, doubt)| doubt.listed == Listed::Always);
        listed.map(|(at, number, _)| dispute_id(preorder, at, number)).collect()
    }
}

struct Teller<'a> {
    preorder: &'a PreorderId,
    number: usize,
    a_try: &'a Try,
    currency: Currency,
}

impl Teller<'_> {
    const fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    fn at(&self, seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_700_000_000 + self.number as i64 * 10_000 + seconds)
    }

    /// As the payment's own events say it; `page`: as the page's do, which name the page and the address.
    fn payment(&self, outcome: AttemptState, page: bool, seconds: i64) -> PaymentFact {
        let paid = outcome == AttemptState::Paid;
        let typed = page && matches!(outcome, AttemptState::Paid | AttemptState::Pending | AttemptState::Failed);
        PaymentFact {
            preorder_id: Some(self.preorder.to_string()),
            attempt_id: Some(attempt_id(self.preorder, self.number).to_string()),
            session_id: page.then(|| format!("cs_{}_{}", unique(self.preorder), self.number)),
            payment_intent_id: (outcome != AttemptState::Expired).then(|| intent_id(self.preorder, self.number)),
            outcome,
            received: paid.then_some(self.money(self.a_try.received)),
            decline: None,
            card: None,
            shipping_address: typed.then(|| format!("Ana, Street {}, 10119, Berlin, DE", self.number)),
            shipping_country: typed.then(|| "DE".to_owned()),
            occurred_at: self.at(seconds),
        }
    }

    fn declined(&self, number: i64) -> PaymentFact {
        let decline = Some(Decline { code: format!("code_{number}"), message: "no".to_owned() });
        // Two refusals may come within one second, the unit that Stripe counts in.
        PaymentFact { decline, ..self.payment(AttemptState::Declined, false, number / 2) }
    }

    fn told(&self) -> Vec<Fact> {
        use AttemptState::{Declined, Expired, Failed, Open, Paid, Pending};
        let mut told: Vec<PaymentFact> = (0..self.a_try.declines).map(|number| self.declined(number)).collect();
        // The success page, or `reconcile`, asks when it likes.
        told.push(self.payment(Open, true, 0));
        let expired = self.payment(Expired, true, 2000);
        let paid = |seconds| {
            let card = Some(Card { brand: "visa".to_owned(), last4: "4242".to_owned() });
            // The payment's event, the page's, and what Stripe answers when asked.
            let asked = PaymentFact { card, ..self.payment(Paid, true, seconds) };
            [self.payment(Paid, false, seconds), self.payment(Paid, true, seconds + 1), asked]
        };
        match self.a_try.end {
            End::Open => {}
            End::Expired => told.push(expired),
            End::Paid => told.extend(paid(100)),
            End::ExpiredThenPaid => {
                told.push(expired);
                told.extend(paid(2100));
            }
            End::OnItsWay => told.push(self.payment(Pending, true, 100)),
            End::Arrived => {
                told.push(self.payment(Pending, true, 100));
                told.extend(paid(400_000));
            }
            End::Bounced => {
                told.push(self.payment(Pending, true, 100));
                told.push(PaymentFact { occurred_at: self.at(400_000), ..self.declined(9) });
                told.push(self.payment(Failed, true, 400_000));
            }
        }
        debug_assert!(told.iter().all(|fact| fact.outcome != Declined || fact.decline.is_some()));
        let mut told: Vec<Fact> = told.into_iter().map(Fact::from).collect();
        for (number, back) in self.a_try.refunds.iter().enumerate() {
            told.extend(back.said.iter().map(|said| Fact::Refund(self.refund(number, back, *said))));
        }
        for (number, doubt) in self.a_try.disputes.iter().enumerate() {
            let said = doubt.said.iter().enumerate();
            told.extend(said.map(|(step, said)| Fact::Dispute(self.dispute(number, doubt, step as i64, *said))));
        }
        told
    }

    fn refund(&self, number: usize, back: &Back, state: RefundState) -> RefundFact {
        let failed = state == RefundState::Failed;
        RefundFact {
            provider_refund_id: format!("re_{}_{}_{number}", unique(self.preorder), self.number),
            refund_id: back.here.then(|| refund_id(self.preorder, self.number, number).to_string()),
            // What is made in the dashboard bears no name of ours.
            preorder_id: back.here.then(|| self.preorder.to_string()),
            payment_intent_id: Some(intent_id(self.preorder, self.number)),
            amount: self.money(back.minor),
            reason: None,
            state,
            failure_reason: failed.then(|| "lost_or_stolen_card".to_owned()),
            created_at: self.at(500_000 + number as i64),
            occurred_at: self.at(500_100 + number as i64),
        }
    }

    fn dispute(&self, number: usize, doubt: &Doubt, step: i64, state: DisputeState) -> DisputeFact {
        DisputeFact {
            provider_dispute_id: dispute_id(self.preorder, self.number, number),
            preorder_id: None,
            payment_intent_id: Some(intent_id(self.preorder, self.number)),
            amount: self.money(doubt.amount(step)),
            reason: Some("fraudulent".to_owned()),
            state,
            moved: doubt.lists(step).then(|| self.moved(number, doubt, step)),
            due_at: state.awaits_us().then(|| self.at(900_000 + step)),
            opened_at: self.at(600_000 + number as i64),
            occurred_at: self.at(600_000 + step * 1000),
        }
    }

    /// All that has moved by then: taken as the bank decides against us, given back as it decides for us.
    fn moved(&self, number: usize, doubt: &Doubt, step: i64) -> Moved {
        use DisputeState::{Lost, NeedsResponse, Prevented, UnderReview, Won};
        let (mut moves, mut taken) = (Vec::new(), 0);
        for (at, said) in (0..=step).zip(&doubt.said) {
            let minor = match said {
                NeedsResponse | UnderReview | Lost if taken == 0 => -doubt.amount(at),
                Won | Prevented => taken,
                _ => 0,
            };
            taken -= minor;
            if minor != 0 {
                let id = format!("txn_{}_{at}", dispute_id(self.preorder, self.number, number));
                moves.push(Move { id, minor, at: self.at(600_500 + at * 1000) });
            }
        }
        Moved::of(moves)
    }
}

impl Doubt {
    const fn amount(&self, step: i64) -> i64 {
        if step == 0 { self.minor } else { self.later }
    }

    const fn lists(&self, step: i64) -> bool {
        match self.listed {
            Listed::Always => true,
            Listed::Never => false,
            Listed::Sometimes => step % 2 == 1,
        }
    }
}
