//! Codes from an app (RFC 6238), as a second key to an account, and recovery codes for the day the phone is lost. A code
//! opens once; so does a recovery code.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};
use totp_rs::{Algorithm, Secret, TOTP};

use super::super::WorkflowError;
use super::super::audit::{self, Act};
use super::passwords::{compare_own, prove};
use super::{count_failure, lock_own, refuse_locked};
use crate::context::Context;
use crate::domain::access::Actor;
use crate::domain::audit::AuditAction;
use crate::domain::ids::AdminId;
use crate::store::Tx;
use crate::store::admins::{Account, codes};

/// Seconds that a code is shown.
const STEP: i64 = 30;
/// Steps by which a phone's clock may be off.
const SKEW: i64 = 1;
const RECOVERY_CODES: usize = 10;
/// Sixteen letters without look-alikes: 78 bits, too many to try even for whoever has the hashes.
const RECOVERY_LETTERS: usize = 16;
const ALPHABET: &[u8; 30] = b"23456789abcdefghjkmnpqrstvwxyz";

/// What opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Code,
    RecoveryCode,
}

impl Key {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::RecoveryCode => "recovery code",
        }
    }
}

fn totp(secret: &str, email: &str) -> Result<TOTP, WorkflowError> {
    let odd = |e: &dyn std::fmt::Display| WorkflowError::Odd(e.to_string());
    let bytes = Secret::Encoded(secret.to_owned()).to_bytes().map_err(|e| odd(&e))?;
    let issuer = Some("Rolitt".to_owned());
    TOTP::new(Algorithm::SHA1, 6, SKEW as u8, STEP as u64, bytes, issuer, email.to_owned()).map_err(|e| odd(&e))
}

/// What the app reads from the picture: `otpauth://totp/…`.
pub fn provisioning_address(secret: &str, email: &str) -> Result<String, WorkflowError> {
    Ok(totp(secret, email)?.get_url())
}

/// The step whose code this is, if it is later than every one used.
fn step_of(account: &Account, code: &str, now_seconds: i64) -> Result<Option<i64>, WorkflowError> {
    let Some(secret) = &account.totp_secret else { return Ok(None) };
    let totp = totp(secret, &account.email)?;
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let present = now_seconds.div_euclid(STEP);
    let fresh = |step: &i64| account.totp_last_step.is_none_or(|last| *step > last);
    let mut steps = (present - SKEW..=present + SKEW).filter(fresh);
    Ok(steps.find(|step| u64::try_from(step * STEP).is_ok_and(|time| totp.generate(time) == code)))
}

/// Recognises a code or a recovery code, and uses it up.
pub(super) async fn find_key(
    ctx: &Context,
    tx: &mut Tx,
    account: &Account,
    typed: &str,
) -> Result<Option<Key>, WorkflowError> {
    let now = ctx.clock.now();
    if let Some(step) = step_of(account, typed, now.seconds())? {
        codes::save_step(tx, &account.id, step).await?;
        return Ok(Some(Key::Code));
    }
    let used = codes::use_recovery(tx, &account.id, &recovery_hash(&account.id, typed), now).await?;
    Ok(used.then_some(Key::RecoveryCode))
}

/// Somebody signed in shows that they hold the second key as well.
async fn prove_code(
    ctx: &Context,
    mut tx: Tx,
    actor: &Actor,
    account: &Account,
    typed: &str,
) -> Result<Tx, WorkflowError> {
    refuse_locked(account.locked_until, ctx.shared_now_in(&mut tx).await?)?;
    if find_key(ctx, &mut tx, account, typed).await?.is_some() {
        return Ok(tx);
    }
    count_failure(ctx, &mut tx, actor, account, "code").await?;
    tx.commit().await?;
    Err(WorkflowError::refused("code", "wrong_code", "This code is wrong, or was used before."))
}

/// Makes a secret; nothing is asked at the door before a first code has confirmed it.
pub async fn begin_totp(ctx: &Context, actor: &Actor) -> Result<(), WorkflowError> {
    let mut tx = ctx.db.begin().await?;
    let account = lock_own(&mut tx, actor).await?;
    if account.asks_for_code() {
        return Err(WorkflowError::refused("code", "codes_on", "Codes are on already."));
    }
    let secret = Secret::Raw(rand::random::<[u8; 20]>().to_vec()).to_encoded().to_string();
    codes::save_secret(&mut tx, &account.id, Some(&secret)).await?;
    tx.commit().await?;
    Ok(())
}

/// Forgets a secret that was not confirmed.
pub async fn cancel_totp(ctx: &Context, actor: &Actor) -> Result<(), WorkflowError> {
    let mut tx = ctx.db.begin().await?;
    let account = lock_own(&mut tx, actor).await?;
    if !account.asks_for_code() {
        codes::save_secret(&mut tx, &account.id, None).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// The first code: from now on one is asked for. Gives the recovery codes, which nobody sees again.
pub async fn confirm_totp(ctx: &Context, actor: &Actor, code: &str) -> Result<Vec<String>, WorkflowError> {
    let mut tx = ctx.db.begin().await?;
    let account = lock_own(&mut tx, actor).await?;
    if account.asks_for_code() {
        return Err(WorkflowError::refused("code", "codes_on", "Codes are on already."));
    }
    let now = ctx.clock.now();
    let Some(step) = step_of(&account, code, now.seconds())? else {
        let hint = "This is not the code of this minute. Check that the phone's clock is right.";
        return Err(WorkflowError::refused("code", "wrong_code", hint));
    };
    codes::confirm(&mut tx, &account.id, now).await?;
    codes::save_step(&mut tx, &account.id, step).await?;
    let made = make_recovery_codes(&mut tx, &account.id).await?;
    let act = Act::on(AuditAction::TotpEnabled, &account.email, json!({ "recovery_codes": made.len() }));
    audit::record(ctx, &mut tx, actor, act).await?;
    tx.commit().await?;
    Ok(made)
}

/// New recovery codes; those from before no longer open.
pub async fn new_recovery_codes(ctx: &Context, actor: &Actor, code: &str) -> Result<Vec<String>, WorkflowError> {
    let mut tx = ctx.db.begin().await?;
    let account = lock_own(&mut tx, actor).await?;
    if !account.asks_for_code() {
        return Err(WorkflowError::refused("code", "codes_off", "Turn codes on first."));
    }
    let mut tx = prove_code(ctx, tx, actor, &account, code).await?;
    let made = make_recovery_codes(&mut tx, &account.id).await?;
    let act = Act::on(AuditAction::RecoveryCodesMade, &account.email, json!({ "recovery_codes": made.len() }));
    audit::record(ctx, &mut tx, actor, act).await?;
    tx.commit().await?;
    Ok(made)
}

/// Asks for both keys: whoever finds a browser open has neither.
pub async fn disable_totp(ctx: &Context, actor: &Actor, password: &str, code: &str) -> Result<(), WorkflowError> {
    let compared = compare_own(ctx, actor, password).await?;
    let mut tx = ctx.db.begin().await?;
    let account = lock_own(&mut tx, actor).await?;
    if !account.asks_for_code() {
        return Err(WorkflowError::refused("code", "codes_off", "Codes are off already."));
    }
    let tx = prove(ctx, tx, actor, &account, &compared).await?;
    let mut tx = prove_code(ctx, tx, actor, &account, code).await?;
    forget_codes(&mut tx, &account.id).await?;
    audit::record(ctx, &mut tx, actor, Act::on(AuditAction::TotpDisabled, &account.email, json!({}))).await?;
    tx.commit().await?;
    Ok(())
}

pub(super) async fn forget_codes(tx: &mut Tx, id: &AdminId) -> Result<(), WorkflowError> {
    codes::save_secret(tx, id, None).await?;
    Ok(codes::replace_recovery(tx, id, &[]).await?)
}

async fn make_recovery_codes(tx: &mut Tx, id: &AdminId) -> Result<Vec<String>, WorkflowError> {
    let made: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
    let hashes: Vec<String> = made.iter().map(|code| recovery_hash(id, code)).collect();
    codes::replace_recovery(tx, id, &hashes).await?;
    Ok(made)
}

/// `k7m2-9xqa-…`: four groups of four.
fn recovery_code() -> String {
    let letters: Vec<u8> = (0..RECOVERY_LETTERS).map(|_| ALPHABET[rand::random_range(0..ALPHABET.len())]).collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().copied().map(char::from).collect()).collect();
    groups.join("-")
}

/// However it is typed: capitals, spaces and dashes make no difference.
fn recovery_hash(id: &AdminId, typed: &str) -> String {
    let letters: String =
        typed.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{id} {letters}").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access::Role;

    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn account(last: Option<i64>) -> Account {
        Account {
            id: AdminId::from_unique("1"),
            email: "ana@example.com".to_owned(),
            password_hash: String::new(),
            role: Role::Owner,
            disabled_at: None,
            totp_secret: Some(SECRET.to_owned()),
            totp_confirmed_at: None,
            totp_last_step: last,
            failed_logins: 0,
            locked_until: None,
        }
    }

    #[test]
    fn a_code_is_right_for_its_step_and_one_to_either_side_and_only_once() {
        // RFC 6238's own example: the last six digits of 94287082 at second 59.
        let step = |last, now| step_of(&account(last), "287 082", now).unwrap();
        assert_eq!(step(None, 59), Some(1));
        assert_eq!((step(None, 0), step(None, 89)), (Some(1), Some(1)));
        assert_eq!(step(None, 90), None);
        assert_eq!(step(Some(1), 59), None);
        assert_eq!(step(Some(0), 59), Some(1));
    }

    #[test]
    fn a_recovery_code_is_understood_however_it_is_typed_and_opens_one_account() {
        let (code, ana) = (recovery_code(), AdminId::from_unique("1"));
        assert_eq!(code.len(), 19);
        let typed = format!(" {} ", code.to_uppercase().replace('-', " "));
        assert_eq!(recovery_hash(&ana, &typed), recovery_hash(&ana, &code));
        assert_ne!(recovery_hash(&AdminId::from_unique("2"), &code), recovery_hash(&ana, &code));
    }

    proptest::proptest! {
        #[test]
        fn no_code_opens_but_those_of_the_three_steps(typed: String, digits in "[0-9 ]{0,9}", now in 0..10_000_000_000_i64) {
            let codes: Vec<String> = (now / STEP - SKEW..=now / STEP + SKEW)
                .filter_map(|step| u64::try_from(step * STEP).ok())
                .map(|time| totp(SECRET, "ana@example.com").unwrap().generate(time))
                .collect();
            for code in [&typed, &digits, &codes[0]] {
                let bare: String = code.split_whitespace().collect();
                let opens = step_of(&account(None), code, now).unwrap().is_some();
                proptest::prop_assert_eq!(opens, codes.contains(&bare), "{:?}", code);
            }
            proptest::prop_assert_eq!(step_of(&account(Some(now / STEP + SKEW)), &codes[0], now).unwrap(), None);
        }
    }

    #[test]
    fn the_app_is_told_whose_account_and_where() {
        let address = provisioning_address(SECRET, "ana@example.com").unwrap();
        assert!(address.starts_with("otpauth://totp/Rolitt:ana%40example.com?secret=GEZDG"), "{address}");
    }
}
