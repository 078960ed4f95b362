//! A buyer's order in four lines: number, colour, amount, e-mail address.

use leptos::prelude::*;

use crate::api::orders::OrderView;
use crate::ui::text::Text;

#[component]
pub fn OrderSummary(order: OrderView) -> impl IntoView {
    let text = Text::of(order.locale);
    let color = text.color_name_of(&order.color).map_or_else(|| order.color.clone(), str::to_owned);
    view! {
        <dl class="order-summary" data-testid="order-state" data-state=order.state.as_str()>
            <div>
                <dt>{text.order_number}</dt>
                <dd class="number" data-testid="order-number">{order.number}</dd>
            </div>
            <div>
                <dt>{text.order_color}</dt>
                <dd>{color}</dd>
            </div>
            <div>
                <dt>{text.order_amount}</dt>
                <dd>{order.amount.to_string()}</dd>
            </div>
            <div>
                <dt>{text.order_email}</dt>
                <dd>{order.email}</dd>
            </div>
        </dl>
    }
}
