//! The text to a buyer who left a phone number. It can't be taken back and has no key: it is sent when it surely was
//! not sent before, and otherwise left for a person.

use super::perform::{Effect, Performed};
use crate::context::Context;
use crate::domain::locale::Locale;
use crate::providers::ProviderError;
use crate::store::outbox::{self, Claimed};
use crate::store::preorders::Preorder;

pub async fn preorder_paid(ctx: &Context, row: &Claimed, preorder: &Preorder) -> Result<(String, Effect), Performed> {
    let Some(sms) = ctx.sms.as_ref() else {
        return Err(Performed::Failed(ProviderError::Configuration("SMS is switched off".to_owned())));
    };
    let Some(phone) = &preorder.phone else { return Ok(("no phone number".to_owned(), Effect::Nothing)) };
    // Since a person last said "send it": what was tried before that is known to whoever said so.
    let written = outbox::attempts_written(&ctx.db, &row.id, row.earlier_attempts).await?;
    if written + 1 < row.attempts - row.earlier_attempts {
        // A worker died with it in hand: between handing over and writing down, nobody knows.
        let unknown = "it may have been sent: ask the buyer before sending it again".to_owned();
        return Err(Performed::Hindered(ProviderError::Permanent(unknown)));
    }
    let sid = sms.send(phone, &text(preorder)).await.map_err(Performed::Failed)?;
    Ok((format!("sent as {sid}"), Effect::Nothing))
}

fn text(preorder: &Preorder) -> String {
    let number = &preorder.preorder_number;
    match preorder.locale {
        Locale::En => format!("Rolitt: your preorder {number} is paid. We'll write when it ships."),
        Locale::Zh => format!("Rolitt：您的预订 {number} 已付款，发货时我们会通知您。"),
    }
}
