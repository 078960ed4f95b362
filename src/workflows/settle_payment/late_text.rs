//! A text about a payment that we hear of after our database was restored from a copy: the database that was lost may
//! have sent it, and a text has no key that drops a repeat. A person looks, and sends it if it was not sent.

use super::super::WorkflowError;
use crate::domain::delivery::Delivery;
use crate::domain::timestamp::Timestamp;
use crate::store::preorders::Preorder;
use crate::store::{Tx, restores};

/// What the person reads.
pub const SMS_PARKED: &str = "parked after the database was restored from a copy: it may have been sent before. Look at \
     Twilio's log; if it was not, send it again";

pub(super) async fn park(tx: &mut Tx, preorder: &Preorder, now: Timestamp) -> Result<(), WorkflowError> {
    let (Some(paid_at), Some(_)) = (preorder.paid_at, &preorder.phone) else { return Ok(()) };
    if restores::was_before(tx, paid_at).await? {
        let sms = Delivery::SendSms { preorder_id: preorder.id.clone() };
        restores::park_one(tx, &sms.dedupe_key(), SMS_PARKED, now).await?;
    }
    Ok(())
}
