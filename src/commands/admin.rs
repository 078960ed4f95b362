//! `rolitt admin create`.

use std::io::{IsTerminal, Read};

use super::{Outcome, SANDBOX_SECRET, base_url, sandbox_api, told};
use crate::clock::Clock;
use crate::config::Settings;
use crate::context::Context;
use crate::domain::access::Role;
use crate::domain::contact::Email;
use crate::domain::password::check;
use crate::store::Db;
use crate::workflows::admins::{generated_password, put_admin};

/// The password is what is piped in; from a terminal, or an empty pipe, one is made and printed. Somebody who exists is
/// let in again: unlocked, enabled, and signed out everywhere else.
pub async fn create(settings: Settings, email: &Email, role: Role) -> Outcome {
    let piped = piped_password()?;
    if let Some(password) = &piped {
        check(password, email).map_err(|fault| format!("the password does not do. {fault}"))?;
    }
    let db = Db::open(&settings.database_url).await.map_err(told)?;
    db.migrate().await.map_err(told)?;
    let base = base_url(&settings, settings.site_addr);
    let api = settings.needs_sandbox().then(|| sandbox_api(settings.site_addr));
    let ctx = Context::build(settings, db, Clock::default(), base, api.as_deref(), SANDBOX_SECRET).map_err(told)?;
    let password = piped.clone().unwrap_or_else(generated_password);
    let is_new = put_admin(&ctx, email, &password, role).await.map_err(told)?;
    if is_new {
        println!("made {}", email.as_str());
    } else {
        println!("new password for {}: unlocked, enabled, every session ended", email.as_str());
    }
    if piped.is_none() {
        println!("{password}");
    }
    ctx.db.close().await;
    Ok(())
}

fn piped_password() -> Result<Option<String>, String> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        return Ok(None);
    }
    let mut text = String::new();
    input.read_to_string(&mut text).map_err(told)?;
    let line = text.lines().next().unwrap_or_default().to_owned();
    Ok((!line.is_empty()).then_some(line))
}
