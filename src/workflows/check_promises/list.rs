//! What is asked about each promise, with the harm and the remedy.

use super::Harm::{self, Duplicated, Lost, Wrong};
use crate::store::doctor::{Question, deliveries, events, guards, money, outcomes, preorders, walks};

pub(super) struct Asked {
    pub promise: u8,
    pub name: &'static str,
    /// What is counted: words that follow a number.
    pub what: &'static str,
    pub harm: Harm,
    pub questions: &'static [Question],
    pub remedy: &'static str,
}

const RESTORE: &str = "Somebody changed the tables by hand. Compare them with a backup; `rolitt reconcile` says what \
     Stripe knows of the payments.";
const PUT_BACK: &str = "Somebody took an index or a trigger away. Make it again as in the folder `migrations`, before \
     anything else is sold.";
const COMPARE: &str = "Look at them in the admin, beside Stripe's dashboard; `rolitt reconcile` compares them.";
const BY_HAND: &str = "Ask the buyer, or look at the provider's own log, before anything is sent again.";
const AT_WORK: &str = "See that `rolitt serve` or `rolitt work` is running: workers take up what was left within \
     seconds. If one is, read its log.";

/// One group a promise, in their order.
pub(super) const QUESTIONS: &[Asked] = &[
    asked(
        1,
        "leads",
        Lost,
        "deliveries that preorders owe and that are not in the outbox",
        preorders::OWED_ON_CREATION,
    )
    .or("Send them again: in the admin, on the preorder's page. Then look who removes rows from `outbox`."),
    asked(
        1,
        "follow-ups",
        Lost,
        "deliveries that payments owe and that are not in the outbox",
        preorders::OWED_ON_PAYMENT,
    )
    .or("Send them again: in the admin, on the preorder's page. Then look who removes rows from `outbox`."),
    asked(1, "preorders", Lost, "preorders are gone, and what was written for them is there", &[preorders::GONE])
        .or(RESTORE),
    asked(2, "payments", Wrong, "preorders and their payments disagree", &[money::PAYMENTS_THAT_DISAGREE]).or(COMPARE),
    asked(2, "credits", Duplicated, "facts are in the ledger twice", &[money::ENTERED_TWICE])
        .or("Compare the preorder's ledger with Stripe's dashboard; correct it by an entry of the opposite sign."),
    asked(2, "counted", Duplicated, "payments stand in two tries at once", &[money::COUNTED_TWICE]).or(COMPARE),
    asked(2, "guards of payments", Wrong, "unique indexes of payments are missing", &[guards::OF_PAYMENTS])
        .or(PUT_BACK),
    asked(2, "effects", Duplicated, "deliveries were enqueued twice for one preorder", &[deliveries::TWICE_FOR_ONE])
        .or("Discard the second one in the admin, under Background, if it is not done yet."),
    asked(3, "amounts", Wrong, "preorders were paid with another amount", &[money::PAYMENTS_OF_ANOTHER_AMOUNT])
        .or("Compare them with Stripe's dashboard, and refund what is too much."),
    asked(3, "ledger", Wrong, "preorders have another balance in the ledger", &[money::LEDGERS_THAT_DISAGREE])
        .or("Look at their money in the admin, beside Stripe's dashboard; replay their webhooks."),
    asked(3, "signs", Wrong, "entries of the ledger have the sign of another kind", &[money::SIGNS]).or(RESTORE),
    asked(3, "refunds", Wrong, "payments were refunded beyond what came in", &[money::REFUNDS_ABOVE_CAPTURES])
        .or("Compare them with Stripe's dashboard: a refund made there may have come before its payment's event."),
    asked(3, "guards of the ledger", Wrong, "triggers of the ledger are missing", &[guards::OF_THE_LEDGER])
        .or(PUT_BACK),
    asked(
        4,
        "events",
        Lost,
        "events were taken in and nobody is going to apply them",
        &[events::WITHOUT_DELIVERY, events::DONE_AND_NOT_APPLIED, events::GONE],
    )
    .or("Replay them in the admin, under Webhooks."),
    asked(4, "applied", Lost, "events were applied, and their effect is not there", &[events::WITHOUT_EFFECT])
        .or("Replay them in the admin, under Webhooks; the dry run says what would change."),
    asked(4, "repeats", Duplicated, "events are kept twice", &[events::TWICE]).or(PUT_BACK),
    asked(4, "guards of events", Wrong, "unique indexes of events are missing", &[guards::OF_EVENTS]).or(PUT_BACK),
    asked(5, "badges", Wrong, "preorders show another payment status than their money says", &[outcomes::BADGES])
        .or("Replay one of their webhooks in the admin: settling it again puts the badge right."),
    asked(
        5,
        "completion",
        Wrong,
        "preorders are paid and not completed, or completed and not paid",
        &[outcomes::PAID_AND_NOT_COMPLETED],
    )
    .or("Replay one of their webhooks in the admin: settling it again puts the badge right."),
    asked(5, "steps", Wrong, "rows bear the marks of a later state than theirs", &[outcomes::BACKWARDS]).or(COMPARE),
    asked(6, "ends", Wrong, "deliveries are in no state that they can be in", &[deliveries::IN_NO_STATE]).or(RESTORE),
    asked(6, "leases", Lost, "deliveries are held beyond their lease", &[deliveries::BEYOND_THEIR_LEASE]).or(AT_WORK),
    asked(
        6,
        "waiting",
        Lost,
        "deliveries were due long ago, and nobody has begun them",
        &[deliveries::EVENTS_LEFT, deliveries::LEFT],
    )
    .or(AT_WORK),
    asked(6, "put off", Lost, "deliveries are put off further than any schedule goes", &[deliveries::PUT_OFF_FOR_EVER])
        .or("Retry them in the admin, under Background; compare the clocks of the machines."),
    asked(
        6,
        "tries",
        Lost,
        "deliveries are done without a try, or tries are of no delivery",
        &[deliveries::DONE_BY_NOBODY, deliveries::TRIES_OF_NOTHING],
    )
    .or(RESTORE),
    asked(7, "done once", Duplicated, "deliveries were done twice", &[deliveries::DONE_TWICE]).or(BY_HAND),
    asked(
        7,
        "messages",
        Duplicated,
        "messages were sent although an earlier try may have sent them",
        &[deliveries::MESSAGES_SENT_BLINDLY],
    )
    .or(BY_HAND),
    asked(7, "paid twice", Duplicated, "preorders were paid twice", &[money::PAID_TWICE])
        .or("Refund the second payment: in the admin, under Payments."),
    asked(7, "guards of deliveries", Wrong, "unique indexes of deliveries are missing", &[guards::OF_DELIVERIES])
        .or(PUT_BACK),
    asked(8, "differences", Wrong, "things that Stripe says otherwise are not settled", &[walks::LEFT_OPEN])
        .or("Settle them in the admin, under Reconcile, or run `rolitt reconcile --fix`."),
    asked(8, "compared", Wrong, "days are over on which nobody compared us with Stripe", &[walks::NOT_COMPARED])
        .or("See that workers run, and why the delivery `walk_stripe` does not end: in the admin, under Background."),
    asked(
        9,
        "holders",
        Wrong,
        "deliveries are held by nobody, or held and not under way",
        &[deliveries::HELD_BY_NOBODY],
    )
    .or("Retry them in the admin, under Background; then look who writes to `outbox` by hand."),
    asked(
        9,
        "refunds asked for",
        Lost,
        "refunds were asked for, and nobody is going to ask Stripe",
        &[deliveries::REFUNDS_FORGOTTEN],
    )
    .or("Retry the discarded delivery in the admin, under Background: it asks Stripe whether the refund was made."),
    asked(
        9,
        "calls",
        Lost,
        "payment pages were asked for, and what came of it was never learnt",
        &[deliveries::CALLS_UNANSWERED],
    )
    .or("See that workers run: they ask Stripe every few minutes. `rolitt reconcile --fix` does it now."),
    asked(9, "migrations", Wrong, "migrations were interrupted", &[deliveries::MIGRATION_INTERRUPTED])
        .or("Run `rolitt migrate`; if it refuses, restore the backup made before it."),
];

const fn asked(
    promise: u8,
    name: &'static str,
    harm: Harm,
    what: &'static str,
    questions: &'static [Question],
) -> Asked {
    Asked { promise, name, what, harm, questions, remedy: "" }
}

impl Asked {
    /// Otherwise, what to do.
    const fn or(self, remedy: &'static str) -> Self {
        Self { remedy, ..self }
    }
}
