//! The document shell and the route table: the site map. Every route is rendered whole before it is sent, so that a
//! page without script is a page and not a skeleton.

use leptos::prelude::*;
use leptos_meta::{HashedStylesheet, MetaTags, provide_meta_context};
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{ParamSegment, SsrMode, StaticSegment};

use crate::ui::pages::admin::{LoginPage, PreorderPage, PreordersPage};
use crate::ui::pages::{CancelPage, FindOrderPage, HomePage, NotFoundPage, SuccessPage};

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
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let locale = || ParamSegment("locale");
    view! {
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=StaticSegment("") view=HomePage ssr=SsrMode::Async />
                <Route path=StaticSegment("order") view=FindOrderPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("preorder"), StaticSegment("success")) view=SuccessPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("preorder"), StaticSegment("cancel")) view=CancelPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("admin"), StaticSegment("login")) view=LoginPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("admin"), StaticSegment("preorders")) view=PreordersPage ssr=SsrMode::Async />
                <Route
                    path=(StaticSegment("admin"), StaticSegment("preorders"), ParamSegment("id"))
                    view=PreorderPage
                    ssr=SsrMode::Async
                />
                <Route path=locale() view=HomePage ssr=SsrMode::Async />
                <Route path=(locale(), StaticSegment("order")) view=FindOrderPage ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}
