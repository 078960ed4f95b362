//! What came in, what went back, and whether the ledger says the same.

use super::form::card;
use super::money::{dispute_tone, reason_words, refund_words};
use super::{Rows, Tone};
use crate::domain::decline::reason;
use crate::domain::money::{Currency, Money};
use crate::domain::payment::AttemptState;
use crate::domain::refund::RefundState;
use crate::domain::timestamp::Timestamp;
use crate::store::attempts::Attempt;
use crate::store::disputes::Dispute;
use crate::store::preorders::Preorder;
use crate::store::refunds::Refund;

#[derive(Clone)]
pub struct MoneyCard {
    pub price: Money,
    /// A preorder may have been paid in another currency than it was quoted in; sums never mix them.
    pub captured: Vec<Money>,
    /// What was refunded or is on its way, by what became of it.
    pub refunded: Vec<(&'static str, Money)>,
    pub disputed: Vec<Money>,
    pub net: Vec<Money>,
    pub ledger: LedgerCheck,
    /// What can still be given back.
    pub refundable: Money,
    pub attempts: Vec<AttemptLine>,
    pub refunds: Vec<RefundLine>,
    pub disputes: Vec<DisputeLine>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerCheck {
    /// No money moved, and none was entered.
    Empty,
    Agrees,
    Differs,
}

#[derive(Clone)]
pub struct AttemptLine {
    pub number: i64,
    pub amount: Money,
    pub card: Option<String>,
    pub state: &'static str,
    pub tone: Tone,
    /// Why it failed: a few words, a sentence, and Stripe's code.
    pub why: Option<(&'static str, &'static str, String)>,
    pub payment_intent_id: Option<String>,
    pub at: Timestamp,
}

#[derive(Clone)]
pub struct RefundLine {
    pub amount: Money,
    pub state: &'static str,
    pub tone: Tone,
    pub reason: String,
    pub failure: Option<String>,
    /// Who asked for it; empty: it was made at Stripe.
    pub by: Option<String>,
    pub provider_refund_id: Option<String>,
    pub at: Timestamp,
}

#[derive(Clone)]
pub struct DisputeLine {
    pub amount: Money,
    pub state: &'static str,
    pub tone: Tone,
    pub reason: String,
    /// When evidence is due, if we are to answer.
    pub due_at: Option<Timestamp>,
    pub provider_dispute_id: String,
}

pub fn money_card(preorder: &Preorder, rows: &Rows, refundable: Money) -> MoneyCard {
    let captured = sums(rows.attempts.iter().filter_map(captured));
    let back =
        sums(rows.refunds.iter().filter(|refund| refund.state.took_money()).map(|refund| negative(refund.amount())));
    let disputed = sums(rows.disputes.iter().map(Dispute::taken).filter(|taken| taken.minor != 0));
    let net = sums(rows.ledger.iter().map(|line| Money::new(line.amount_minor, line.currency)));
    let ledger = check(&captured, &back, &disputed, &net);
    MoneyCard {
        price: preorder.price(),
        refunded: by_state(rows),
        refundable,
        attempts: rows.attempts.iter().map(attempt_line).collect(),
        refunds: rows.refunds.iter().rev().map(refund_line).collect(),
        disputes: rows.disputes.iter().rev().map(dispute_line).collect(),
        captured,
        disputed,
        net,
        ledger,
    }
}

/// Captured, less what went back, less what disputes took: is that what the ledger comes to?
fn check(captured: &[Money], back: &[Money], disputed: &[Money], net: &[Money]) -> LedgerCheck {
    let went = disputed.iter().copied().map(negative);
    let expected = sums(captured.iter().chain(back).copied().chain(went));
    match (captured.is_empty() && net.is_empty(), expected == net) {
        (true, true) => LedgerCheck::Empty,
        (_, true) => LedgerCheck::Agrees,
        (_, false) => LedgerCheck::Differs,
    }
}

fn captured(attempt: &Attempt) -> Option<Money> {
    attempt.received().filter(|_| attempt.state == AttemptState::Paid)
}

const fn negative(money: Money) -> Money {
    Money::new(-money.minor, money.currency)
}

/// A sum a currency, without those that come to nothing.
fn sums(amounts: impl Iterator<Item = Money>) -> Vec<Money> {
    let mut sums = [0_i64; Currency::ALL.len()];
    for amount in amounts {
        sums[amount.currency as usize] += amount.minor;
    }
    let of = |&currency: &Currency| Money::new(sums[currency as usize], currency);
    Currency::ALL.iter().map(of).filter(|money| money.minor != 0).collect()
}

fn by_state(rows: &Rows) -> Vec<(&'static str, Money)> {
    let of = |state: RefundState| {
        let these = rows.refunds.iter().filter(move |refund| refund.state == state).map(Refund::amount);
        sums(these).into_iter().map(move |sum| (refund_words(state).0, sum))
    };
    RefundState::ALL.iter().rev().copied().flat_map(of).collect()
}

fn attempt_line(attempt: &Attempt) -> AttemptLine {
    let (state, tone) = match attempt.state {
        AttemptState::Creating => ("Page asked for", Tone::Waiting),
        AttemptState::Open => ("Page open", Tone::Neutral),
        AttemptState::Declined => ("Refused", Tone::Bad),
        AttemptState::Expired => ("Expired", Tone::Neutral),
        AttemptState::Pending => ("Pending", Tone::Waiting),
        AttemptState::Failed => ("Failed", Tone::Bad),
        AttemptState::Paid => ("Paid", Tone::Good),
    };
    let why = attempt.decline_code.as_deref().map(|code| {
        let reason = reason(code);
        (reason.label(), reason.sentence(), code.to_owned())
    });
    AttemptLine {
        number: attempt.number,
        amount: attempt.received().unwrap_or(Money::new(attempt.amount_minor, attempt.currency)),
        card: card(attempt),
        state,
        tone,
        why,
        payment_intent_id: attempt.payment_intent_id.clone(),
        at: attempt.created_at,
    }
}

fn refund_line(refund: &Refund) -> RefundLine {
    let (state, tone) = refund_words(refund.state);
    RefundLine {
        amount: refund.amount(),
        state,
        tone,
        reason: reason_words(refund.reason.as_deref()),
        failure: refund.failure_reason.as_deref().map(|why| why.replace('_', " ")),
        by: refund.requested_by.clone(),
        provider_refund_id: refund.provider_refund_id.clone(),
        at: refund.created_at,
    }
}

fn dispute_line(dispute: &Dispute) -> DisputeLine {
    DisputeLine {
        amount: dispute.amount(),
        state: dispute.state.label(),
        tone: dispute_tone(dispute.state),
        reason: dispute.reason.as_deref().map_or_else(|| "no reason given".to_owned(), |r| r.replace('_', " ")),
        due_at: dispute.due_at.filter(|_| dispute.state.awaits_us()),
        provider_dispute_id: dispute.provider_dispute_id.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_that_misses_something_differs() {
        let usd = |minor| [Money::new(minor, Currency::Usd)];
        let check = |captured, back, disputed, net| check(&usd(captured), &usd(back), &usd(disputed), &usd(net));
        assert_eq!(check(49_900, -9_900, 5_000, 35_000), LedgerCheck::Agrees);
        assert_eq!(check(49_900, -9_900, 5_000, 40_000), LedgerCheck::Differs);
        assert_eq!(super::check(&[], &[], &[], &[]), LedgerCheck::Empty);
        assert_eq!(super::check(&[], &[], &[], &usd(1)), LedgerCheck::Differs);
    }

    #[test]
    fn sums_are_kept_apart_by_currency_and_nothing_is_no_sum() {
        let usd = |minor| Money::new(minor, Currency::Usd);
        let jpy = Money::new(500, Currency::Jpy);
        assert_eq!(sums([usd(49_900), jpy, usd(-9_900)].into_iter()), [usd(40_000), jpy]);
        assert_eq!(sums([usd(1), usd(-1)].into_iter()), []);
    }
}
