//! Pure rules and types, compiled for the server and the browser. Nothing here reads a clock, a database or the
//! network, and nothing of ours is imported: a value of these types is right, whoever made it.

pub mod access;
pub mod audit;
pub mod catalog;
pub mod contact;
pub mod decline;
pub mod delivery;
pub mod fulfilment;
pub mod ids;
pub mod locale;
pub mod masking;
pub mod money;
pub mod payment;
pub mod postal;
pub mod preorder;
pub mod refund;
pub mod text_enum;
pub mod timestamp;
