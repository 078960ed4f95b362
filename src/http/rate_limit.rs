//! How many calls an address may make to the login and the functions that save and look up orders.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http::request::Parts;

use super::AppState;
use super::client_address::client_address;
use crate::api::ApiError;

const LIMITED: &[&str] = &[
    "/api/initiate_preorder",
    "/api/handle_checkout",
    "/api/find_order",
    "/api/admin/login",
    "/api/admin/enter_code",
    "/api/admin/accept_invitation",
];
/// Addresses remembered before those that have been quiet are forgotten.
const TIDY_ABOVE: usize = 10_000;

/// `None`: no limit.
pub struct Limiter(Option<DefaultKeyedRateLimiter<IpAddr>>);

impl Limiter {
    pub fn new(per_minute: u32) -> Self {
        Self(NonZeroU32::new(per_minute).map(|quota| RateLimiter::keyed(Quota::per_minute(quota))))
    }

    /// Seconds to wait, if this call is one too many.
    fn check(&self, address: IpAddr) -> Result<(), u64> {
        let Some(limiter) = &self.0 else { return Ok(()) };
        if limiter.len() > TIDY_ABOVE {
            limiter.retain_recent();
        }
        limiter.check_key(&address).map_err(|until| until.wait_time_from(DefaultClock::default().now()).as_secs() + 1)
    }
}

/// Asked once the form is read: whoever is stopped gets back what they typed.
pub fn check(state: &AppState, parts: &Parts) -> Result<(), ApiError> {
    if !LIMITED.contains(&parts.uri.path()) {
        return Ok(());
    }
    let trusted = &state.ctx.settings.trusted_proxies;
    let address = client_address(&parts.extensions, &parts.headers, trusted);
    match address.map(|address| state.limiter.check(address)) {
        Some(Err(seconds)) => {
            metrics::counter!(crate::telemetry::metric::RATE_LIMITED).increment(1);
            let message = "Too many tries in a short time. Please wait a moment.";
            Err(ApiError::new(429, "too_many_requests", message).busy_for(seconds))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_stopped_after_its_share_and_others_are_not() {
        let limiter = Limiter::new(3);
        let (one, other) = ("203.0.113.1".parse().unwrap(), "203.0.113.2".parse().unwrap());
        assert!((0..3).all(|_| limiter.check(one).is_ok()));
        assert!(limiter.check(one).is_err_and(|seconds| (1..=21).contains(&seconds)));
        assert!(limiter.check(other).is_ok());
        let unlimited = Limiter::new(0);
        assert!((0..1000).all(|_| unlimited.check(one).is_ok()));
    }
}
