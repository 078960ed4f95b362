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
mod server_error;
mod success;

pub use cancel::CancelPage;
pub use find_order::FindOrderPage;
pub use home::HomePage;
pub use not_found::{NotFoundContent, NotFoundPage};
pub use server_error::ServerErrorPage;
pub use success::SuccessPage;

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::domain::locale::Locale;

/// A parameter of the query string, empty when it is not there.
fn query(name: &str) -> String {
    use_query_map().with_untracked(|query| query.get(name)).unwrap_or_default()
}

/// The language that the address begins with: the first language where it names none, `None` where it names
/// something else.
fn locale_of_path() -> Option<Locale> {
    match use_params_map().with_untracked(|params| params.get("locale")) {
        None => Some(Locale::En),
        Some(tag) => Locale::from_tag(&tag).filter(|_| Locale::is_tag(&tag)),
    }
}

/// Says so in the status line too, for caches and crawlers.
fn respond_with(status: http::StatusCode) {
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(status);
    }
}
