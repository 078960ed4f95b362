//! What a replay would change: row by row, before and after.

use leptos::prelude::*;

use crate::api::admin::webhooks::{Change, ChangedCell, DryRun, Value};
use crate::ui::components::Instant;

pub fn dry_run_card(run: &DryRun) -> AnyView {
    let body = match run {
        DryRun::Settles { changes, preorder_id } if changes.is_empty() => view! {
            <p>
                "Nothing would change: "
                <a class="text-link" href=format!("/admin/preorders/{preorder_id}")>"its preorder"</a>
                " knows all of it."
            </p>
        }
        .into_any(),
        DryRun::Settles { changes, preorder_id } => view! {
            <p>
                "A replay would change "
                <a class="text-link" href=format!("/admin/preorders/{preorder_id}")>"its preorder"</a> " like this:"
            </p>
            {changes.iter().map(change_table).collect_view()}
        }
        .into_any(),
        DryRun::Ignored(why) => view! { <p>"Nothing would change. It would be ignored: " {*why} "."</p> }.into_any(),
        DryRun::Fails(why) => view! { <p>"Nothing would change. It would fail: " {why.clone()} "."</p> }.into_any(),
    };
    view! {
        <section class="card machine-dry-run" aria-labelledby="dry-run" data-testid="dry-run">
            <h2 id="dry-run">"Dry run"</h2>
            {body}
            <p class="soft">"Nothing was changed, sent or enqueued."</p>
        </section>
    }
    .into_any()
}

fn table_word(table: &str) -> &str {
    match table {
        "preorders" => "Preorder",
        "checkout_attempts" => "Payment attempt",
        "refunds" => "Refund",
        "disputes" => "Dispute",
        "payments_ledger" => "Ledger",
        "outbox" => "Delivery",
        other => other,
    }
}

fn change_table(change: &Change) -> AnyView {
    let heading = match &change.id {
        Some(id) => view! { {table_word(change.table)} " " <span class="code">{id.clone()}</span> }.into_any(),
        None => view! { {table_word(change.table)} ", new" }.into_any(),
    };
    let rows = change.cells.iter().map(cell_row).collect_view();
    view! {
        <table class="machine-diff">
            <caption>{heading}</caption>
            <thead>
                <tr>
                    <th scope="col">"What"</th>
                    <th scope="col">"Before"</th>
                    <th scope="col">"After"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn cell_row(cell: &ChangedCell) -> AnyView {
    view! {
        <tr>
            <th scope="row">{cell.column.replace('_', " ")}</th>
            <td>{value(cell.before.as_ref())}</td>
            <td>{value(cell.after.as_ref())}</td>
        </tr>
    }
    .into_any()
}

fn value(value: Option<&Value>) -> AnyView {
    match value {
        None => view! { <span class="soft">"–"</span> }.into_any(),
        Some(Value::Text(text)) => text.clone().into_any(),
        Some(Value::Number(number)) => number.to_string().into_any(),
        Some(Value::At(at)) => view! { <Instant at=*at /> }.into_any(),
    }
}
