//! Firebase users through Identity Toolkit's REST interface. The user's id is given by us, so making it twice is
//! making it once: "exists already" is success.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{ProviderError, excerpt, http_client, retry_after, watched};
use crate::config::{FirebaseAccess, FirebaseSettings};

const SERVICE: &str = "Firebase";
/// Reasons that pass, though they come as "bad request".
const LATER: &[&str] = &["QUOTA_EXCEEDED", "TOO_MANY_ATTEMPTS_TRY_LATER"];
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
            Said::Done(made) if named(&made, "/localId").is_some() => Ok(UserMade::New { id: user.id.to_owned() }),
            // Something else has answered in Firebase's place. It may have passed the request on.
            Said::Done(_) => Err(ProviderError::NoAnswer(format!("{SERVICE} answered without naming the user"))),
            Said::IdTaken => Ok(UserMade::Existed { id: user.id.to_owned() }),
            Said::AddressTaken => self.find_by_email(user.email).await,
        }
    }

    /// Whether Firebase lets us in.
    pub async fn check(&self) -> Result<(), ProviderError> {
        self.post("accounts:lookup", &json!({ "localId": ["rolitt-doctor"] })).await.map(drop)
    }

    async fn find_by_email(&self, email: &str) -> Result<UserMade, ProviderError> {
        let found = match self.post("accounts:lookup", &json!({ "email": [email] })).await? {
            Said::Done(found) => found,
            Said::IdTaken | Said::AddressTaken => Value::Null,
        };
        let id = named(&found, "/users/0/localId");
        // Deleted between the two calls: the next try makes it.
        let gone =
            || ProviderError::Retry { message: format!("{SERVICE} lost the user it had just named"), after: None };
        id.map(|id| UserMade::Existed { id: id.to_owned() }).ok_or_else(gone)
    }

    async fn post(&self, path: &'static str, body: &Value) -> Result<Said, ProviderError> {
        watched("firebase", path, self.ask(path, body)).await
    }

    async fn ask(&self, path: &str, body: &Value) -> Result<Said, ProviderError> {
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
        understood(status, after, &text)
    }
}

enum Said {
    Done(Value),
    /// There is one with this id, or with this address: what was to be made is there.
    IdTaken,
    AddressTaken,
}

fn understood(status: StatusCode, after: Option<Duration>, body: &str) -> Result<Said, ProviderError> {
    if status.is_success() {
        let garbled = |_| ProviderError::NoAnswer(format!("{SERVICE} answered what is not JSON: {}", excerpt(body)));
        return serde_json::from_str(body).map(Said::Done).map_err(garbled);
    }
    let reason = reason(body);
    match ProviderError::from_status(SERVICE, status, after, body) {
        _ if reason == "DUPLICATE_LOCAL_ID" => Ok(Said::IdTaken),
        _ if reason == "EMAIL_EXISTS" => Ok(Said::AddressTaken),
        // Its quotas speak in words, not in a status of their own.
        ProviderError::Permanent(message) if LATER.contains(&reason.as_str()) => {
            Err(ProviderError::Retry { message, after })
        }
        error => Err(error),
    }
}

fn named<'a>(answer: &'a Value, pointer: &str) -> Option<&'a str> {
    answer.pointer(pointer).and_then(Value::as_str).filter(|id| !id.is_empty())
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
        // `Str` is what it says of a token server that answers with an error, `Other` of one that can't be reached.
        gcp_auth::Error::Http(..) | gcp_auth::Error::Other(..) | gcp_auth::Error::Str(_) => {
            ProviderError::Retry { message, after: None }
        }
        _ => ProviderError::Configuration(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_that_is_used_up_is_asked_again_and_a_wrong_address_is_not() {
        let of = |status: u16, reason: &str| {
            let body = json!({ "error": { "code": status, "message": format!("{reason} : said in words") } });
            understood(StatusCode::from_u16(status).unwrap(), None, &body.to_string())
        };
        for passes in LATER {
            assert!(matches!(of(400, passes), Err(ProviderError::Retry { .. })), "{passes}");
        }
        assert!(matches!(of(400, "INVALID_EMAIL"), Err(ProviderError::Permanent(_))));
        assert!(matches!(of(400, "EMAIL_EXISTS"), Ok(Said::AddressTaken)));
        assert!(matches!(of(503, "UNAVAILABLE"), Err(ProviderError::Retry { .. })));
    }

    #[tokio::test]
    async fn a_success_that_names_no_user_is_none() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let proxy = axum::Router::new().fallback(|| async { axum::Json(json!({ "ok": true })) });
        tokio::spawn(async move { axum::serve(listener, proxy).await.unwrap() });
        let settings = FirebaseSettings { project_id: "p".to_owned(), access: FirebaseAccess::Emulator(host) };
        let firebase = Firebase::new(settings, Duration::from_secs(5)).unwrap();
        let made = firebase.ensure_user(&NewUser { id: "rolitt-1", email: "ana@example.com", name: None }).await;
        assert!(matches!(made, Err(ProviderError::NoAnswer(_))), "{made:?}");
    }

    #[test]
    fn a_token_server_that_is_away_is_no_wrong_setting() {
        let away = gcp_auth::Error::Other("HTTP request failed", "connection refused".into());
        assert!(matches!(token_error(&away), ProviderError::Retry { .. }));
        assert!(matches!(token_error(&gcp_auth::Error::Str("token request failed")), ProviderError::Retry { .. }));
        assert!(matches!(
            token_error(&gcp_auth::Error::Io("key", std::io::Error::other("x"))),
            ProviderError::Configuration(_)
        ));
    }
}
