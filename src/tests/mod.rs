//! Integration tests, inside the library so that there is one test binary. They drive the real router over real HTTP,
//! on SQLite and on a real PostgreSQL, against the sandbox's stand-ins, with the real clients.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::large_futures, clippy::float_cmp)]

mod admin;
mod admin_access;
mod admin_bulk;
mod admin_list;
mod admin_list_kept;
mod admin_machinery;
mod admin_overview;
mod admin_payments;
mod admin_people;
mod admin_preorder;
mod app;
mod clocks;
mod commands;
mod crash;
mod database;
mod database_fire;
mod deliveries;
mod demo;
mod doctor;
mod fleet;
mod forms;
mod fuzz;
mod guards;
mod http_client;
mod instances;
mod lives;
mod outages;
mod pace;
mod preorder_seeds;
mod program;
mod promises;
mod providers;
mod purchase;
mod reconcile;
mod refunds;
mod returned_money;
mod rolling_restart;
mod settlement;
mod slow_clients;
mod stopping;
mod store;
mod torture;
mod watching;
mod webhooks;

/// How long a test waits for what must come. Far more than anything takes on a machine that is busy with other things;
/// a hang fails instead of waiting for ever, and what is well costs nothing.
const PATIENCE: std::time::Duration = std::time::Duration::from_mins(3);

/// Runs a test on both databases: `on_both! { async fn a_sentence(app: TestApp) { … } }`. At the end the app checks
/// that no delivery is left unexplained.
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident: TestApp) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(#[$meta])*
            async fn test($app: &$crate::tests::app::TestApp) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn on_sqlite() {
                let app = $crate::tests::app::TestApp::start($crate::tests::database::Kind::Sqlite).await;
                test(&app).await;
                app.finish_in(module_path!()).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_postgres() {
                let app = $crate::tests::app::TestApp::start($crate::tests::database::Kind::Postgres).await;
                test(&app).await;
                app.finish_in(module_path!()).await;
            }
        }
    )+};
}
use on_both;
