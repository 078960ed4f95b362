//! The list of preorders: found, narrowed, sorted, paged, saved as a view, exported; and the jump box.

mod columns;
mod export;
mod jump;
mod list;
mod query;
mod views;

pub use crate::store::preorder_filter::SortBy;
pub use columns::Column;
pub use export::{Export, open_export};
pub use jump::jump;
pub use list::{Chip, Choices, ListRow, PreorderPage, Tab, language, list_preorders, query_string};
pub use query::{ListQuery, SORTS, address, is_day, sort_word};
pub use views::{delete_view, save_view};
