//! The board: kinds by states, what is paused and by whom, and the acts on a whole kind.

use leptos::prelude::*;

use super::background::ROOM;
use super::machinery::{address, duration, reason_field};
use crate::api::Flash;
use crate::api::admin::background::{Background, BoardRow, Counted, Shelf, kind_label};
use crate::domain::delivery::DeliveryKind;
use crate::domain::timestamp::Timestamp;
use crate::ui::components::Instant;

pub fn board(found: &Background, may_act: bool, back: &str) -> AnyView {
    let now = found.now;
    let rows = found.board.iter().map(|row| kind_row(row, now, may_act, back)).collect_view();
    let of_latest = found.of_latest.map(|rows| {
        view! { <p class="soft machine-foot">"Done and retried: of the latest " {rows} " that ended."</p> }
    });
    view! {
        <section class="card card-flush" aria-labelledby="board">
            <h2 id="board" class="sr-only">"Kinds by state"</h2>
            <div class="board-scroll" role="region" aria-labelledby="board" tabindex="0">
                <table class="board">
                    <thead>
                        <tr>
                            <th scope="col">"Kind"</th>
                            <th scope="col" class="figure">"Dead"</th>
                            <th scope="col" class="figure">"Pending"</th>
                            <th scope="col" class="figure">"Oldest"</th>
                            <th scope="col" class="figure">"Running"</th>
                            <th scope="col" class="figure">"Done, 24 h"</th>
                            <th scope="col" class="figure" title="Of those that ended in the last 24 hours: more than one try">
                                "Retried"
                            </th>
                            {may_act.then(|| view! { <th scope="col"><span class="sr-only">"Act"</span></th> })}
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            {of_latest}
        </section>
    }
    .into_any()
}

fn kind_row(row: &BoardRow, now: Timestamp, may_act: bool, back: &str) -> AnyView {
    let kind = row.kind;
    let oldest = row.pending.oldest.map_or_else(|| "–".to_owned(), |at| duration(now.since(at)));
    let retried = if row.ended == 0 { "–".to_owned() } else { format!("{} %", row.retried * 100 / row.ended) };
    let pause = row.pause.as_ref().map(|pause| {
        view! {
            <span class="row-words">
                <span class="badge" data-tone="waiting">
                    <span aria-hidden="true">"‖"</span>
                    " Paused"
                </span>
                " by " {pause.paused_by.clone()} ", " <Instant at=pause.paused_at /> ": " {pause.reason.clone()}
            </span>
        }
    });
    let dead_tone = (row.dead.rows > 0).then_some("bad");
    view! {
        <tr>
            <th scope="row">{kind_label(kind)} {pause}</th>
            <td class="figure" data-tone=dead_tone>
                {to_list(row.dead.to_string(), row.dead.rows, Shelf::Dead, kind)}
            </td>
            <td class="figure">{to_list(row.pending.to_string(), row.pending.rows, Shelf::Pending, kind)}</td>
            <td class="figure soft">{oldest}</td>
            <td class="figure">{to_list(row.running.to_string(), row.running, Shelf::Running, kind)}</td>
            <td class="figure">{to_list(row.done.to_string(), row.done, Shelf::Done, kind)}</td>
            <td class="figure soft">{retried}</td>
            {may_act.then(|| view! { <td class="figure">{row_acts(row, back)}</td> })}
        </tr>
    }
    .into_any()
}

/// A number that leads to the rows that make it.
fn to_list(said: String, rows: i64, shelf: Shelf, kind: DeliveryKind) -> AnyView {
    if rows == 0 {
        return view! { <span class="soft">"0"</span> }.into_any();
    }
    let href = address(ROOM, &[("state", shelf.as_str()), ("kind", kind.as_str())]) + "#deliveries";
    let label = format!("{said} {}, {}", shelf.as_str(), kind_label(kind));
    view! { <a href=href aria-label=label>{said}</a> }.into_any()
}

fn row_acts(row: &BoardRow, back: &str) -> AnyView {
    let kind = row.kind;
    let button = |action: &'static str, words: &'static str| {
        let label = format!("{words}: {}", kind_label(kind));
        view! {
            <form method="post" action=action>
                <input type="hidden" name="kind" value=kind.as_str() />
                <input type="hidden" name="back" value=back.to_owned() />
                <button type="submit" class="button-quiet" aria-label=label>{words}</button>
            </form>
        }
    };
    let resume = row.pause.is_some().then(|| button("/api/admin/resume_kind", "Resume"));
    // An SMS wants an answer of its own: it is retried from its page.
    let retry =
        (row.dead.rows > 0 && kind != DeliveryKind::SendSms).then(|| button("/api/admin/retry_dead", "Retry dead"));
    view! { <div class="acts board-acts">{resume} {retry}</div> }.into_any()
}

/// What is done to a whole kind, or to all that is dead.
pub fn kind_acts(board: &[BoardRow], flash: Option<&Flash>, back: &str) -> AnyView {
    let dead = |row: &&BoardRow| row.dead.rows > 0;
    let any_to_retry = board.iter().filter(dead).any(|row| row.kind != DeliveryKind::SendSms);
    let retry = any_to_retry.then(|| {
        view! {
            <form method="post" action="/api/admin/retry_dead">
                <input type="hidden" name="back" value=back.to_owned() />
                <button type="submit" class="button-act">"Retry all dead"</button>
            </form>
        }
    });
    let dead_kinds: Vec<_> = board.iter().filter(dead).map(|row| (row.kind, Some(row.dead))).collect();
    let discard = (!dead_kinds.is_empty()).then(|| {
        opener(
            "Discard all dead of a kind …",
            "They stay in sight with the reason, and nobody is asked to look at them again.",
            "/api/admin/discard_delivery",
            "Discard all",
            "discard",
            &dead_kinds,
            flash,
            back,
        )
    });
    let running: Vec<_> = board.iter().filter(|row| row.pause.is_none()).map(|row| (row.kind, None)).collect();
    let pause = (!running.is_empty()).then(|| {
        opener(
            "Pause a kind …",
            "For a provider that is down: what is due waits until somebody resumes it, and no tries are spent.",
            "/api/admin/pause_kind",
            "Pause",
            "pause",
            &running,
            flash,
            back,
        )
    });
    view! { <div class="acts machine-acts">{retry} {pause} {discard}</div> }.into_any()
}

#[allow(clippy::too_many_arguments)] // words and kinds of one form, said once each
fn opener(
    summary: &'static str,
    hint: &'static str,
    action: &'static str,
    button: &'static str,
    id: &'static str,
    kinds: &[(DeliveryKind, Option<Counted>)],
    flash: Option<&Flash>,
    back: &str,
) -> AnyView {
    let failed = flash.filter(|flash| flash.form == action);
    let chosen = failed.and_then(|flash| flash.values.get("kind").cloned()).unwrap_or_default();
    let options = kinds
        .iter()
        .map(|(kind, count)| {
            let label = count.map_or_else(|| kind_label(*kind), |count| format!("{} ({count})", kind_label(*kind)));
            view! { <option value=kind.as_str() selected=chosen == kind.as_str()>{label}</option> }
        })
        .collect_view();
    let (kind_id, reason_id) = match id {
        "pause" => ("pause-kind", "pause-reason"),
        _ => ("discard-kind", "discard-reason"),
    };
    let look = if id == "discard" { "button-bad" } else { "button-act" };
    view! {
        <details class="opener machine-opener" open=failed.is_some()>
            <summary class="button-quiet">{summary}</summary>
            <form class="card" method="post" action=action>
                <p class="soft">{hint}</p>
                <input type="hidden" name="back" value=back.to_owned() />
                <div class="control">
                    <label for=kind_id>"Kind"</label>
                    <select id=kind_id name="kind">
                        {options}
                    </select>
                </div>
                {reason_field(flash, action, reason_id)}
                <button type="submit" class=look>{button}</button>
            </form>
        </details>
    }
    .into_any()
}
