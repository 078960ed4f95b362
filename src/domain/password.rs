//! What a new password of an admin's has to be: long, and not the address beside it. No rules on its letters; they
//! make people write it down.

use super::contact::Email;

pub const SHORTEST: usize = 10;
/// Hashing takes longer the longer it is; nobody types more.
const LONGEST: usize = 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    #[error("Use {SHORTEST} characters or more.")]
    TooShort,
    #[error("Use fewer than {LONGEST} characters.")]
    TooLong,
    #[error("Use something other than your e-mail address.")]
    IsTheAddress,
}

/// Says what is wrong with a password that somebody chose for this address.
pub fn check(password: &str, email: &Email) -> Result<(), PasswordFault> {
    let length = password.chars().count();
    let name = email.as_str().split('@').next().unwrap_or_default();
    let lower = password.trim().to_lowercase();
    if length < SHORTEST {
        Err(PasswordFault::TooShort)
    } else if length >= LONGEST {
        Err(PasswordFault::TooLong)
    } else if lower == email.as_str() || lower == name {
        Err(PasswordFault::IsTheAddress)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_and_not_the_address() {
        let Ok(email) = Email::parse("Ana.Longname@example.com") else { panic!("an address") };
        assert_eq!(check("short", &email), Err(PasswordFault::TooShort));
        assert_eq!(check("李李李李李李李李李李", &email), Ok(()));
        assert_eq!(check("ANA.longname@example.com", &email), Err(PasswordFault::IsTheAddress));
        assert_eq!(check("ana.longname", &email), Err(PasswordFault::IsTheAddress));
        assert_eq!(check(&"a".repeat(1024), &email), Err(PasswordFault::TooLong));
        assert_eq!(check("correct horse battery staple", &email), Ok(()));
    }
}
