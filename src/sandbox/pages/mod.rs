//! p

use axum::Router;
use std::sync::Arc;
pub fn router(_core: Arc<super::core::Core>) -> Router {
    Router::new()
}
