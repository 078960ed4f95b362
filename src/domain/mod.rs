//! Pure rules and types, compiled for the server and the browser. Nothing here reads a clock, a database or the
//! network, and nothing of ours is imported: a value of these types is right, whoever made it.

pub mod access;
pub mod audit;
pub mod browser;
pub mod catalog;
pub mod comparison;
pub mod contact;
pub mod decline;
pub mod delivery;
pub mod fulfilment;
pub mod ids;
pub mod locale;
pub mod lockout;
pub mod masking;
pub mod metrics;
pub mod money;
pub mod moved;
pub mod outcome;
pub mod password;
pub mod payment;
pub mod period;
pub mod postal;
pub mod preorder;
pub mod refund;
pub mod search_term;
pub mod stripe_endpoints;
pub mod stripe_events;
pub mod text_enum;
pub mod timestamp;
pub mod worklist;
