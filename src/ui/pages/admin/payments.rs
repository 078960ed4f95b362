//! Every try to pay, refunds, disputes, and what somebody should look at.

use leptos::prelude::*;

use super::page;
use crate::api::admin;
use crate::ui::components::{AdminLayout, Room};

#[component]
pub fn PaymentsPage() -> impl IntoView {
    let data = async { admin::require(crate::domain::access::Right::See).map(|_| ()) };
    page("Payments", Room::Payments, data, |frame, ()| {
        view! {
            <AdminLayout title="Payments" room=Room::Payments frame>
                <h1>"Payments"</h1>
            </AdminLayout>
        }
    })
}
