//! Firebase users through Identity Toolkit's REST interface. The user's id is given by us, so making it twice is
//! making it once: "exists already" is success.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ProviderError, excerpt, http_client, retry_after, watched};
use crate::config::{FirebaseAccess, FirebaseSettings};

const SERVICE: &str = "Firebase";
const SCOPES: &[&str] = &["https://www.googleapis.com/auth/identitytoolkit"];

pub struct Firebase {
    http: reqwest::Client,
    project_id: String,
    access: Access,
}

enum Access {
    /// The emulator takes the word `owner` for a token, and stands behind the real host's name as a path.
    Emulator {
        host: String,
    },
    ServiceAccount(Box<gcp_auth::CustomServiceAccount>),
}

pub struct NewUser<'a> {
    /// At most 128 characters.
    pub id: &'a str,
    pub email: &'a str,
    pub name: Option<&'a str>,
}

/// What became of a user who was to exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserMade {
    New {
        id: String,
    },
    /// One with this id or address was there before; its id is what counts.
    Existed {
        id: String,
    },
}

impl Firebase {
    pub fn new(settings: FirebaseSettings, timeout: Duration) -> Result<Self, ProviderError> {
        let access = match settings.access {
            FirebaseAccess::Emulator(host) => Access::Emulator { host },
            FirebaseAccess::ServiceAccount(file) => Access::ServiceAccount(
                gcp_auth::CustomServiceAccount::from_file(file)
                    .map(Box::new)
                    .map_err(|e| ProviderError::Configuration(format!("GOOGLE_APPLICATION_CREDENTIALS: {e}")))?,
            ),
        };
        let http = http_client(timeout).map_err(|e| ProviderError::Configuration(e.to_string()))?;
        Ok(Self { http, project_id: settings.project_id, access })
    }

    pub async fn ensure_user(&self, user: &NewUser<'_>) -> Result<UserMade, ProviderError> {
        let mut body = json!({ "localId": user.id, "email": user.email, "emailVerified": false });
        if let Some(name) = user.name {
            body["displayName"] = name.into();
        }
        match self.post("accounts", &body).await? {
            Ok(_) => Ok(UserMade::New { id: user.id.to_owned() }),
            Err(answer) if answer.reason == "DUPLICATE_LOCAL_ID" => Ok(UserMade::Existed { id: user.id.to_owned() }),
            Err(answer) if answer.reason == "EMAIL_EXISTS" => self.find_by_email(user.email).await,
            Err(answer) => Err(answer.error),
        }
    }

    /// Whether Firebase lets us in.
    pub async fn check(&self) -> Result<(), ProviderError> {
        let answer = self.post("accounts:lookup", &json!({ "localId": ["rolitt-doctor"] })).await?;
        answer.map(|_| ()).map_err(|refused| refused.error)
    }

    async fn find_by_email(&self, email: &str) -> Result<UserMade, ProviderError> {
        let found =
            self.post("accounts:lookup", &json!({ "email": [email] })).await?.map_err(|refused| refused.error)?;
        let id = found.pointer("/users/0/localId").and_then(Value::as_str);
        // Deleted between the two calls: the next try makes it.
        let gone =
            || ProviderError::Retry { message: format!("{SERVICE} lost the user it had just named"), after: None };
        id.map(|id| UserMade::Existed { id: id.to_owned() }).ok_or_else(gone)
    }

    async fn post(&self, path: &'static str, body: &Value) -> Result<Result<Value, Refused>, ProviderError> {
        watched("firebase", path, self.ask(path, body)).await
    }

    async fn ask(&self, path: &str, body: &Value) -> Result<Result<Value, Refused>, ProviderError> {
        let (origin, token) = match &self.access {
            Access::Emulator { host } => (format!("http://{host}/identitytoolkit.googleapis.com"), "owner".to_owned()),
            Access::ServiceAccount(account) => {
                let token =
                    gcp_auth::TokenProvider::token(account.as_ref(), SCOPES).await.map_err(|e| token_error(&e))?;
                ("https://identitytoolkit.googleapis.com".to_owned(), token.as_str().to_owned())
            }
        };
        let response = self
            .http
            .post(format!("{origin}/v1/projects/{}/{path}", self.project_id))
            .bearer_auth(token)
            .json(body)
            .send()
            .await
            .map_err(|e| ProviderError::from_reqwest(SERVICE, &e))?;
        let (status, after) = (response.status(), retry_after(&response));
        let text = response.text().await.map_err(|e| ProviderError::from_reqwest(SERVICE, &e))?;
        if !status.is_success() {
            let error = ProviderError::from_status(SERVICE, status, after, &text);
            return Ok(Err(Refused { reason: reason(&text), error }));
        }
        let garbled = |_| ProviderError::NoAnswer(format!("{SERVICE} answered what is not JSON: {}", excerpt(&text)));
        serde_json::from_str(&text).map(Ok).map_err(garbled)
    }
}

struct Refused {
    /// Identity Toolkit's word, such as `EMAIL_EXISTS`.
    reason: String,
    error: ProviderError,
}

/// `{"error":{"message":"EMAIL_EXISTS : …"}}`
fn reason(body: &str) -> String {
    let parsed: Value = serde_json::from_str(body).unwrap_or_default();
    let message = parsed.pointer("/error/message").and_then(Value::as_str).unwrap_or_default();
    message.split([' ', ':']).next().unwrap_or_default().to_owned()
}

/// Google's own sign-in may be away as well; a key that it refuses is ours to put right.
fn token_error(error: &gcp_auth::Error) -> ProviderError {
    let message = format!("{SERVICE}: no access token: {}", excerpt(&error.to_string()));
    match error {
        gcp_auth::Error::Http(..) => ProviderError::Retry { message, after: None },
        _ => ProviderError::Configuration(message),
    }
}
