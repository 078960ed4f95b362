//! The text to a buyer who left a phone number. It can't be taken back and has no key: it is sent when it surely was
//! not sent before, and otherwise left for a person.

use std::time::Duration;

use super::perform::{Effect, as_provider_error};
use crate::context::Context;
use crate::domain::locale::Locale;
use crate::providers::ProviderError;
use crate::store::StoreResult;
use crate::store::outbox::{self, Claimed};
use crate::store::preorders::Preorder;

pub async fn preorder_paid(
    ctx: &Context,
    row: &Claimed,
    token: &str,
    preorder: &Preorder,
) -> Result<(String, Effect), ProviderError> {
    let sms = ctx.sms.as_ref();
    let sms = sms.ok_or_else(|| ProviderError::Configuration("SMS is switched off".to_owned()))?;
    let Some(phone) = &preorder.phone else { return Ok(("no phone number".to_owned(), Effect::Nothing)) };
    // Since a person last said "send it": what was tried before that is known to whoever said so.
    let written = outbox::attempts_written(&ctx.db, &row.id, row.earlier_attempts);
    let written = written.await.map_err(|e| as_provider_error(e.into()))?;
    if written + 1 < row.attempts - row.earlier_attempts {
        // A worker died with it in hand: between handing over and writing down, nobody knows.
        return Err(ProviderError::Permanent(
            "it may have been sent: ask the buyer before sending it again".to_owned(),
        ));
    }
    if !is_still_ours(ctx, row, token).await.map_err(|e| as_provider_error(e.into()))? {
        // Nothing was sent. If another has the delivery by now, this is not even written down.
        return Err(ProviderError::NotAsked {
            message: "its lease ran out before it was sent; not asked".to_owned(),
            after: Duration::ZERO,
        });
    }
    let sid = sms.send(phone, &text(preorder)).await?;
    Ok((format!("sent as {sid}"), Effect::Nothing))
}

/// Asked last of all before the one act that can't be repeated: a worker that stood still meanwhile may have been taken
/// for gone, and its text left to a person.
async fn is_still_ours(ctx: &Context, row: &Claimed, token: &str) -> StoreResult<bool> {
    outbox::is_held(&ctx.db, &row.id, token, ctx.shared_now().await?).await
}

fn text(preorder: &Preorder) -> String {
    let number = &preorder.preorder_number;
    match preorder.locale {
        Locale::En => format!("Rolitt: your preorder {number} is paid. We'll write when it ships."),
        Locale::Zh => format!("Rolitt：您的预订 {number} 已付款，发货时我们会通知您。"),
    }
}
