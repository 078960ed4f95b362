//! What people see. `islands` is all that ships as WASM; `pages`, `components` and `text` are rendered on the server
//! and reach the browser as HTML. No SQL, no provider and no rule of the till lives here.

#[cfg(feature = "ssr")]
pub mod admin_style;
#[cfg(feature = "ssr")]
pub mod components;
pub mod islands;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod text;
