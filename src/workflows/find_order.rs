//! A buyer looks for an order with its number and the address it was made with. Either wrong is the same "not found":
//! nobody learns who bought.

use super::WorkflowError;
use crate::context::Context;
use crate::domain::contact::Email;
use crate::domain::ids::PreorderNumber;
use crate::store::preorders::{self, Preorder};

pub async fn find_order(ctx: &Context, number: &PreorderNumber, email: &Email) -> Result<Preorder, WorkflowError> {
    let found = preorders::find_by_number(&ctx.db, number).await?;
    found.filter(|preorder| preorder.email == email.as_str()).ok_or(WorkflowError::NoSuchPreorder)
}
