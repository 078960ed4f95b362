//! People who ordered, by their address.

use leptos::prelude::*;

use super::page;
use crate::api::admin;
use crate::ui::components::{AdminLayout, Room};

#[component]
pub fn CustomersPage() -> impl IntoView {
    let data = async { admin::require(crate::domain::access::Right::See).map(|_| ()) };
    page("Customers", Room::Customers, data, |frame, ()| {
        view! {
            <AdminLayout title="Customers" room=Room::Customers frame>
                <h1>"Customers"</h1>
            </AdminLayout>
        }
    })
}
