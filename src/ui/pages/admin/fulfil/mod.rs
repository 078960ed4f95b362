//! Many preorders at once: a list of tracking numbers is asked for, looked at row by row, and only then acted on.

mod rows;

use leptos::prelude::*;

use super::page;
use crate::api::admin::Frame;
use crate::api::admin::fulfil::{FulfilPage as Data, ListPreview, Verdict, fulfil_page};
use crate::store::order_lists::OrderListAct;
use crate::ui::components::{AdminLayout, Room};
use crate::ui::pages::query;

#[component]
pub fn FulfilPage() -> impl IntoView {
    let list = query("list");
    let data = async move { fulfil_page(&list).await };
    page("Mark fulfilled", Room::Preorders, data, |frame, data: Data| match data.list {
        None => start(frame).into_any(),
        Some(list) => look(frame, list).into_any(),
    })
}

fn crumb(back: &str) -> impl IntoView + use<> {
    view! {
        <p class="crumb">
            <a class="text-link" href=back.to_owned()>"← Preorders"</a>
        </p>
    }
}

fn start(frame: Frame) -> impl IntoView {
    let flash = frame.flash.clone().filter(|flash| flash.form.ends_with("/preview_fulfilment"));
    let pasted = flash.as_ref().and_then(|flash| flash.values.get("list")).cloned().unwrap_or_default();
    let wrong = flash.map(|flash| flash.message);
    let is_wrong = wrong.is_some();
    view! {
        <AdminLayout title="Mark fulfilled" room=Room::Preorders frame>
            {crumb("/admin/preorders")}
            <h1>"Mark fulfilled"</h1>
            <form class="card fulfil-start" method="post" action="/api/admin/preview_fulfilment" enctype="multipart/form-data">
                <p class="soft">
                    "A preorder number and a tracking number on each line, in either order, with commas, semicolons or tabs between them. A header line is fine. Up to 2,000 rows. You see what will happen before anything does."
                </p>
                <div class="control">
                    <label for="file">"A CSV file"</label>
                    <input id="file" name="file" type="file" accept=".csv,.txt,.tsv,text/csv,text/plain,text/tab-separated-values" />
                </div>
                <div class="control">
                    <label for="list">"Or paste the lines"</label>
                    <textarea id="list" name="list" rows="8" spellcheck="false" aria-invalid=is_wrong.then_some("true") aria-describedby="list-problem list-hint">
                        {pasted}
                    </textarea>
                    {wrong.map(|message| view! { <p class="problem" id="list-problem">{message}</p> })}
                    <p class="hint" id="list-hint">"For example " <code>"ROL-7KQ2M9XA, 1Z999AA10123456784"</code></p>
                </div>
                <div class="acts">
                    <button type="submit" class="button-act">"Preview"</button>
                    <a class="button-quiet" href="/admin/preorders">"Back to the list"</a>
                </div>
            </form>
        </AdminLayout>
    }
}

/// How many rows of each verdict.
struct Counts {
    good: usize,
    asks: usize,
    done: usize,
    bad: usize,
}

impl Counts {
    fn of(list: &ListPreview) -> Self {
        let count = |is: fn(&Verdict) -> bool| list.rows.iter().filter(|row| is(&row.verdict)).count();
        Self {
            good: count(|verdict| *verdict == Verdict::Good),
            asks: count(|verdict| matches!(verdict, Verdict::Asks(_))),
            done: count(|verdict| matches!(verdict, Verdict::Done(_))),
            bad: count(|verdict| matches!(verdict, Verdict::Bad(_))),
        }
    }

    fn said(&self) -> String {
        let parts = [
            (self.good, "ready"),
            (self.asks, "without a tracking number"),
            (self.bad, "left out"),
            (self.done, "done already"),
        ];
        let said: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        said.join(", ")
    }
}

fn look(frame: Frame, list: ListPreview) -> impl IntoView {
    let counts = Counts::of(&list);
    let title = match list.act {
        OrderListAct::Fulfil => "Mark fulfilled",
        OrderListAct::Cancel => "Cancel preorders",
    };
    let back = list.back.clone();
    let (function, class) = match list.act {
        OrderListAct::Fulfil => ("fulfil_preorders", "button-act"),
        OrderListAct::Cancel => ("cancel_preorders", "button-bad"),
    };
    let to_do = counts.good + counts.asks;
    let button = match list.act {
        OrderListAct::Fulfil if counts.asks > 0 => "Mark fulfilled those with a number".to_owned(),
        OrderListAct::Fulfil => format!("Mark {} fulfilled", counts.good),
        OrderListAct::Cancel if counts.good == 1 => "Cancel 1 preorder".to_owned(),
        OrderListAct::Cancel => format!("Cancel {} preorders", counts.good),
    };
    let words = (list.act == OrderListAct::Cancel && counts.good > 0).then(|| {
        view! { <p class="soft">"Nobody has paid for these. Their open payment pages are closed, so that nobody pays any more. This can't be taken back."</p> }
    });
    let act = if to_do == 0 {
        view! { <a class="button-act" href=back.clone()>"Back to the list"</a> }.into_any()
    } else {
        let leave = if list.act == OrderListAct::Cancel { "Keep them" } else { "Not now" };
        view! {
            <button type="submit" class=class>{button}</button>
            <a class="button-quiet" href=back.clone()>{leave}</a>
        }
        .into_any()
    };
    let another = (list.act == OrderListAct::Fulfil && list.from_file).then(|| {
        view! { <a class="button-quiet" href="/admin/preorders/fulfil">"Another list"</a> }
    });
    let id = list.id.clone();
    view! {
        <AdminLayout title room=Room::Preorders frame>
            {crumb(&back)}
            <h1>{title}</h1>
            <form method="post" action=format!("/api/admin/{function}") class="fulfil-look">
                <input type="hidden" name="list" value=id />
                <p class="fulfil-counts">{counts.said()}</p>
                {words}
                {rows::tables(list)}
                <div class="acts fulfil-acts">{act} {another}</div>
            </form>
        </AdminLayout>
    }
}
