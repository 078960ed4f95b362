//! Where an invitation leads: a password of one's own.

use leptos::prelude::*;

use super::page;
use crate::api::admin;
use crate::ui::components::{AdminLayout, Room};

#[component]
pub fn InvitationPage() -> impl IntoView {
    let data = async { admin::require(crate::domain::access::Right::See).map(|_| ()) };
    page("Invitation", Room::Account, data, |frame, ()| {
        view! {
            <AdminLayout title="Invitation" room=Room::Account frame>
                <h1>"Invitation"</h1>
            </AdminLayout>
        }
    })
}
