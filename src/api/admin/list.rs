//! A preorder in one line, as the pages about one preorder head it.

use crate::domain::money::Money;
use crate::domain::preorder::{FulfilmentStatus, PaymentStatus, PreorderStatus};
use crate::domain::timestamp::Timestamp;
use crate::store::preorders::Preorder;

#[derive(Clone)]
pub struct PreorderRow {
    pub id: String,
    pub number: String,
    pub email: String,
    /// The colour's id.
    pub color: String,
    pub color_name: String,
    pub status: PreorderStatus,
    pub payment_status: PaymentStatus,
    pub fulfilment_status: FulfilmentStatus,
    pub amount: Money,
    pub created_at: Timestamp,
}

pub fn row(preorder: &Preorder, color_name: String) -> PreorderRow {
    PreorderRow {
        id: preorder.id.to_string(),
        number: preorder.preorder_number.clone(),
        email: preorder.email.clone(),
        color: preorder.color.clone(),
        color_name,
        status: preorder.status,
        payment_status: preorder.payment_status,
        fulfilment_status: preorder.fulfilment_status,
        amount: preorder.price(),
        created_at: preorder.created_at,
    }
}
