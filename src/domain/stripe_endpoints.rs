//! The endpoints of Stripe's that we ask, each with a queue of its own. Whatever paces, waits or counts takes them from
//! here.

use super::text_enum::text_enum;

text_enum! {
    pub enum Endpoint {
        CreateSession => "create_session",
        FetchSession => "fetch_session",
        ExpireSession => "expire_session",
        FetchPaymentIntent => "fetch_payment_intent",
        CreateRefund => "create_refund",
        List => "list",
        LookUp => "look_up",
        FetchPrice => "fetch_price",
    }
}
