//! All that ships to the browser as WASM: two islands around one real form. An island takes its markup and its words
//! as children, rendered on the server: nothing is sent twice, as HTML and again as props, and serde stays out of the
//! WASM (the same islands with props weighed twice as much: 94 KB instead of 45). The form is the state they share:
//! each listens to its events and reads its fields, so that neither knows the other. With script or WASM away the
//! same markup is a form that posts.

mod choice_words;
mod dom;
mod field_message;
mod notice;
mod payment_button;
mod product_selection;
mod submission;

pub use payment_button::PaymentButton;
pub use product_selection::ProductSelection;

/// The ids by which the islands find what the server rendered for them.
pub mod ids {
    pub const FORM: &str = "preorder";
    /// Where the notice about a failure stands.
    pub const NOTICE: &str = "payment-notice";
    /// A `<template>` with words for error codes, each in an element with `data-code`.
    pub const MESSAGES: &str = "field-messages";
    /// The live region that says how far the payment is.
    pub const STATUS: &str = "payment-status";
}
