//! Where the jump box leads: straight to what is named by a whole number, an id or a whole address, else to the list
//! that looks for it. Unique indexes alone are asked.

use super::query::address;
use crate::api::admin::require;
use crate::api::preorders::redirect;
use crate::api::{ApiError, context};
use crate::domain::access::Right;
use crate::domain::contact::Email;
use crate::domain::search_term::SearchTerm;
use crate::store::{Db, StoreResult, lookup};

/// Answers with a redirect, and gives the address that it leads to.
pub async fn jump(q: &str) -> Result<String, ApiError> {
    require(Right::See)?;
    let ctx = context()?;
    let leads_to = match SearchTerm::parse(q) {
        Some(term) => match target(&ctx.db, &term).await? {
            Some(target) => target,
            None => address([("q", term.typed)]),
        },
        None => address([]),
    };
    redirect(&leads_to);
    Ok(leads_to)
}

async fn target(db: &Db, term: &SearchTerm) -> StoreResult<Option<String>> {
    if let Some(id) = &term.id {
        let prefix = id.split_once('_').map_or("", |(prefix, _)| prefix);
        let page = match prefix {
            "wh" | "evt" => lookup::webhook(db, id).await?.map(|id| format!("/admin/webhooks/{id}")),
            "dlv" => lookup::delivery_exists(db, id).await?.then(|| format!("/admin/background?delivery={id}")),
            _ => only(&lookup::preorders_of(db, id).await?),
        };
        if page.is_some() {
            return Ok(page);
        }
    }
    if let Some((first, last)) = &term.numbers
        && first == last
        && let Some(id) = lookup::by_number(db, first).await?
    {
        return Ok(only(&[id]));
    }
    match Email::parse(&term.typed) {
        Ok(email) => Ok(only(&lookup::two_of_email(db, &email).await?)),
        Err(_) => Ok(None),
    }
}

/// The page of the one that was found; several are a list.
fn only(found: &[crate::domain::ids::PreorderId]) -> Option<String> {
    match found {
        [id] => Some(format!("/admin/preorders/{id}")),
        _ => None,
    }
}
