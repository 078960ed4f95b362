//! The dashboard's rooms: forms and links, no WASM. Who may enter is decided before a page is asked for (`http`) and
//! again in each function of `api::admin`; a page only shows what it was given.

mod account;
mod audit;
mod background;
mod background_board;
mod background_delivery;
mod background_list;
mod customers;
mod door;
mod fulfil;
mod health;
mod invitation;
mod jump;
mod login;
mod machinery;
mod overview;
mod payments;
mod people;
mod preorder;
mod preorders;
mod reconcile;
mod text_control;
mod webhook;
mod webhook_dry_run;
mod webhooks;

pub use account::AccountPage;
pub use audit::AuditPage;
pub use background::BackgroundPage;
pub use customers::CustomersPage;
pub use fulfil::FulfilPage;
pub use health::HealthPage;
pub use invitation::InvitationPage;
pub use jump::JumpPage;
pub use login::LoginPage;
pub use overview::OverviewPage;
pub use payments::PaymentsPage;
pub use people::PeoplePage;
pub use preorder::PreorderPage;
pub use preorders::PreordersPage;
pub use reconcile::ReconcilePage;
pub use webhook::WebhookPage;
pub use webhooks::WebhooksPage;

use leptos::prelude::*;

use crate::api::ApiError;
use crate::api::admin::{self, Frame, Waiting};
use crate::domain::access::Role;
use crate::ui::components::{AdminLayout, EmptyState, Room};

/// A page of the admin: its data and what stands around it, or in its place the words for why it could not be had.
fn page<D, V>(
    title: &'static str,
    room: Room,
    data: impl Future<Output = Result<D, ApiError>> + Send + 'static,
    show: impl FnOnce(Frame, D) -> V + Send + 'static,
) -> impl IntoView
where
    D: Send + 'static,
    V: IntoView + 'static,
{
    let content = Suspend::new(async move {
        let frame = match admin::frame().await {
            Ok(frame) => frame,
            Err(error) => return unavailable(title, room, empty_frame(), &error).into_any(),
        };
        match data.await {
            Ok(data) => show(frame, data).into_any(),
            Err(error) => unavailable(title, room, frame, &error).into_any(),
        }
    });
    view! { <Suspense fallback=|| ()>{content}</Suspense> }
}

/// What is left of the frame when the database is away.
fn empty_frame() -> Frame {
    let waiting = Waiting { dead: 0, failed_webhooks: 0, payments: 0 };
    let (email, here, zone) = (String::new(), String::new(), String::new());
    Frame { email, role: Role::Viewer, waiting, here, zone, notice: None, flash: None }
}

/// In place of a page whose data could not be had, or may not be.
fn unavailable(title: &'static str, room: Room, frame: Frame, error: &ApiError) -> impl IntoView + use<> {
    super::respond_with(http::StatusCode::from_u16(error.status()).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR));
    let request_id = error.request_id.clone();
    let words = match error.status() {
        403 => view! {
            <EmptyState title="Your role does not reach here.">
                <p>"An owner can change it, under People."</p>
            </EmptyState>
        }
        .into_any(),
        404 => view! {
            <EmptyState title="There is nothing at this address.">
                <p>"Search for a number, an e-mail address or an id above."</p>
            </EmptyState>
        }
        .into_any(),
        _ => view! {
            <EmptyState title="This could not be loaded.">
                <p>"Nothing is lost. Load the page again; if it stays away, " <code>"rolitt doctor"</code> " says what is missing."</p>
                <p>"Reference " <code>{request_id}</code></p>
            </EmptyState>
        }
        .into_any(),
    };
    view! {
        <AdminLayout title room frame>
            <h1>{title}</h1>
            <div class="card">{words}</div>
        </AdminLayout>
    }
}
