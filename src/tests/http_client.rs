//! A caller of the shop: a browser without script, or a program. It keeps cookies and does not follow redirects.

use reqwest::header;
use serde_json::Value;

pub struct Answer {
    pub status: u16,
    pub headers: header::HeaderMap,
    pub body: String,
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.text().await.unwrap_or_default() }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON ({}): {}", self.status, self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn location(&self) -> &str {
        self.header("location")
    }

    /// The Checkout Session that a redirect leads to.
    pub fn session(&self) -> String {
        assert_eq!(self.status, 303, "no redirect: {}", self.body);
        let (_, session) =
            self.location().split_once("/checkout/").unwrap_or_else(|| panic!("no page: {}", self.location()));
        session.to_owned()
    }

    /// `name=value` of the cookie that was set.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let mut set = self.headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        set.rfind(|cookie| cookie.starts_with(&format!("{name}=")))?.split(';').next().map(str::to_owned)
    }
}

pub fn client() -> reqwest::Client {
    builder().build().unwrap()
}

/// One that opens a connection for each request.
pub fn client_of_single_requests() -> reqwest::Client {
    builder().pool_max_idle_per_host(0).build().unwrap()
}

fn builder() -> reqwest::ClientBuilder {
    crate::providers::use_ring();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(std::time::Duration::from_secs(40))
}
