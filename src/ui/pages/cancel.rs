//! Where Stripe's "back" leads: nothing was charged, everything is kept, one button resumes.

use leptos::prelude::*;
use leptos_meta::Meta;

use super::query;
use super::success::{resume_form, unknown_page};
use crate::api::ApiError;
use crate::api::orders::{self, OrderState, OrderView};
use crate::api::storefront::{self, Flash};
use crate::domain::locale::Locale;
use crate::domain::payment::PaymentFailure;
use crate::ui::components::{MessagePage, Mood, OrderSummary, PaymentErrorBoundary, SelectionSkeleton};
use crate::ui::text::{Text, fill};

#[component]
pub fn CancelPage() -> impl IntoView {
    let (preorder_id, flash) = (query("preorder_id"), storefront::flash());
    let content = Suspend::new(async move {
        let order = orders::by_preorder(&preorder_id).await?;
        Ok::<_, ApiError>(match order {
            Some(order) => kept_page(order, flash).into_any(),
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

/// Whether this order still waits for a payment. Somebody may come back here long after having paid elsewhere.
const fn is_unpaid(state: OrderState) -> bool {
    matches!(state, OrderState::Open | OrderState::Failed | OrderState::Expired)
}

fn kept_page(order: OrderView, flash: Option<Flash>) -> impl IntoView {
    let (locale, color) = (order.locale, order.color.clone());
    let text = Text::of(locale);
    let color_name = text.color_name_of(&color).unwrap_or(&color).to_owned();
    let amount = order.amount.short();
    let (title, body, mood) = match order.state {
        state if is_unpaid(state) => (text.cancel_title, text.cancel_body, Mood::Smiling),
        OrderState::Confirming => (text.waiting_title, text.waiting_body, Mood::Waiting),
        OrderState::Pending => (text.pending_title, text.pending_body, Mood::Waiting),
        OrderState::Paid => (text.paid_title, text.paid_body, Mood::Happy),
        OrderState::Refunded => (text.refunded_title, text.refunded_body, Mood::Smiling),
        OrderState::PartiallyRefunded => (text.partly_refunded_title, text.partly_refunded_body, Mood::Smiling),
        OrderState::Disputed => (text.disputed_title, text.disputed_body, Mood::Sorry),
        _ => (text.cancelled_title, text.cancelled_body, Mood::Sorry),
    };
    let resume = is_unpaid(order.state).then(|| {
        view! {
            <p>{text.cancel_kept}</p>
            {resume_form(&order, flash)}
        }
    });
    view! {
        <MessagePage locale title mood color>
            <p class="lede">{fill(body, &[("color", &color_name), ("amount", &amount)])}</p>
            {resume}
            <OrderSummary order />
            <p><a class="text-link" href=locale.home()>{text.start_again}</a></p>
        </MessagePage>
    }
}
