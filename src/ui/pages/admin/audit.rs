//! Who did what, when, to what.

use leptos::prelude::*;

use super::page;
use crate::api::admin;
use crate::ui::components::{AdminLayout, Room};

#[component]
pub fn AuditPage() -> impl IntoView {
    let data = async { admin::require(crate::domain::access::Right::See).map(|_| ()) };
    page("Audit log", Room::Audit, data, |frame, ()| {
        view! {
            <AdminLayout title="Audit log" room=Room::Audit frame>
                <h1>"Audit log"</h1>
            </AdminLayout>
        }
    })
}
