//! The authorisation walk: every address of the admin, as nobody and as each role. The table below is the house's word
//! on who may what; an address that is not in it fails the walk.

use leptos::server_fn::axum::server_fn_paths;

use super::app::TestApp;
use super::http_client::Answer;
use super::on_both;
use crate::domain::access::{Right, Role};

/// Server functions: the right that each asks for. `None`: open to everybody.
const FUNCTIONS: &[(&str, Option<Right>)] = &[
    ("/api/admin/bulk", Some(Right::Act)),
    ("/api/admin/cancel_preorder", Some(Right::Act)),
    ("/api/admin/cancel_preorders", Some(Right::Act)),
    ("/api/admin/edit_address", Some(Right::Act)),
    ("/api/admin/edit_color", Some(Right::Act)),
    ("/api/admin/fulfil_preorder", Some(Right::Act)),
    ("/api/admin/fulfil_preorders", Some(Right::Act)),
    ("/api/admin/login", None),
    ("/api/admin/logout", None),
    ("/api/admin/move_fulfilment", Some(Right::Act)),
    ("/api/admin/preview_fulfilment", Some(Right::Act)),
    ("/api/admin/refund", Some(Right::Act)),
    ("/api/admin/compare_with_stripe", Some(Right::Act)),
    ("/api/admin/set_difference_aside", Some(Right::Act)),
    ("/api/admin/settle_difference", Some(Right::Act)),
    ("/api/admin/write_note", Some(Right::Act)),
    ("/api/admin/accept_invitation", None),
    ("/api/admin/begin_totp", Some(Right::See)),
    ("/api/admin/cancel_totp", Some(Right::See)),
    ("/api/admin/change_password", Some(Right::See)),
    ("/api/admin/change_role", Some(Right::Manage)),
    ("/api/admin/choose_zone", Some(Right::See)),
    ("/api/admin/confirm_totp", Some(Right::See)),
    ("/api/admin/delete_view", Some(Right::See)),
    ("/api/admin/disable_admin", Some(Right::Manage)),
    ("/api/admin/disable_totp", Some(Right::See)),
    ("/api/admin/discard_delivery", Some(Right::Act)),
    ("/api/admin/enable_admin", Some(Right::Manage)),
    ("/api/admin/end_other_sessions", Some(Right::See)),
    ("/api/admin/end_session", Some(Right::See)),
    ("/api/admin/end_sessions_of", Some(Right::Manage)),
    ("/api/admin/enter_code", None),
    ("/api/admin/invite", Some(Right::Manage)),
    ("/api/admin/make_recovery_codes", Some(Right::See)),
    ("/api/admin/pause_kind", Some(Right::Act)),
    ("/api/admin/replay_webhooks", Some(Right::Act)),
    ("/api/admin/resend", Some(Right::Act)),
    ("/api/admin/resume_kind", Some(Right::Act)),
    ("/api/admin/retry_dead", Some(Right::Act)),
    ("/api/admin/retry_delivery", Some(Right::Act)),
    ("/api/admin/save_view", Some(Right::See)),
    ("/api/admin/set_refund_limits", Some(Right::Manage)),
    ("/api/admin/turn_off_codes", Some(Right::Manage)),
    ("/api/admin/withdraw_invitation", Some(Right::Manage)),
];

/// Pages, with something in the place of their parameters.
const PAGES: &[(&str, Option<Right>)] = &[
    ("/admin", Some(Right::See)),
    ("/admin/login", None),
    ("/admin/invitation", None),
    ("/admin/account", Some(Right::See)),
    ("/admin/jump", Some(Right::See)),
    ("/admin/preorders", Some(Right::See)),
    ("/admin/preorders/fulfil", Some(Right::Act)),
    ("/admin/preorders/:id", Some(Right::See)),
    ("/admin/payments", Some(Right::See)),
    ("/admin/reconcile", Some(Right::See)),
    ("/admin/webhooks", Some(Right::See)),
    ("/admin/webhooks/:id", Some(Right::See)),
    ("/admin/background", Some(Right::See)),
    ("/admin/customers", Some(Right::See)),
    ("/admin/health", Some(Right::See)),
    ("/admin/people", Some(Right::Manage)),
    ("/admin/audit", Some(Right::See)),
];

#[test]
fn every_address_of_the_admin_is_in_the_walk() {
    let known = |table: &[(&str, Option<Right>)], path: &str| table.iter().any(|(listed, _)| *listed == path);
    let functions = server_fn_paths().map(|(path, _)| path).filter(|path| path.starts_with("/api/admin/"));
    let strangers: Vec<_> = functions.filter(|path| !known(FUNCTIONS, path)).collect();
    assert!(strangers.is_empty(), "functions that the walk does not know: {strangers:?}");
    let routes = leptos_axum::generate_route_list(crate::app::App);
    let pages = routes.iter().map(|route| route.path().replace('{', ":").replace('}', ""));
    let strangers: Vec<_> = pages.filter(|path| path.starts_with("/admin") && !known(PAGES, path)).collect();
    assert!(strangers.is_empty(), "pages that the walk does not know: {strangers:?}");
}

async fn post(app: &TestApp, cookie: Option<&str>, path: &str) -> Answer {
    let mut request =
        app.http.post(format!("{}{path}", app.base)).header("content-type", "application/x-www-form-urlencoded");
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    Answer::of(request.send().await.unwrap()).await
}

async fn get(app: &TestApp, cookie: Option<&str>, path: &str) -> Answer {
    let mut request = app.http.get(format!("{}{}", app.base, path.replace(":id", "pre_0")));
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    Answer::of(request.send().await.unwrap()).await
}

on_both! {
    async fn nobody_and_each_role_come_as_far_as_they_may(app: TestApp) {
        for (path, right) in FUNCTIONS.iter().filter(|(path, _)| *path != "/api/admin/logout") {
            let status = post(app, None, path).await.status;
            assert_eq!(status == 401, right.is_some() || *path == "/api/admin/login", "{path} as nobody: {status}");
            for &role in Role::ALL {
                let cookie = app.sign_in_as(role).await;
                let Some(right) = right else { continue };
                let status = post(app, Some(&cookie), path).await.status;
                assert_eq!(status == 403, !role.may(*right), "{path} as {role}: {status}");
                assert!(status != 401 && status < 500, "{path} as {role}: {status}");
            }
        }
        for &role in Role::ALL {
            let cookie = app.sign_in_as(role).await;
            for (path, right) in PAGES {
                let status = get(app, Some(&cookie), path).await.status;
                let may = right.is_none_or(|right| role.may(right));
                assert_eq!(status == 403, !may, "{path} as {role}: {status}");
                assert!(status < 500, "{path} as {role}: {status}");
            }
        }
        for (path, right) in PAGES {
            let answer = get(app, None, path).await;
            let sent_to_login = answer.status == 303 && answer.location().starts_with("/admin/login?next=");
            assert_eq!(sent_to_login, right.is_some(), "{path} as nobody: {}", answer.status);
        }
    }
}
