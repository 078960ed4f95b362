//! Where something is to be seen in Stripe's own dashboard.

use crate::config::StripeSettings;
use crate::context::Context;

/// The page about `what` (`payments/pi_…`, `disputes/dp_…`). `None` where another server stands in: Stripe knows
/// nothing of it.
pub fn in_stripe(ctx: &Context, what: &str) -> Option<String> {
    ctx.settings.stripe.as_ref().and_then(|stripe| page(stripe, what))
}

/// In the test world, unless the key is a live one.
fn page(stripe: &StripeSettings, what: &str) -> Option<String> {
    if stripe.api_base.is_some() {
        return None;
    }
    let world = if stripe.secret_key.contains("_live_") { "" } else { "test/" };
    Some(format!("https://dashboard.stripe.com/{world}{what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_key_leads_to_the_test_world_and_a_stand_in_nowhere() {
        let page = |key: &str, base: Option<&str>| {
            let api_base = base.map(str::to_owned);
            super::page(
                &StripeSettings { secret_key: key.to_owned(), api_base, requests_per_second: None },
                "disputes/dp_1",
            )
        };
        assert_eq!(page("sk_live_1", None).as_deref(), Some("https://dashboard.stripe.com/disputes/dp_1"));
        assert_eq!(page("rk_test_1", None).as_deref(), Some("https://dashboard.stripe.com/test/disputes/dp_1"));
        assert_eq!(page("sk_test_1", Some("http://127.0.0.1:1")), None);
    }
}
