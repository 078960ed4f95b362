//! The buyer's account. Its id is made of the address, so that two preorders of one person are one user, and a repeat
//! finds the user that the lost answer made.

use uuid::Uuid;

use super::perform::Effect;
use crate::context::Context;
use crate::providers::ProviderError;
use crate::providers::firebase::{NewUser, UserMade};
use crate::store::preorders::Preorder;

pub async fn create_user(ctx: &Context, preorder: &Preorder) -> Result<(String, Effect), ProviderError> {
    let firebase = ctx.firebase.as_ref();
    let firebase = firebase.ok_or_else(|| ProviderError::Configuration("Firebase is switched off".to_owned()))?;
    let id = user_id(&preorder.email);
    let user = NewUser { id: &id, email: &preorder.email, name: preorder.name.as_deref() };
    let (answer, id) = match firebase.ensure_user(&user).await? {
        UserMade::New { id } => ("user made", id),
        UserMade::Existed { id } => ("user existed", id),
    };
    Ok((answer.to_owned(), Effect::FirebaseUser { id }))
}

fn user_id(email: &str) -> String {
    let name = format!("mailto:{email}");
    format!("rolitt-{}", Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).simple())
}
