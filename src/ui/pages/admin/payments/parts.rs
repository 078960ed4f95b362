//! Parts that the tabs share: badges, due dates, sums, the way to older rows.

use jiff::fmt::strtime;
use leptos::prelude::*;

use crate::api::admin::payments::{Asked, Due, Moved};
use crate::domain::refund::LedgerKind;

/// Sign, word, tone.
pub type Face = (&'static str, &'static str, &'static str);

pub fn badge((sign, word, tone): Face) -> impl IntoView {
    view! {
        <span class="badge" data-tone=tone>
            <span aria-hidden="true">{sign}</span>
            " "
            {word}
        </span>
    }
}

/// The way to a preorder; it covers its row.
pub fn preorder_link(id: &str, number: String) -> impl IntoView + use<> {
    view! { <a class="number" href=format!("/admin/preorders/{id}")>{number}</a> }
}

/// `due in 3 days`, red when that is soon; the exact time on hover.
pub fn due(due: Due) -> impl IntoView {
    let instant = jiff::Timestamp::from_millisecond(due.at.millis()).unwrap_or_default();
    let zoned = instant.to_zoned(crate::api::zone().0);
    let exact = strtime::format("%Y-%m-%d %H:%M %Z", &zoned).unwrap_or_default();
    let sign = due.is_near().then(|| view! { <span aria-hidden="true">"! "</span> });
    view! {
        <time class="due" datetime=instant.to_string() title=exact data-near=due.is_near().to_string()>
            {sign} {due.words()}
        </time>
    }
}

/// Stripe's own page, in a place above the row's link.
pub fn in_stripe(href: String) -> impl IntoView {
    view! {
        <a class="text-link above" href=href rel="noreferrer" target="_blank">
            "Stripe " <span aria-hidden="true">"↗"</span> <span class="sr-only">"(opens in a new tab)"</span>
        </a>
    }
}

const fn moved_label(kind: LedgerKind) -> &'static str {
    match kind {
        LedgerKind::Capture => "Captured",
        LedgerKind::Refund => "Given back",
        LedgerKind::RefundReturned => "Refunds that came back",
        LedgerKind::Dispute => "Taken back by banks",
        LedgerKind::DisputeReturned => "Won back",
    }
}

/// What moved in the span, by currency; nothing where nothing did.
pub fn sums(moved: Option<Vec<Moved>>, is_asked: bool) -> AnyView {
    let span = if is_asked { "in this span" } else { "in the last 7 days" };
    let Some(moved) = moved else {
        return view! {
            <p class="soft sums-cut">"Too much moved " {span} " to be added up here. Choose a shorter span."</p>
        }
        .into_any();
    };
    if moved.is_empty() {
        return ().into_any();
    }
    let mut kinds: Vec<LedgerKind> = moved.iter().map(|moved| moved.kind).collect();
    kinds.dedup();
    let sums = kinds
        .into_iter()
        .map(|kind| {
            let amounts = moved.iter().filter(|moved| moved.kind == kind);
            let amounts: Vec<String> = amounts.map(|moved| moved.amount.to_string()).collect();
            view! {
                <div>
                    <dt>{moved_label(kind)} " " {span}</dt>
                    <dd>{amounts.join(" · ")}</dd>
                </div>
            }
        })
        .collect_view();
    view! { <dl class="sums">{sums}</dl> }.into_any()
}

/// The address of this tab with its filters, and where to go on.
pub fn with_filters(asked: &Asked, view: &str, after: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("view", view);
    let filters = [
        ("outcome", &asked.outcome),
        ("reason", &asked.reason),
        ("currency", &asked.currency),
        ("state", &asked.state),
        ("from", &asked.from),
        ("to", &asked.to),
    ];
    for (name, value) in filters.into_iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    if let Some(after) = after {
        query.append_pair("after", after);
    }
    format!("/admin/payments?{}", query.finish())
}

/// Back to the first page, and on.
pub fn paging(
    asked: &Asked,
    view: &str,
    first_page: bool,
    next: Option<&str>,
    on: &'static str,
) -> impl IntoView + use<> {
    let first = (!first_page).then(|| {
        view! { <a class="button-quiet" href=with_filters(asked, view, None) rel="first">"← First page"</a> }
    });
    let next = next.map(|next| {
        view! { <a class="button-quiet" href=with_filters(asked, view, Some(next)) rel="next">{on} " →"</a> }
    });
    view! { <nav class="paging" aria-label="Pages">{first} {next}</nav> }
}
