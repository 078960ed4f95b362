//! The dashboard's rooms: forms and links, no WASM. Who may enter is decided before a page is asked for (`http`) and
//! again in each function of `api::admin`; a page only shows what it was given.

mod login;
mod preorder;
mod preorders;

pub use login::LoginPage;
pub use preorder::PreorderPage;
pub use preorders::PreordersPage;

use leptos::prelude::*;

use crate::api::ApiError;
use crate::api::admin::{self, Admin};
use crate::ui::components::{AdminLayout, EmptyState};

/// The signed-in admin for the frame. Never empty where `http` let somebody in.
fn signed_in() -> Admin {
    admin::current().unwrap_or_else(|| Admin { email: String::new(), role: String::new() })
}

/// In place of a page whose data could not be had.
fn unavailable(title: &'static str, admin: Admin, error: &ApiError) -> impl IntoView + use<> {
    super::respond_with(http::StatusCode::from_u16(error.status()).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR));
    let request_id = error.request_id.clone();
    view! {
        <AdminLayout title admin>
            <h1>{title}</h1>
            <div class="card">
                <EmptyState title="This could not be loaded.">
                    <p>"Nothing is lost. Load the page again; if it stays away, " <code>"rolitt doctor"</code> " says what is missing."</p>
                    <p>"Reference " <code>{request_id}</code></p>
                </EmptyState>
            </div>
        </AdminLayout>
    }
}
