//! The rows of a list: first what is left out and why, then what will be done, then what was done before.

use leptos::prelude::*;

use crate::api::admin::fulfil::{ListPreview, PreviewRow, Verdict};
use crate::store::order_lists::OrderListAct;
use crate::ui::components::{FulfilmentBadge, PaymentBadge};

pub fn tables(list: ListPreview) -> impl IntoView {
    let (mut bad, mut good, mut done) = (Vec::new(), Vec::new(), Vec::new());
    for row in list.rows {
        match row.verdict {
            Verdict::Bad(_) => bad.push(row),
            Verdict::Good | Verdict::Asks(_) => good.push(row),
            Verdict::Done(_) => done.push(row),
        }
    }
    let (lines, fulfils) = (list.from_file, list.act == OrderListAct::Fulfil);
    let will = if fulfils { "Will be fulfilled" } else { "Will be cancelled" };
    [
        table("Left out", "left-out", bad, lines, fulfils),
        table(will, "will-be-done", good, lines, fulfils),
        table("Done already", "done-already", done, lines, fulfils),
    ]
    .collect_view()
}

fn table(title: &'static str, id: &'static str, rows: Vec<PreviewRow>, lines: bool, fulfils: bool) -> Option<AnyView> {
    if rows.is_empty() {
        return None;
    }
    let count = rows.len();
    let rows = rows.into_iter().map(|row| table_row(row, lines, fulfils)).collect_view();
    Some(
        view! {
            <section class="card card-flush" aria-labelledby=id>
                <h2 id=id class="rows-title">{title} " " <span class="soft">{count}</span></h2>
                <table class="rows" aria-labelledby=id>
                    <thead>
                        <tr>
                            {lines.then(|| view! { <th scope="col">"Line"</th> })}
                            <th scope="col">"Number"</th>
                            <th scope="col">"Buyer"</th>
                            <th scope="col">"Colour"</th>
                            <th scope="col">"State"</th>
                            {fulfils.then(|| view! { <th scope="col">"Tracking number"</th> })}
                            <th scope="col">"What happens"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </section>
        }
        .into_any(),
    )
}

fn table_row(row: PreviewRow, lines: bool, fulfils: bool) -> impl IntoView {
    let number = if row.id.is_empty() {
        view! { <span class="number">{row.number.clone()}</span> }.into_any()
    } else {
        view! { <a class="number text-link" href=format!("/admin/preorders/{}", row.id)>{row.number.clone()}</a> }
            .into_any()
    };
    let (tone, what) = match &row.verdict {
        Verdict::Good if fulfils => ("good", "Marked fulfilled".to_owned()),
        Verdict::Good => ("bad", "Cancelled".to_owned()),
        Verdict::Asks(None) => ("waiting", "Waits for its number".to_owned()),
        Verdict::Asks(Some(why)) => ("bad", why.clone()),
        Verdict::Done(what) => ("neutral", format!("Nothing: {what}")),
        Verdict::Bad(why) => ("bad", capital(why)),
    };
    let tracking = fulfils.then(|| view! { <td data-label="Tracking number">{tracking(&row)}</td> });
    view! {
        <tr>
            {lines.then(|| view! { <td class="rows-line soft" data-label="Line">{row.line}</td> })}
            <th scope="row">{number}</th>
            <td class="rows-email">{row.email}</td>
            <td>{row.color_name}</td>
            <td>
                {row.payment_status.map(|status| view! { <PaymentBadge status /> })}
                " "
                {row.fulfilment_status.map(|status| view! { <FulfilmentBadge status /> })}
            </td>
            {tracking}
            <td class="rows-what" data-tone=tone>{what}</td>
        </tr>
    }
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

/// Rows of a file bring their number; rows that were ticked get it here.
fn tracking(row: &PreviewRow) -> AnyView {
    let typed_here = row.line == 0 && matches!(row.verdict, Verdict::Good | Verdict::Asks(_));
    if !typed_here {
        return view! { <code>{row.tracking.clone()}</code> }.into_any();
    }
    let wrong = matches!(row.verdict, Verdict::Asks(Some(_)));
    view! {
        <input type="hidden" name="numbers[]" value=row.number.clone() />
        <input
            class="rows-tracking"
            name="trackings[]"
            value=row.tracking.clone()
            aria-label=format!("Tracking number of {}", row.number)
            aria-invalid=wrong.then_some("true")
            autocomplete="off"
            autocapitalize="characters"
            spellcheck="false"
            maxlength="100"
        />
    }
    .into_any()
}
