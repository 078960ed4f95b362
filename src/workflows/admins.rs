//! Who may look: making admins, opening and closing their sessions. Passwords are kept as argon2id, sessions as the
//! hash of a random token that only the cookie holds.

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::time::Duration;

use super::WorkflowError;
use crate::context::Context;
use crate::domain::access::Role;
use crate::domain::contact::Email;
use crate::domain::ids::AdminId;
use crate::store::admins::{self, Admin};

/// How long a session lasts without a new login.
pub const SESSION_LIFE: Duration = Duration::from_hours(12);

/// Verified when no admin has the address, so that "unknown" takes as long as "wrong".
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$1fQyNHHVmDLbGLzHW1ZTbTVDHCqPG1m9bFdQZk2bTWc";

/// Makes an admin, or gives an existing one this password. Says whether it is new.
pub async fn put_admin(ctx: &Context, email: &Email, password: &str, role: Role) -> Result<bool, WorkflowError> {
    let password_hash = hash(password.to_owned()).await?;
    let admin = Admin {
        id: AdminId::from_unique(&ctx.unique()),
        email: email.as_str().to_owned(),
        password_hash: password_hash.clone(),
        role,
    };
    let mut tx = ctx.db.begin().await?;
    let is_new = admins::insert(&mut tx, &admin, ctx.clock.now()).await?;
    if !is_new {
        admins::set_password(&mut tx, email, &password_hash).await?;
    }
    tx.commit().await?;
    Ok(is_new)
}

/// Checks a password and opens a session; gives the token for the cookie. A token from before is closed: whoever
/// planted it is not let in with us.
pub async fn log_in(
    ctx: &Context,
    email: &Email,
    password: &str,
    old_token: Option<&str>,
) -> Result<String, WorkflowError> {
    let admin = admins::find(&ctx.db, email).await?;
    let known = admin.as_ref().map_or(NOBODY, |admin| admin.password_hash.as_str());
    let right = verify(password.to_owned(), known.to_owned()).await?;
    let admin = admin.filter(|_| right).ok_or(WorkflowError::WrongPassword)?;
    let token = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    if let Some(old) = old_token {
        admins::delete_session(&mut tx, &token_hash(old)).await?;
    }
    admins::insert_session(&mut tx, &token_hash(&token), &admin.id, now, now + SESSION_LIFE).await?;
    tx.commit().await?;
    Ok(token)
}

pub async fn log_out(ctx: &Context, token: &str) -> Result<(), WorkflowError> {
    let mut tx = ctx.db.begin().await?;
    admins::delete_session(&mut tx, &token_hash(token)).await?;
    tx.commit().await?;
    Ok(())
}

pub async fn who_is(ctx: &Context, token: &str) -> Result<Option<Admin>, WorkflowError> {
    Ok(admins::find_by_session(&ctx.db, &token_hash(token), ctx.clock.now()).await?)
}

/// A password that nobody has to think of.
pub fn generated_password() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 15]>())
}

pub fn token_hash(token: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()))
}

/// OWASP's first choice for argon2id: 19 MiB, two passes.
fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

/// Off the async threads: it takes tens of milliseconds by design.
async fn hash(password: String) -> Result<String, WorkflowError> {
    let hashed = tokio::task::spawn_blocking(move || {
        let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>())?;
        argon2().hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string())
    });
    let hashed = hashed.await.map_err(|e| WorkflowError::Odd(e.to_string()))?;
    hashed.map_err(|e| WorkflowError::Odd(e.to_string()))
}

async fn verify(password: String, known: String) -> Result<bool, WorkflowError> {
    let verified = tokio::task::spawn_blocking(move || {
        let known = PasswordHash::new(&known)?;
        Ok::<bool, argon2::password_hash::Error>(argon2().verify_password(password.as_bytes(), &known).is_ok())
    });
    let verified = verified.await.map_err(|e| WorkflowError::Odd(e.to_string()))?;
    verified.map_err(|e| WorkflowError::Odd(e.to_string()))
}
