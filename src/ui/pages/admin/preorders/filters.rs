//! The form that finds and narrows: one form, so that a search keeps its filters and a filter its search.

use leptos::prelude::*;

use crate::api::admin::preorders::{Column, PreorderPage, SORTS, is_day, language, sort_word};
use crate::domain::locale::Locale;
use crate::domain::money::Currency;
use crate::domain::preorder::{FulfilmentStatus, PaymentStatus, PreorderStatus};

pub fn form(page: &PreorderPage) -> impl IntoView + use<> {
    let narrowed = page.query.filters().len();
    let count =
        (narrowed > 0).then(|| view! { <span class="count">{narrowed}<span class="sr-only">" set"</span></span> });
    let q = page.query.q.clone();
    let filters = filters(page).into_any();
    let shape = shape(page).into_any();
    view! {
        <form class="list-form" role="search" method="get" action="/admin/preorders" aria-label="Preorders">
            <div class="list-search">
                <label class="sr-only" for="search">"Search preorders"</label>
                <input id="search" name="q" type="search" value=q maxlength="254" autocomplete="off" placeholder="Number, part of an e-mail, name, phone, id …" />
                <button type="submit" class="button-act">"Search"</button>
            </div>
            <details class="opener">
                <summary class="button-quiet">"Filters " {count}</summary>
                <div class="panel">{filters}</div>
            </details>
            <details class="opener">
                <summary class="button-quiet">"Columns and order"</summary>
                <div class="panel">{shape}</div>
            </details>
        </form>
    }
}

fn filters(page: &PreorderPage) -> impl IntoView + use<> {
    let query = &page.query;
    let payment = PaymentStatus::ALL.iter().map(|s| (s.to_string(), spoken(s.as_str()), query.payment.contains(s)));
    let fulfilment =
        FulfilmentStatus::ALL.iter().map(|s| (s.to_string(), spoken(s.as_str()), query.fulfilment.contains(s)));
    let status = PreorderStatus::ALL.iter().map(|s| (s.to_string(), spoken(s.as_str()), query.status.contains(s)));
    let color = page.choices.colors.iter().map(|(id, name)| (id.clone(), name.clone(), query.color.contains(id)));
    let currency = Currency::ALL.iter().map(|c| (c.to_string(), c.as_str().to_uppercase(), query.currency.contains(c)));
    let locale = Locale::ALL.iter().map(|l| (l.to_string(), language(*l).to_owned(), query.locale.contains(l)));
    // A country that nothing ships to yet may be asked for all the same.
    let mut known = page.choices.countries.clone();
    known.extend(query.country.iter().filter(|code| !page.choices.countries.contains(code)).cloned());
    let country = known.into_iter().map(|code| (code.clone(), code.clone(), query.country.contains(&code)));
    let groups = [
        group("Payment", "payment", payment.collect()),
        group("Fulfilment", "fulfilment", fulfilment.collect()),
        group("Status", "status", status.collect()),
        group("Colour", "color", color.collect()),
        group("Currency", "currency", currency.collect()),
        group("Language", "locale", locale.collect()),
        group("Country", "country", country.collect()),
    ]
    .collect_view();
    let dates = [
        date("from", "Started from", &query.from),
        date("to", "Started until", &query.to),
        date("paid_from", "Paid from", &query.paid_from),
        date("paid_to", "Paid until", &query.paid_to),
    ]
    .collect_view();
    let zone = page.choices.zone.clone();
    view! {
        <div class="choices">{groups}</div>
        <div class="dates">{dates}</div>
        <p class="soft hint">"Days as they are in " <span data-zone="">{zone}</span> "; the last one counts."</p>
        <div class="acts">
            <button type="submit" class="button-act">"Apply"</button>
            <a class="button-quiet" href="/admin/preorders">"Clear all"</a>
        </div>
    }
}

/// Boxes of one name, of which any number may be checked. Each is value, label, checked.
fn group(legend: &'static str, name: &'static str, boxes: Vec<(String, String, bool)>) -> Option<AnyView> {
    if boxes.is_empty() {
        return None;
    }
    let boxes = boxes
        .into_iter()
        .map(|(value, label, checked)| {
            view! {
                <label class="choice">
                    <input type="checkbox" name=name value=value checked=checked />
                    <span>{label}</span>
                </label>
            }
        })
        .collect_view();
    Some(view! { <fieldset class="group"><legend>{legend}</legend>{boxes}</fieldset> }.into_any())
}

/// A day has a calendar; an instant, which another room linked with, is kept as it is.
fn date(name: &'static str, label: &'static str, value: &str) -> AnyView {
    let kind = if value.is_empty() || is_day(value) { "date" } else { "text" };
    view! {
        <label class="control">
            <span>{label}</span>
            <input type=kind name=name value=value.to_owned() />
        </label>
    }
    .into_any()
}

fn shape(page: &PreorderPage) -> impl IntoView + use<> {
    let query = &page.query;
    let shown: &[Column] = if query.columns.is_empty() { Column::USUAL } else { &query.columns };
    let columns = Column::ALL.iter().map(|c| (c.word().to_owned(), c.label().to_owned(), shown.contains(c)));
    let columns = group("Columns beside the number", "columns", columns.collect());
    let by = query.order.by;
    let sorts = SORTS
        .iter()
        .map(|(sort, word, label)| view! { <option value=*word selected=*sort == by>{*label}</option> })
        .collect_view();
    let ascending = query.order.ascending;
    view! {
        <div class="choices">{columns}</div>
        <div class="dates">
            <label class="control">
                <span>"Sort by"</span>
                <select name="sort" data-now=sort_word(by)>{sorts}</select>
            </label>
            <label class="control">
                <span>"Direction"</span>
                <select name="dir">
                    <option value="desc" selected=!ascending>"Newest or largest first"</option>
                    <option value="asc" selected=ascending>"Oldest or smallest first"</option>
                </select>
            </label>
        </div>
        <div class="acts">
            <button type="submit" class="button-act">"Show"</button>
        </div>
    }
}

/// `partially_refunded` as people say it.
fn spoken(word: &str) -> String {
    let word = word.replace('_', " ");
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
