//! What the doctor found, and what to do about it.

use leptos::prelude::*;

use super::page;
use crate::api::admin::{self, Check, Frame, Health};
use crate::ui::components::{AdminLayout, Clock, Instant, KeyList, Room};

#[component]
pub fn HealthPage() -> impl IntoView {
    page("Health", Room::Health, admin::health(), show)
}

fn show(frame: Frame, health: Health) -> impl IntoView {
    let (bad, good): (Vec<Check>, Vec<Check>) = health.checks.iter().cloned().partition(|check| !check.ok);
    let role = frame.role;
    let (tone, verdict) = match bad.len() {
        0 => ("good", "Everything is well".to_owned()),
        1 => ("bad", "One check found a fault".to_owned()),
        count => ("bad", format!("{count} checks found faults")),
    };
    let sign = if bad.is_empty() { "✓" } else { "✕" };
    let total = health.checks.len();
    let rows = bad.into_iter().chain(good).map(row).collect_view();
    view! {
        <AdminLayout title="Health" room=Room::Health frame>
            <h1>"Health"</h1>
            <section class="card verdict" data-tone=tone aria-labelledby="verdict">
                <p class="verdict-sign" aria-hidden="true">{sign}</p>
                <div>
                    <h2 id="verdict">{verdict}</h2>
                    <p class="soft">
                        {total} " checks at " <Clock at=health.checked_at />
                        {format!(", in {} ms", health.took.as_millis())}
                        ". Stripe’s own records are compared in another room: "
                        <a class="text-link" href="/admin/reconcile">"Reconcile"</a> "."
                    </p>
                </div>
                <a class="button-act" href="/admin/health">"Check again"</a>
            </section>
            <section class="card card-flush" aria-labelledby="checks">
                <h2 id="checks" class="sr-only">"Checks"</h2>
                <table class="listing checks">
                    <thead>
                        <tr>
                            <th scope="col">"Check"</th>
                            <th scope="col">"State"</th>
                            <th scope="col">"Found"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </section>
            <div class="health-more">
                {program(&health)}
                <section class="card" id="keys" aria-labelledby="keys-title">
                    <h2 id="keys-title">"Keyboard"</h2>
                    <KeyList role />
                    <p class="soft">"Everything here can be done without it, and without script."</p>
                </section>
            </div>
        </AdminLayout>
    }
}

fn row(check: Check) -> AnyView {
    let (tone, sign, word) = if check.ok { ("good", "✓", "Passed") } else { ("bad", "✕", "Failed") };
    let remedy =
        check.remedy.map(|remedy| view! { <p class="remedy"><span class="soft">"What to do: "</span> {remedy}</p> });
    view! {
        <tr>
            <th scope="row" class="code">{check.name}</th>
            <td>
                <span class="badge" data-tone=tone><span aria-hidden="true">{sign}</span> " " {word}</span>
            </td>
            <td class="check-found">{check.found} {remedy}</td>
        </tr>
    }
    .into_any()
}

fn program(health: &Health) -> AnyView {
    let size = health.size.map_or_else(|| "–".to_owned(), megabytes);
    let migrations = health
        .migrations
        .map_or_else(|| "–".to_owned(), |(last, count)| format!("{count} applied, the last is {last:04}"));
    let environment = if health.is_production { "production" } else { "development" };
    view! {
        <section class="card" aria-labelledby="program">
            <h2 id="program">"This program"</h2>
            <dl class="pairs">
                <div><dt>"Version"</dt><dd>{health.version}</dd></div>
                <div><dt>"Environment"</dt><dd>{environment}</dd></div>
                <div><dt>"Running since"</dt><dd><Instant at=health.began_at /></dd></div>
                <div><dt>"Database"</dt><dd>{health.database} ", " {size}</dd></div>
                <div><dt>"Migrations"</dt><dd>{migrations}</dd></div>
            </dl>
        </section>
    }
    .into_any()
}

fn megabytes(bytes: i64) -> String {
    let megabytes = bytes as f64 / 1_048_576.0;
    if megabytes < 1024.0 { format!("{megabytes:.1} MiB") } else { format!("{:.1} GiB", megabytes / 1024.0) }
}
