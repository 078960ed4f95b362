//! Where Stripe sends people back to. It says what is true now: while Stripe has not told us, it waits and asks again
//! (`wait.js`, or a plain refresh where there is no script); it never calls a payment failed that may have gone well.

use leptos::prelude::*;
use leptos_meta::Meta;

use super::{query, respond_with};
use crate::api::orders::{self, OrderState, OrderView};
use crate::api::storefront::{self, Flash};
use crate::api::{self, ApiError};
use crate::domain::locale::Locale;
use crate::domain::payment::PaymentFailure;
use crate::ui::components::{
    MessagePage, Mood, NoticeAction, OrderSummary, PaymentErrorBoundary, PaymentErrorNotice, SelectionSkeleton,
};
use crate::ui::text::{Text, fill};

#[component]
pub fn SuccessPage() -> impl IntoView {
    let (session_id, flash) = (query("session_id"), storefront::flash());
    let content = Suspend::new(async move {
        let order = Box::pin(orders::by_session(&session_id)).await?;
        Ok::<_, ApiError>(match order {
            Some(order) => order_page(order, &session_id, flash).into_any(),
            None => unknown_page().into_any(),
        })
    });
    view! {
        <Meta name="robots" content="noindex" />
        <PaymentErrorBoundary locale=Locale::En otherwise=PaymentFailure::Unknown>
            <Suspense fallback=|| view! { <SelectionSkeleton label=Text::of(Locale::En).loading /> }>{content}</Suspense>
        </PaymentErrorBoundary>
    }
}

/// What one state says: headline, what it means, what comes next, and whether the buyer can pay now.
struct Saying {
    title: &'static str,
    body: String,
    /// Why, where a reason is known.
    reason: Option<&'static str>,
    next: Vec<String>,
    mood: Mood,
    payable: bool,
}

fn saying(order: &OrderView) -> Saying {
    let text = Text::of(order.locale);
    let color = text.color_name_of(&order.color).unwrap_or(&order.color);
    let say = |title, body: &str, mood| Saying {
        title,
        body: fill(body, &[("color", color)]),
        reason: None,
        next: vec![],
        mood,
        payable: false,
    };
    match order.state {
        OrderState::Confirming => say(text.waiting_title, text.waiting_body, Mood::Waiting),
        OrderState::Open => Saying { payable: true, ..say(text.open_title, text.open_body, Mood::Smiling) },
        OrderState::Pending => Saying {
            next: vec![fill(text.pending_next, &[("email", &order.email)])],
            ..say(text.pending_title, text.pending_body, Mood::Waiting)
        },
        OrderState::Paid => Saying {
            next: vec![
                fill(text.paid_next_receipt, &[("email", &order.email)]),
                text.paid_next_change.to_owned(),
                text.paid_next_ship.to_owned(),
            ],
            ..say(text.paid_title, text.paid_body, Mood::Happy)
        },
        OrderState::Failed => Saying {
            reason: Some(decline_reason(text, order.decline.as_deref())),
            payable: true,
            ..say(text.failed_title, text.failed_body, Mood::Sorry)
        },
        OrderState::Expired => Saying { payable: true, ..say(text.expired_title, text.expired_body, Mood::Smiling) },
        OrderState::PartiallyRefunded => say(text.partly_refunded_title, text.partly_refunded_body, Mood::Smiling),
        OrderState::Refunded => say(text.refunded_title, text.refunded_body, Mood::Smiling),
        OrderState::Disputed => say(text.disputed_title, text.disputed_body, Mood::Sorry),
        OrderState::Cancelled => say(text.cancelled_title, text.cancelled_body, Mood::Sorry),
    }
}

/// Stripe has some fifty decline codes; a buyer can act on three groups of them.
fn decline_reason(text: &'static Text, code: Option<&str>) -> &'static str {
    match code {
        Some("insufficient_funds" | "card_velocity_exceeded" | "withdrawal_count_limit_exceeded") => text.failed_funds,
        Some("authentication_required" | "authentication_not_handled" | "payment_intent_authentication_failure") => {
            text.failed_auth
        }
        _ => text.failed_reason,
    }
}

fn order_page(order: OrderView, session_id: &str, flash: Option<Flash>) -> impl IntoView + use<> {
    let (locale, color) = (order.locale, order.color.clone());
    let text = Text::of(locale);
    let said = saying(&order);
    let waiting = (order.state == OrderState::Confirming).then(|| {
        view! {
            <div class="wait" data-wait=session_id.to_owned() data-state=order.state.as_str() role="status">
                <span class="wait-bar"></span>
                <p class="soft" hidden data-still>{text.waiting_still}</p>
            </div>
            <script src="/wait.js" defer></script>
            <noscript><meta http-equiv="refresh" content="3" /></noscript>
        }
    });
    let resume = said.payable.then(|| resume_form(&order, flash));
    let next = (!said.next.is_empty()).then(|| {
        let items = said.next.into_iter().map(|line| view! { <li>{line}</li> }).collect_view();
        view! {
            <h2>{text.order_next_title}</h2>
            <ul class="next">{items}</ul>
        }
    });
    view! {
        <MessagePage locale title=said.title mood=said.mood color>
            <p class="lede">{said.body}</p>
            {said.reason.map(|reason| view! { <p>{reason}</p> })}
            {waiting}
            <OrderSummary order />
            {resume}
            {next}
            <p class="soft">
                {text.footer_questions} " "
                <a class="text-link" href=format!("mailto:{}", text.support_email)>{text.support_email}</a>
            </p>
        </MessagePage>
    }
}

/// One button that takes up the payment where it stopped. What went wrong with the try before stands above it.
pub(super) fn resume_form(order: &OrderView, flash: Option<Flash>) -> impl IntoView + use<> {
    let (locale, text) = (order.locale, Text::of(order.locale));
    let notice = flash.map(|flash| {
        if flash.field.is_some() {
            return view! { <p class="field-error" role="alert">{text.error(&flash.code)}</p> }.into_any();
        }
        let failure = flash.failure.unwrap_or(PaymentFailure::Unknown);
        let details = api::is_development().then_some(flash.code);
        view! { <PaymentErrorNotice locale failure action=NoticeAction::Submit request_id=flash.request_id details /> }
            .into_any()
    });
    view! {
        <form method="post" action="/api/handle_checkout">
            <input type="hidden" name="preorder_id" value=order.preorder_id.clone() />
            {notice}
            <button type="submit" class="button">{text.resume_button}</button>
        </form>
    }
}

/// An address that leads to no order: help instead of a dead end.
pub(super) fn unknown_page() -> impl IntoView {
    respond_with(http::StatusCode::NOT_FOUND);
    let text = Text::of(Locale::En);
    view! {
        <MessagePage locale=Locale::En title=text.unknown_order_title mood=Mood::Sorry>
            <p class="lede">{text.unknown_order_body}</p>
            <p class="actions">
                <a class="button" href="/order">{text.nav_find_order}</a>
                <a class="text-link" href="/">{text.start_again}</a>
            </p>
        </MessagePage>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::{Currency, Money};
    use crate::domain::timestamp::Timestamp;

    fn order(state: OrderState) -> OrderView {
        OrderView {
            preorder_id: "pre_1".into(),
            number: "ROL-7KQ2M9XA".into(),
            email: "ana@example.com".into(),
            color: "cherry-red".into(),
            amount: Money::new(49_900, Currency::Usd),
            state,
            locale: Locale::En,
            decline: None,
            created_at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn nobody_who_may_have_paid_is_offered_to_pay_again() {
        for state in [
            OrderState::Confirming,
            OrderState::Pending,
            OrderState::Paid,
            OrderState::PartiallyRefunded,
            OrderState::Refunded,
            OrderState::Disputed,
            OrderState::Cancelled,
        ] {
            assert!(!saying(&order(state)).payable);
        }
        assert!(saying(&order(OrderState::Failed)).payable);
    }

    #[test]
    fn a_paid_order_names_the_colour_and_where_the_receipt_goes() {
        let said = saying(&order(OrderState::Paid));
        assert!(said.body.contains("Cherry Red"), "{}", said.body);
        assert!(said.next[0].contains("ana@example.com"));
    }

    #[test]
    fn a_decline_is_told_in_words_that_help() {
        let text = Text::of(Locale::En);
        assert_eq!(decline_reason(text, Some("insufficient_funds")), text.failed_funds);
        assert_eq!(decline_reason(text, Some("do_not_honor")), text.failed_reason);
        assert_eq!(decline_reason(text, None), text.failed_reason);
    }
}
