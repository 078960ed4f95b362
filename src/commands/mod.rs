//! The binary's subcommands, one file each: settings in, exit status out.

mod admin;
mod backup;
mod database;
mod demo;
mod doctor;
mod migrate;
mod reconcile;
mod sandbox;
mod serve;
mod site;
mod stop;
mod work;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::{self, Settings};
use crate::context::Context;
use crate::domain::contact::Email;
use crate::telemetry::{self, PrometheusHandle};

#[derive(Parser)]
#[command(name = "rolitt", version, about = "A preorder and payment platform.")]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// The site, with background workers and migrations (the default)
    Serve {
        /// Leave the background to `rolitt work`
        #[arg(long)]
        no_workers: bool,
    },
    /// Background workers alone
    Work,
    /// Bring the database's tables up to date
    Migrate,
    /// Administrators
    Admin {
        #[command(subcommand)]
        command: AdminCommand,
    },
    /// Copy the database while the shop runs (SQLite; PostgreSQL has `pg_dump`)
    Backup {
        /// A file that is not there yet
        #[arg(long)]
        to: PathBuf,
    },
    /// Fill the database with invented orders, to look at and to measure
    Demo(demo::Demo),
    /// Check settings, database, migrations and providers
    Doctor {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Compare our records with Stripe's
    Reconcile {
        /// How far back: 30m, 24h, 7d
        #[arg(long, default_value = "24h", value_parser = reconcile::span)]
        since: std::time::Duration,
        /// Settle what Stripe knows better
        #[arg(long)]
        fix: bool,
        /// This database is a copy that was just restored: make again what it has lost, and nothing twice
        #[arg(long, requires = "fix")]
        restore: bool,
    },
    /// The stand-ins for Stripe, Klaviyo, Firebase and Twilio, as a process of their own
    Sandbox {
        /// Where to listen
        #[arg(long, default_value = "127.0.0.1:3010")]
        addr: SocketAddr,
        /// Where Stripe's events are sent: the shop of the same settings, unless said otherwise
        #[arg(long)]
        webhook_url: Option<String>,
    },
}

#[derive(Subcommand)]
enum AdminCommand {
    /// Make an administrator, or give one a new password (read from standard input, or generated)
    Create {
        #[arg(long)]
        email: String,
        /// What they may do: `viewer`, `support` or `owner`. An admin who exists keeps their role.
        #[arg(long, default_value = "owner")]
        role: String,
    },
}

const GOOD: u8 = 0;
/// Found a problem, wrong settings among them.
const PROBLEM: u8 = 1;
/// Called wrongly.
const MISUSE: u8 = 2;

/// Gives the exit status.
pub async fn run(cli: Cli) -> u8 {
    let command = cli.command.unwrap_or(Command::Serve { no_workers: false });
    let dotenv = dotenvy::dotenv();
    if let Err(dotenvy::Error::LineParse(line, at)) = &dotenv {
        // The line itself may hold a secret.
        eprintln!(".env: can't be read at character {at} of a line of {} characters", line.len());
        return PROBLEM;
    }
    let settings = match (config::read(|name| std::env::var(name).ok()), &command) {
        (Ok(settings), _) => settings,
        (Err(faults), Command::Doctor { json }) => return doctor::tell_faults(&faults, *json),
        (Err(faults), _) => {
            for fault in faults {
                eprintln!("{fault}");
            }
            return PROBLEM;
        }
    };
    telemetry::start_logs(settings.log_filter.as_deref());
    let (sentry, collector) = (settings.sentry_dsn.as_ref(), settings.otlp_endpoint.as_deref());
    if let Err(problem) = telemetry::start(sentry, collector, settings.is_production()) {
        eprintln!("{problem}");
        return PROBLEM;
    }
    let performed = Box::pin(perform(command, settings)).await;
    telemetry::flush().await;
    match performed {
        Ok(()) => GOOD,
        Err(Failure::Misuse(problem)) => {
            eprintln!("{problem}");
            MISUSE
        }
        Err(Failure::Problem(problem)) => {
            if !problem.is_empty() {
                eprintln!("rolitt: {problem}");
            }
            PROBLEM
        }
    }
}

enum Failure {
    Problem(String),
    Misuse(String),
}

async fn perform(command: Command, settings: Settings) -> Result<(), Failure> {
    let outcome = match command {
        Command::Serve { no_workers } => serve::run(settings, !no_workers).await,
        Command::Work => work::run(settings).await,
        Command::Migrate => migrate::run(&settings).await,
        Command::Admin { command: AdminCommand::Create { email, role } } => {
            let email = Email::parse(&email).map_err(|problem| Failure::Misuse(format!("--email {problem}")))?;
            let role = role.parse().map_err(|_| Failure::Misuse("--role is viewer, support or owner".to_owned()))?;
            admin::create(settings, &email, role).await
        }
        Command::Demo(demo) => return demo::run(&settings, demo).await,
        Command::Doctor { json } => Box::pin(doctor::run(settings, json)).await,
        Command::Backup { to } => return backup::run(&settings, &to).await,
        Command::Reconcile { since, fix, restore } => reconcile::run(settings, since, fix, restore).await,
        Command::Sandbox { addr, webhook_url } => sandbox::run(&settings, addr, webhook_url).await,
    };
    outcome.map_err(Failure::Problem)
}

/// A problem in words for the terminal; empty if it was told already.
type Outcome = Result<(), String>;

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Answers `/metrics` and `/healthz` at `METRICS_ADDR`, if it is set: until told to stop, and no longer.
async fn metrics_alone(ctx: &Context, metrics: Option<&PrometheusHandle>, stop: &CancellationToken) -> Outcome {
    let (Some(addr), Some(handle)) = (ctx.settings.metrics_addr, metrics) else { return Ok(()) };
    let listener =
        TcpListener::bind(addr).await.map_err(|e| format!("METRICS_ADDR: {addr} can't be listened on: {e}"))?;
    let served = axum::serve(listener, crate::http::metrics_alone(ctx.clone(), handle.clone()));
    let served = served.with_graceful_shutdown(stop.clone().cancelled_owned());
    tokio::spawn(std::future::IntoFuture::into_future(served));
    Ok(())
}

/// What the site answers under when nothing else is set.
fn default_base_url(addr: SocketAddr) -> String {
    match addr.ip() {
        ip if ip.is_unspecified() => format!("http://127.0.0.1:{}", addr.port()),
        _ => format!("http://{addr}"),
    }
}

fn base_url(settings: &Settings, addr: SocketAddr) -> String {
    settings.public_base_url.clone().unwrap_or_else(|| default_base_url(addr))
}

/// Where an embedded sandbox answers the providers' calls: beside the site, so that `rolitt work` finds it too.
fn sandbox_api(addr: SocketAddr) -> String {
    format!("{}{SANDBOX_API}", default_base_url(addr))
}

const SANDBOX_API: &str = "/sandbox/api";

/// Signs the sandbox's events when no secret is set. It opens nothing: only development accepts it.
const SANDBOX_SECRET: &str = "whsec_sandbox";
