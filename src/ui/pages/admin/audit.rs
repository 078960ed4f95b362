//! Who did what, when, to what: a sentence a line, newest first.

use leptos::prelude::*;

use super::page;
use crate::api::admin::audit::{AuditPage as Page, AuditQuery, AuditRow, audit_log};
use crate::domain::audit::AuditAction;
use crate::ui::components::{AdminLayout, EmptyState, Instant, Room};
use crate::ui::pages::query;

#[component]
pub fn AuditPage() -> impl IntoView {
    let asked = AuditQuery {
        person: query("person"),
        action: query("action"),
        about: query("about"),
        from: query("from"),
        to: query("to"),
        after: query("after"),
    };
    let shown = asked.clone();
    let data = async move { audit_log(&asked).await };
    page("Audit log", Room::Audit, data, move |frame, log| {
        let (form, paging) = (filters(&shown), paging(&shown, &log));
        let body = if log.rows.is_empty() {
            nothing(&shown).into_any()
        } else {
            view! { <ol class="audit">{log.rows.into_iter().map(line).collect_view()}</ol> }.into_any()
        };
        view! {
            <AdminLayout title="Audit log" room=Room::Audit frame>
                <h1>"Audit log"</h1>
                {form}
                <section class="card card-flush" aria-label="Acts">{body}</section>
                {paging}
            </AdminLayout>
        }
    })
}

fn filters(asked: &AuditQuery) -> AnyView {
    let chosen = asked.action.parse::<AuditAction>().ok();
    let actions = AuditAction::ALL.iter().map(|action| {
        view! { <option value=action.as_str() selected=Some(*action) == chosen>{action.phrase()}</option> }
    });
    let all = is_narrowed(asked).then(|| view! { <a class="button-quiet" href="/admin/audit">"Show all"</a> });
    view! {
        <form class="audit-filters" method="get" action="/admin/audit" aria-label="Filter">
            <div class="control">
                <label for="person">"Person (e-mail)"</label>
                <input id="person" name="person" value=asked.person.clone() maxlength="254" autocomplete="off" />
            </div>
            <div class="control">
                <label for="action">"Act"</label>
                <select id="action" name="action">
                    <option value="">"Any"</option>
                    {actions.collect_view()}
                </select>
            </div>
            <div class="control">
                <label for="about">"Preorder number or id"</label>
                <input id="about" name="about" value=asked.about.clone() maxlength="254" autocomplete="off" />
            </div>
            <div class="control">
                <label for="from">"From"</label>
                <input id="from" name="from" type="date" value=asked.from.clone() />
            </div>
            <div class="control">
                <label for="to">"To"</label>
                <input id="to" name="to" type="date" value=asked.to.clone() />
            </div>
            <div class="acts">
                <button type="submit" class="button-act">"Filter"</button>
                {all}
            </div>
        </form>
    }
    .into_any()
}

fn line(row: AuditRow) -> AnyView {
    let subject = row.subject.map(|subject| {
        let label = match subject.href {
            Some(href) => view! { <a class="text-link" href=href>{subject.label}</a> }.into_any(),
            None => view! { <span>{subject.label}</span> }.into_any(),
        };
        view! { ": " {label} }
    });
    let address = row.address.map(|address| view! { " from " {address} });
    let detail = (!row.detail.is_empty()).then(|| view! { <pre>{row.detail}</pre> });
    let request = row.request_id.map(|id| view! { <p class="soft">"Reference " <code>{id}</code></p> });
    let more = (detail.is_some() || request.is_some()).then(|| {
        view! {
            <details>
                <summary>"Details"</summary>
                {detail}
                {request}
            </details>
        }
    });
    view! {
        <li data-testid="act">
            <p><strong>{row.actor}</strong> " " {row.phrase} {subject}</p>
            <p class="soft"><Instant at=row.at /> {address}</p>
            {more}
        </li>
    }
    .into_any()
}

fn nothing(asked: &AuditQuery) -> impl IntoView + use<> {
    if !asked.after.is_empty() {
        let newest = with(asked, None);
        view! {
            <EmptyState title="There is nothing older.">
                <p><a class="text-link" href=newest>"Back to the newest"</a></p>
            </EmptyState>
        }
        .into_any()
    } else if is_narrowed(asked) {
        view! {
            <EmptyState title="No act matches.">
                <p>"A person is found by the whole e-mail address; an act by the preorder's number, or the id, address or kind that it was done to."</p>
                <p><a class="text-link" href="/admin/audit">"Show all acts"</a></p>
            </EmptyState>
        }
        .into_any()
    } else {
        view! {
            <EmptyState title="Nothing was done yet.">
                <p>"Every act of a person appears here, and stays: sign-ins, refunds, retries, changes."</p>
            </EmptyState>
        }
        .into_any()
    }
}

fn paging(asked: &AuditQuery, page: &Page) -> AnyView {
    let newest = (!page.first_page).then(|| {
        view! { <a class="button-quiet" href=with(asked, None) rel="first">"← Newest"</a> }
    });
    let older = page.next.as_deref().map(|next| {
        view! { <a class="button-quiet" href=with(asked, Some(next)) rel="next">"Older →"</a> }
    });
    view! { <nav class="paging" aria-label="Pages">{newest} {older}</nav> }.into_any()
}

fn is_narrowed(asked: &AuditQuery) -> bool {
    [&asked.person, &asked.action, &asked.about, &asked.from, &asked.to].iter().any(|value| !value.is_empty())
}

/// The page's address with the same filter, from another line on.
fn with(asked: &AuditQuery, after: Option<&str>) -> String {
    let AuditQuery { person, action, about, from, to, .. } = asked;
    let pairs = [("person", person), ("action", action), ("about", about), ("from", from), ("to", to)];
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
    query.extend_pairs(after.map(|after| ("after", after)));
    format!("/admin/audit?{}", query.finish()).trim_end_matches('?').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paging_keeps_the_filter() {
        let asked = AuditQuery { person: "a+b@example.com".into(), from: "2026-11-20".into(), ..AuditQuery::default() };
        assert_eq!(
            with(&asked, Some("1.aud_1")),
            "/admin/audit?person=a%2Bb%40example.com&from=2026-11-20&after=1.aud_1"
        );
        assert_eq!(with(&AuditQuery::default(), None), "/admin/audit");
    }
}
