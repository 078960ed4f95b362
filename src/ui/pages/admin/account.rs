//! One's own account: password, codes, sessions.

use leptos::prelude::*;

use super::page;
use crate::api::admin;
use crate::ui::components::{AdminLayout, Room};

#[component]
pub fn AccountPage() -> impl IntoView {
    let data = async { admin::require(crate::domain::access::Right::See).map(|_| ()) };
    page("Your account", Room::Account, data, |frame, ()| {
        view! {
            <AdminLayout title="Your account" room=Room::Account frame>
                <h1>"Your account"</h1>
            </AdminLayout>
        }
    })
}
