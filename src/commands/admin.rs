//! `rolitt admin create`.

use std::io::{IsTerminal, Read};

use super::{Outcome, SANDBOX_SECRET, base_url, sandbox_api, told};
use crate::clock::Clock;
use crate::config::Settings;
use crate::context::Context;
use crate::domain::access::Role;
use crate::domain::contact::Email;
use crate::store::Db;
use crate::workflows::admins::{generated_password, put_admin};

const SHORTEST: usize = 10;

/// The password is what is piped in; from a terminal, or an empty pipe, one is made and printed.
pub async fn create(settings: Settings, email: &Email, role: Role) -> Outcome {
    let piped = piped_password()?;
    if piped.as_ref().is_some_and(|password| password.chars().count() < SHORTEST) {
        return Err(format!("the password must be {SHORTEST} characters or more"));
    }
    let db = Db::open(&settings.database_url).await.map_err(told)?;
    db.migrate().await.map_err(told)?;
    let base = base_url(&settings, settings.site_addr);
    let api = settings.needs_sandbox().then(|| sandbox_api(settings.site_addr));
    let ctx = Context::build(settings, db, Clock::default(), base, api.as_deref(), SANDBOX_SECRET).map_err(told)?;
    let password = piped.clone().unwrap_or_else(generated_password);
    let is_new = put_admin(&ctx, email, &password, role).await.map_err(told)?;
    println!("{} {}", if is_new { "made" } else { "new password for" }, email.as_str());
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
