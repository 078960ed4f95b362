//! The accounts Identity Toolkit keeps, found by identifier, e-mail address or phone number.

use std::collections::HashMap;

use serde::{Deserialize, Serialize, Serializer};

use super::shelf::{Record, Shelf};

/// One account.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    pub local_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    #[serde(default)]
    pub email_verified: bool,
    #[serde(default)]
    pub disabled: bool,
    /// Milliseconds since 1970, as text, as Google writes it.
    pub created_at: String,
}

impl Record for User {
    const KEEP: usize = 200_000;
    fn id(&self) -> &str {
        &self.local_id
    }
}

/// Accounts, found by identifier, e-mail address or phone number.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "Shelf<User>")]
pub struct Users {
    users: Shelf<User>,
    by_contact: HashMap<String, String>,
}

impl From<Shelf<User>> for Users {
    fn from(users: Shelf<User>) -> Self {
        let by_contact =
            users.iter().flat_map(|user| contacts(user).map(|contact| (contact, user.local_id.clone()))).collect();
        Self { users, by_contact }
    }
}

impl Serialize for Users {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.users.serialize(out)
    }
}

fn contacts(user: &User) -> impl Iterator<Item = String> + use<> {
    let email = user.email.as_ref().map(|email| email.to_lowercase());
    email.into_iter().chain(user.phone_number.clone())
}

impl Users {
    pub fn put(&mut self, user: User) {
        self.by_contact.extend(contacts(&user).map(|contact| (contact, user.local_id.clone())));
        self.users.put(user);
    }

    pub fn get(&self, id: &str) -> Option<&User> {
        self.users.get(id)
    }

    /// By e-mail address in lower case, or phone number.
    pub fn by_contact(&self, contact: &str) -> Option<&User> {
        self.users.get(self.by_contact.get(contact)?)
    }

    pub fn remove(&mut self, id: &str) -> Option<User> {
        let user = self.users.remove(id)?;
        for contact in contacts(&user) {
            self.by_contact.remove(&contact);
        }
        Some(user)
    }

    pub fn len(&self) -> usize {
        self.users.len()
    }
}

/// E.164: a plus sign and 7 to 15 digits.
pub fn is_phone(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}
