//! Stripe's records beside ours: what differs, with one button each, and the walks that found it.

use leptos::prelude::*;

use super::page;
use crate::api::admin::Frame;
use crate::api::admin::reconcile::{self, DifferenceRow, ROOM, Reconcile, Span};
use crate::domain::access::Right;
use crate::domain::comparison::{Verdict, WalkState, Walked};
use crate::store::walks::Walk;
use crate::ui::components::{AdminLayout, EmptyState, Instant, Room};

#[component]
pub fn ReconcilePage() -> impl IntoView {
    page("Reconcile", Room::Reconcile, reconcile::room(), show)
}

fn show(frame: Frame, found: Reconcile) -> AnyView {
    let may_act = frame.may(Right::Act);
    let more = found.open_in_all - i64::try_from(found.open.len()).unwrap_or_default();
    let more = (more > 0).then(|| view! { <p class="soft more">{more} " more come up as these are done."</p> });
    let has_walked = !found.walks.is_empty();
    let open = if found.open.is_empty() { nothing(has_walked) } else { open(found.open, may_act) };
    let settled = (!found.settled.is_empty()).then(|| settled(found.settled));
    view! {
        <AdminLayout title="Reconcile" room=Room::Reconcile frame>
            <h1>"Reconcile"</h1>
            <p class="soft reconcile-lead">
                "Stripe’s records beside ours. Events that never came are taken in by themselves every few minutes; what \
                differs otherwise waits here."
            </p>
            {may_act.then(ask)}
            <section class="card card-flush titled" aria-labelledby="differences">
                <header><h2 id="differences">"Differences"</h2></header>
                {open}
                {more}
            </section>
            {settled}
            {walks(found.walks)}
        </AdminLayout>
    }
    .into_any()
}

fn ask() -> AnyView {
    let spans = Span::ALL
        .iter()
        .map(|span| view! { <option value=span.as_str() selected=*span == Span::Day>{span.label()}</option> })
        .collect_view();
    view! {
        <form class="reconcile-ask" method="post" action="/api/admin/compare_with_stripe">
            <input type="hidden" name="back" value=ROOM />
            <div class="control">
                <label for="span">"Compare"</label>
                <select id="span" name="span">{spans}</select>
            </div>
            <button type="submit" class="button-act">"Compare with Stripe"</button>
        </form>
    }
    .into_any()
}

fn nothing(has_walked: bool) -> AnyView {
    let (title, hint) = if has_walked {
        ("Stripe and we say the same.", "Walks through its records found nothing that waits for a person.")
    } else {
        ("Nothing was compared yet.", "It is done once a day by itself, and whenever somebody asks for it.")
    };
    view! { <EmptyState title><p>{hint}</p></EmptyState> }.into_any()
}

fn head(last: &'static str) -> AnyView {
    view! {
        <thead>
            <tr>
                <th scope="col">"Stripe’s object"</th>
                <th scope="col">"Verdict"</th>
                <th scope="col">"Preorder"</th>
                <th scope="col">"Ours"</th>
                <th scope="col">"Stripe’s"</th>
                <th scope="col">{last}</th>
            </tr>
        </thead>
    }
    .into_any()
}

fn open(rows: Vec<DifferenceRow>, may_act: bool) -> AnyView {
    let rows = rows.into_iter().map(|row| difference(row, may_act)).collect_view();
    view! { <table class="listing differences">{head("What to do")}<tbody>{rows}</tbody></table> }.into_any()
}

fn settled(rows: Vec<DifferenceRow>) -> AnyView {
    let rows = rows.into_iter().map(|row| difference(row, false)).collect_view();
    view! {
        <section class="card card-flush titled" aria-labelledby="settled">
            <header><h2 id="settled">"Settled lately"</h2></header>
            <table class="listing differences">{head("By")}<tbody>{rows}</tbody></table>
        </section>
    }
    .into_any()
}

fn difference(row: DifferenceRow, may_act: bool) -> AnyView {
    let (sign, word, tone) = match row.verdict {
        Verdict::Match => ("✓", "Match", "good"),
        Verdict::Missing => ("∅", "Missing here", "bad"),
        Verdict::Different => ("≠", "Different", "bad"),
        Verdict::Unknown => ("?", "Unknown", "neutral"),
    };
    let tone = if row.settled.is_some() { "neutral" } else { tone };
    let object = match row.in_stripe {
        Some(href) => view! {
            <a class="text-link above code" href=href rel="noreferrer" target="_blank">
                {row.provider_id.clone()} <span aria-hidden="true">" ↗"</span>
                <span class="sr-only">" (opens in a new tab)"</span>
            </a>
        }
        .into_any(),
        None => view! { <span class="code">{row.provider_id.clone()}</span> }.into_any(),
    };
    let preorder = row.preorder.map(|(id, number)| {
        view! { <a class="text-link above" href=format!("/admin/preorders/{id}")>{number}</a> }
    });
    let label = format!("Settle as Stripe says: {} {}", name(row.object).to_lowercase(), row.provider_id);
    let act = match (row.settled, row.advice) {
        (Some((at, by)), _) => {
            let by = by.unwrap_or_else(|| "itself".to_owned());
            view! { <span class="soft">{by} ", " <Instant at /></span> }.into_any()
        }
        (None, Some(advice)) => {
            let aside = may_act.then(|| set_aside(row.id.clone(), &row.provider_id));
            view! { <span class="advice">{advice}</span> {aside} }.into_any()
        }
        // It may be settled and differ all the same: then somebody has looked, and says what they found.
        (None, None) if may_act => view! {
            <form method="post" action="/api/admin/settle_difference">
                <input type="hidden" name="id" value=row.id.clone() />
                <input type="hidden" name="back" value=ROOM />
                <button type="submit" class="button-act" aria-label=label>"Settle as Stripe says"</button>
            </form>
            {set_aside(row.id.clone(), &row.provider_id)}
        }
        .into_any(),
        (None, None) => view! { <span class="soft">"Support or an owner can settle it."</span> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row">
                <span class="difference-name">{name(row.object)} <span class="soft">", found " <Instant at=row.found_at /></span></span>
                {object}
            </th>
            <td><span class="badge" data-tone=tone><span aria-hidden="true">{sign}</span> " " {word}</span></td>
            <td>{preorder}</td>
            <td data-label="Ours">{if row.ours.is_empty() { "unreadable".to_owned() } else { row.ours }}</td>
            <td data-label="Stripe’s">{row.theirs}</td>
            <td class="cell-act">{act}</td>
        </tr>
    }
    .into_any()
}

fn set_aside(id: String, provider_id: &str) -> AnyView {
    let (reason, button) = (format!("Reason to set aside {provider_id}"), format!("Set aside {provider_id}"));
    view! {
        <form class="set-aside" method="post" action="/api/admin/set_difference_aside">
            <input type="hidden" name="id" value=id />
            <input type="hidden" name="back" value=ROOM />
            <input name="reason" required maxlength="300" placeholder="Reason" aria-label=reason autocomplete="off" />
            <button type="submit" class="button-quiet" aria-label=button>"Set aside"</button>
        </form>
    }
    .into_any()
}

const fn name(object: Walked) -> &'static str {
    match object {
        Walked::Session => "Payment page",
        Walked::Payment => "Payment",
        Walked::Refund => "Refund",
        Walked::Dispute => "Dispute",
        Walked::Event => "Event",
    }
}

fn walks(walks: Vec<Walk>) -> Option<AnyView> {
    if walks.is_empty() {
        return None;
    }
    let rows = walks.into_iter().map(walk).collect_view();
    Some(
        view! {
            <section class="card card-flush titled" aria-labelledby="walks">
                <header><h2 id="walks">"Comparisons"</h2></header>
                <table class="listing differences">
                    <thead>
                        <tr>
                            <th scope="col">"Begun"</th>
                            <th scope="col">"State"</th>
                            <th scope="col">"By"</th>
                            <th scope="col">"Of what was made since"</th>
                            <th scope="col">"Match"</th>
                            <th scope="col">"Differ"</th>
                            <th scope="col">"Of nobody here"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </section>
        }
        .into_any(),
    )
}

fn walk(walk: Walk) -> AnyView {
    let (sign, word, tone) = match walk.state {
        WalkState::Walking => ("◐", format!("At {}s", walk.object), "waiting"),
        WalkState::Done => ("✓", "Done".to_owned(), "neutral"),
    };
    view! {
        <tr>
            <th scope="row"><Instant at=walk.created_at /></th>
            <td><span class="badge" data-tone=tone><span aria-hidden="true">{sign}</span> " " {word}</span></td>
            <td>{walk.asked_by.unwrap_or_else(|| "itself".to_owned())}</td>
            <td><Instant at=walk.since /></td>
            <td data-label="Match">{walk.matched}</td>
            <td data-label="Differ">{walk.differing}</td>
            <td data-label="Of nobody here">{walk.strangers}</td>
        </tr>
    }
    .into_any()
}
