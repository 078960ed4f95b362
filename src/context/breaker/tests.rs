//! When it shuts, for whom, and what opens it.

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

fn gone() -> ProviderError {
    ProviderError::NoAnswer("gone".to_owned())
}

fn tripped() -> Breakers {
    let breakers = Breakers::default();
    for _ in 0..TRIPS_AFTER {
        breakers.learn(Lane::Klaviyo, Some(&gone()), NOW);
    }
    breakers
}

#[test]
fn it_shuts_after_some_failures_in_a_row_and_only_for_that_provider() {
    let breakers = Breakers::default();
    for _ in 1..TRIPS_AFTER {
        breakers.learn(Lane::Klaviyo, Some(&gone()), NOW);
        assert_eq!(breakers.gate(Lane::Klaviyo, NOW), Gate::Free);
    }
    breakers.learn(Lane::Klaviyo, Some(&gone()), NOW);
    assert_eq!(breakers.gate(Lane::Klaviyo, NOW), Gate::Shut(FIRST_PAUSE));
    assert_eq!(breakers.gate(Lane::Stripe, NOW), Gate::Free);
}

#[test]
fn those_that_were_under_way_do_not_lengthen_the_pause_and_a_failed_probe_does() {
    let breakers = tripped();
    for _ in 0..20 {
        breakers.learn(Lane::Klaviyo, Some(&gone()), NOW);
    }
    let later = NOW + FIRST_PAUSE;
    assert_eq!(breakers.gate(Lane::Klaviyo, later), Gate::Probe);
    breakers.learn(Lane::Klaviyo, Some(&gone()), later);
    assert_eq!(breakers.gate(Lane::Klaviyo, later), Gate::Shut(FIRST_PAUSE * 2));
}

#[test]
fn one_that_nobody_asks_any_more_is_not_told_as_shut_for_ever() {
    let breakers = tripped();
    let almost = NOW + FIRST_PAUSE - Duration::from_millis(1);
    assert!(breakers.is_shut(Lane::Klaviyo, NOW) && breakers.is_shut(Lane::Klaviyo, almost));
    assert!(!breakers.is_shut(Lane::Klaviyo, NOW + FIRST_PAUSE) && !breakers.is_shut(Lane::Stripe, NOW));
}

#[test]
fn one_answer_opens_it_even_a_refusal() {
    let breakers = tripped();
    breakers.learn(Lane::Klaviyo, Some(&ProviderError::Permanent("no such metric".to_owned())), NOW);
    assert_eq!(breakers.gate(Lane::Klaviyo, NOW), Gate::Free);
}

#[test]
fn while_it_is_shut_one_buyer_a_second_asks_for_all() {
    let breakers = tripped();
    assert_eq!(breakers.lets_a_buyer_ask(Lane::Klaviyo, NOW), Ok(()));
    assert_eq!(breakers.lets_a_buyer_ask(Lane::Klaviyo, NOW), Err(A_BUYER_EVERY));
    assert_eq!(breakers.lets_a_buyer_ask(Lane::Klaviyo, NOW + A_BUYER_EVERY), Ok(()));
    breakers.learn(Lane::Klaviyo, None, NOW);
    assert_eq!(breakers.lets_a_buyer_ask(Lane::Klaviyo, NOW), Ok(()));
}

#[test]
fn a_provider_that_says_when_is_asked_then() {
    let breakers = Breakers::default();
    for _ in 0..TRIPS_AFTER {
        breakers.learn(Lane::Klaviyo, Some(&busy(30)), NOW);
    }
    assert_eq!(breakers.gate(Lane::Klaviyo, NOW), Gate::Shut(Duration::from_secs(30)));
}

fn busy(seconds: u64) -> ProviderError {
    ProviderError::Retry { message: "busy".to_owned(), after: Some(Duration::from_secs(seconds)) }
}

#[test]
fn the_first_answer_that_says_when_holds_up_everybody_until_then() {
    let breakers = Breakers::default();
    breakers.learn_from_a_buyer(Lane::Stripe, Some(&busy(30)), NOW);
    // Somebody who was under way has better luck: that does not take it back.
    breakers.learn(Lane::Stripe, None, NOW);
    breakers.learn(Lane::Stripe, Some(&gone()), NOW);
    let almost = NOW + Duration::from_millis(29_999);
    assert_eq!(breakers.gate(Lane::Stripe, almost), Gate::Shut(Duration::from_millis(1)));
    assert_eq!(breakers.lets_a_buyer_ask(Lane::Stripe, almost), Err(Duration::from_millis(1)));
    let then = NOW + Duration::from_secs(30);
    assert_eq!(breakers.gate(Lane::Stripe, then), Gate::Probe);
    assert_eq!(breakers.lets_a_buyer_ask(Lane::Stripe, then), Ok(()));
    breakers.learn(Lane::Stripe, None, then);
    assert_eq!(breakers.gate(Lane::Stripe, then), Gate::Free);
}

#[test]
fn a_word_that_is_too_long_holds_up_neither_the_lane_nor_the_till_for_a_day() {
    let breakers = Breakers::default();
    breakers.learn_from_a_buyer(Lane::Stripe, Some(&busy(86_400)), NOW);
    assert_eq!(breakers.gate(Lane::Stripe, NOW), Gate::Shut(LONGEST_SAID));
    assert_eq!(breakers.lets_a_buyer_ask(Lane::Stripe, NOW), Err(LONGEST_SAID_TO_BUYERS));
}

#[test]
fn our_own_queue_says_nothing_of_the_provider() {
    let breakers = Breakers::default();
    let queue = ProviderError::NotAsked { message: "busy".to_owned(), after: Duration::from_secs(8) };
    for _ in 0..20 {
        breakers.learn(Lane::Stripe, Some(&queue), NOW);
    }
    assert_eq!(breakers.gate(Lane::Stripe, NOW), Gate::Free);
}

#[test]
fn what_is_said_to_the_background_does_not_shut_the_till() {
    let breakers = Breakers::default();
    breakers.learn(Lane::Stripe, Some(&busy(60)), NOW);
    assert_eq!(breakers.gate(Lane::Stripe, NOW), Gate::Shut(Duration::from_mins(1)));
    assert_eq!(breakers.lets_a_buyer_ask(Lane::Stripe, NOW), Ok(()));
}

#[test]
fn when_the_pause_is_over_one_asks_for_all_and_gives_its_place_back() {
    let breakers = tripped();
    let (lane, later) = (Lane::Klaviyo, NOW + FIRST_PAUSE);
    assert_eq!(breakers.enter(lane, NOW).err(), Some(FIRST_PAUSE));
    let probing = breakers.enter(lane, later).unwrap().unwrap();
    assert_eq!(breakers.enter(lane, later).err(), Some(WHILE_ONE_ASKS));
    // It was not asked after all: another may.
    drop(probing);
    let probing = breakers.enter(lane, later).unwrap().unwrap();
    breakers.learn(lane, None, later);
    assert!(breakers.enter(lane, later).unwrap().is_none(), "it is back: all may ask");
    drop(probing);
}

#[tokio::test]
async fn those_who_come_at_once_when_the_pause_is_over_ask_once() {
    let (breakers, clock) = (Breakers::default(), Clock::default());
    for _ in 0..TRIPS_AFTER {
        breakers.learn(Lane::Stripe, Some(&gone()), clock.steady());
    }
    clock.advance(FIRST_PAUSE);
    let asked = std::sync::atomic::AtomicU32::new(0);
    let ask = || {
        breakers.ask(Lane::Stripe, &clock, async {
            asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            tokio::task::yield_now().await;
            Err::<(), _>(gone())
        })
    };
    let answers = futures::future::join_all((0..8).map(|_| ask())).await;
    assert_eq!(asked.into_inner(), 1);
    assert_eq!(answers.iter().filter(|a| matches!(a, Err(ProviderError::NotAsked { .. }))).count(), 7);
}
