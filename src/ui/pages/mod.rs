//! One file a page. A page asks `api` for what it shows and answers with a whole document's content; addresses are
//! in `app`.

pub mod admin;
mod cancel;
mod find_order;
mod form_state;
mod home;
mod home_sections;
mod not_found;
mod preorder_form;
mod success;

pub use cancel::CancelPage;
pub use find_order::FindOrderPage;
pub use home::HomePage;
pub use not_found::NotFoundPage;
pub use success::SuccessPage;

use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_router::hooks::use_query_map;

/// A parameter of the query string, empty when it is not there.
fn query(name: &str) -> String {
    use_query_map().with_untracked(|query| query.get(name)).unwrap_or_default()
}

/// Says so in the status line too, for caches and crawlers.
fn respond_with(status: http::StatusCode) {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(status);
    }
}
