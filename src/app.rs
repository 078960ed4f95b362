//! The document shell and the route table: the site map. Every route is rendered whole before it is sent, so that a
//! page without script is a page and not a skeleton.

use leptos::prelude::*;
use leptos_meta::{HashedStylesheet, MetaTags, provide_meta_context};
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{ParamSegment, SsrMode, StaticSegment};

use crate::domain::locale::Locale;
use crate::domain::payment::PaymentFailure;
/// The admin's style sheet and its address, for whoever serves it.
pub use crate::ui::admin_style;
use crate::ui::pages::admin as rooms;
use crate::ui::pages::{CancelPage, FindOrderPage, HomePage, NotFoundPage, SuccessPage};
use crate::ui::text::Text;

/// The document around every page. Its language is set by the page, which knows it; the islands' scripts are brought
/// by the pages that have islands.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    // Nothing outside an island is hydrated. Pages with islands say it again by their scripts; the others only here.
    if let Some(shared) = Owner::current_shared_context() {
        shared.set_is_hydrating(false);
    }
    provide_context(options.clone());
    view! {
        <!DOCTYPE html>
        <html>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta name="theme-color" content="#fffdfb" media="(prefers-color-scheme: light)" />
                <meta name="theme-color" content="#17141b" media="(prefers-color-scheme: dark)" />
                <HashedStylesheet options=options.clone() />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="apple-touch-icon" href="/apple-touch-icon.png" />
                <AutoReload options />
                {refreshes_itself().then(|| view! { <noscript><meta http-equiv="refresh" content="60" /></noscript> })}
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The admin's overview, where no script does it.
fn refreshes_itself() -> bool {
    use_context::<http::request::Parts>().is_some_and(|parts| parts.uri.path() == "/admin")
}

/// Each language has its own lines: a parameter in their place would also match `/favicon.svg` and every other file
/// in the site's root. A test holds the table to the languages there are.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let home = |locale| move || view! { <HomePage locale /> };
    let find_order = |locale| move || view! { <FindOrderPage locale /> };
    let [en, zh, order, preorder, admin, preorders, webhooks] =
        ["en", "zh", "order", "preorder", "admin", "preorders", "webhooks"].map(StaticSegment);
    let id = ParamSegment("id");
    view! {
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=StaticSegment("") view=home(Locale::En) ssr=SsrMode::Async />
                <Route path=en view=home(Locale::En) ssr=SsrMode::Async />
                <Route path=zh view=home(Locale::Zh) ssr=SsrMode::Async />
                <Route path=order view=find_order(Locale::En) ssr=SsrMode::Async />
                <Route path=(en, order) view=find_order(Locale::En) ssr=SsrMode::Async />
                <Route path=(zh, order) view=find_order(Locale::Zh) ssr=SsrMode::Async />
                <Route path=(preorder, StaticSegment("success")) view=SuccessPage ssr=SsrMode::Async />
                <Route path=(preorder, StaticSegment("cancel")) view=CancelPage ssr=SsrMode::Async />
                <Route path=(admin, StaticSegment("login")) view=rooms::LoginPage ssr=SsrMode::Async />
                <Route path=(admin, StaticSegment("invitation")) view=rooms::InvitationPage ssr=SsrMode::Async />
                <Route path=(admin, StaticSegment("account")) view=rooms::AccountPage ssr=SsrMode::Async />
                <Route path=(admin, StaticSegment("jump")) view=rooms::JumpPage ssr=SsrMode::Async />
                <Route path=admin view=rooms::OverviewPage ssr=SsrMode::Async />
                <Route path=(admin, preorders) view=rooms::PreordersPage ssr=SsrMode::Async />
                <Route path=(admin, preorders, StaticSegment("fulfil")) view=rooms::FulfilPage ssr=SsrMode::Async />
                <Route path=(admin, preorders, id) view=rooms::PreorderPage ssr=SsrMode::Async />
                <Route path=(admin, StaticSegment("payments")) view=rooms::PaymentsPage ssr=SsrMode::Async />
                <Route path=(admin, StaticSegment("reconcile")) view=rooms::ReconcilePage ssr=SsrMode::Async />
                <Route path=(admin, webhooks) view=rooms::WebhooksPage ssr=SsrMode::Async />
                <Route path=(admin, webhooks, id) view=rooms::WebhookPage ssr=SsrMode::Async />
                <Route path=(admin, StaticSegment("background")) view=rooms::BackgroundPage ssr=SsrMode::Async />
                <Route path=(admin, StaticSegment("customers")) view=rooms::CustomersPage ssr=SsrMode::Async />
                <Route path=(admin, StaticSegment("health")) view=rooms::HealthPage ssr=SsrMode::Async />
                <Route path=(admin, StaticSegment("people")) view=rooms::PeoplePage ssr=SsrMode::Async />
                <Route path=(admin, StaticSegment("audit")) view=rooms::AuditPage ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}

/// What is wrong, what to do, and the link that does it: for a page that is made when nothing can be rendered.
pub fn words_while_away(locale: Locale) -> (&'static str, &'static str, &'static str) {
    let text = Text::of(locale);
    let said = text.failure(PaymentFailure::Busy);
    (said.title, said.todo, text.action_try_again)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_a_home_and_finds_orders() {
        let routes: Vec<_> =
            leptos_axum::generate_route_list(App).iter().map(|route| route.path().to_owned()).collect();
        for locale in Locale::ALL {
            assert!(routes.contains(&format!("/{locale}")), "{locale}: {routes:?}");
            assert!(routes.contains(&format!("/{locale}/order")), "{locale}: {routes:?}");
        }
    }

    #[test]
    fn every_page_is_rendered_whole_before_it_is_sent() {
        for route in leptos_axum::generate_route_list(App) {
            assert_eq!(route.mode(), &SsrMode::Async, "{}", route.path());
        }
    }
}
