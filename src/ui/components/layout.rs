//! The frame around storefront pages: document language and title, skip link, header, main, footer.

use leptos::prelude::*;
use leptos_meta::{Html, Link, Meta, Title};

use super::companion::{Companion, Mood};
use crate::domain::locale::Locale;
use crate::ui::text::Text;

/// The page inside its frame. `title` stands before the shop's name; the home page, whose title is the shop's, has
/// none. `path` is the page's address in each language; a page that has only one address gives `None`.
#[component]
pub fn StorefrontLayout(
    locale: Locale,
    #[prop(into, optional)] title: Option<String>,
    #[prop(optional)] path: Option<fn(Locale) -> &'static str>,
    /// For `<main>`: what the style sheet does with the page.
    class: &'static str,
    /// The chosen colour's id, which the page takes its tint from.
    #[prop(into, optional)]
    color: Option<String>,
    /// Below the footer's promise, such as links to other currencies.
    #[prop(optional)]
    footer_more: Option<AnyView>,
    children: Children,
) -> impl IntoView {
    let text = Text::of(locale);
    let is_home = title.is_none();
    let title = title.map_or_else(|| text.title.to_owned(), |title| format!("{title} · Rolitt"));
    let alternates = path.map(|path| {
        Locale::ALL
            .iter()
            .map(|&other| view! { <Link rel="alternate" hreflang=other.html_lang() href=path(other) /> })
            .collect_view()
    });
    let languages = Locale::ALL
        .iter()
        .filter(|other| **other != locale)
        .map(|other| {
            let href = path.map_or_else(|| other.home(), |path| path(*other));
            view! {
                <a href=href hreflang=other.html_lang() lang=other.html_lang() rel="alternate">
                    {Text::of(*other).language_name}
                </a>
            }
        })
        .collect_view();
    view! {
        <Html attr:lang=locale.html_lang() />
        <Title text=title />
        <Meta name="description" content=text.description />
        {alternates}
        <a class="skip-link" href="#main">{text.skip_to_content}</a>
        <header class="site-header">
            <a class="wordmark" href=locale.home() aria-label=text.home_link>"rolitt"</a>
            <nav aria-label=text.nav_label>
                <a class="nav-how" href=if is_home { "#how".to_owned() } else { format!("{}#how", locale.home()) }>{text.nav_how}</a>
                <a href=find_order_path(locale)>{text.nav_find_order}</a>
                {languages}
            </nav>
        </header>
        <main id="main" class=class data-color=color tabindex="-1">{children()}</main>
        <footer class="site-footer">
            <p>
                {text.footer_questions} " "
                <a href=format!("mailto:{}", text.support_email)>{text.support_email}</a>
            </p>
            <p>{text.footer_promise}</p>
            {footer_more}
        </footer>
    }
    .into_any()
}

/// A page that says one thing: companion, headline, and what to do. Orders and mistakes both look like this.
#[component]
pub fn MessagePage(
    locale: Locale,
    #[prop(into)] title: String,
    mood: Mood,
    #[prop(into, optional)] color: Option<String>,
    children: Children,
) -> impl IntoView {
    view! {
        <StorefrontLayout locale title=title.clone() class="message-page" color=color.unwrap_or_default()>
            <div class="message-stage"><Companion label="" mood /></div>
            <div class="message">
                <h1>{title}</h1>
                {children()}
            </div>
        </StorefrontLayout>
    }
}

pub const fn find_order_path(locale: Locale) -> &'static str {
    match locale {
        Locale::En => "/order",
        Locale::Zh => "/zh/order",
    }
}
