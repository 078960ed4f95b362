//! Where a run takes place: a folder, a database and a sandbox of its own, all gone afterwards.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::{Connection as _, PgConnection, SqliteConnection};

use crate::Outcome;
use crate::process::{Process, free_address};
use crate::wire::{Connection, post};

pub const WEBHOOK_SECRET: &str = "whsec_bench";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

pub struct Ground {
    pub binary: PathBuf,
    pub home: PathBuf,
    pub kind: Kind,
    database_url: String,
    sandbox: Process,
}

impl Ground {
    pub async fn prepare(binary: &Path, kind: Kind, postgres: Option<&str>) -> Outcome<Self> {
        let home = std::env::temp_dir().join(format!("rolitt-bench-{}-{}", std::process::id(), kind.name()));
        std::fs::create_dir_all(&home)?;
        let database_url = match (kind, postgres) {
            (Kind::Sqlite, _) => format!("sqlite://{}", home.join("rolitt.db").display()),
            (Kind::Postgres, None) => return Err("TEST_DATABASE_URL names no PostgreSQL".into()),
            (Kind::Postgres, Some(server)) => {
                let name = format!("rolitt_bench_{}", std::process::id());
                run(server, &format!("CREATE DATABASE {name}")).await?;
                let mut url: url::Url = server.parse()?;
                url.set_path(&name);
                url.into()
            }
        };
        let address = free_address()?;
        let at = address.to_string();
        let sandbox =
            Process::start(binary, &home, &["sandbox", "--addr", &at], &[], address, "/sandbox/faults.json").await?;
        Ok(Self { binary: binary.to_owned(), home, kind, database_url, sandbox })
    }

    /// The settings of a shop whose providers are all in the sandbox's process.
    pub fn settings(&self, address: SocketAddr) -> Vec<(&'static str, String)> {
        let sandbox = format!("http://{}", self.sandbox.address);
        vec![
            ("DATABASE_URL", self.database_url.clone()),
            ("LEPTOS_SITE_ADDR", address.to_string()),
            ("RATE_LIMIT_PER_MINUTE", "0".to_owned()),
            ("STRIPE_SECRET_KEY", "sk_test_bench".to_owned()),
            ("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
            ("STRIPE_API_BASE", sandbox.clone()),
            ("KLAVIYO_API_KEY", "pk_bench".to_owned()),
            ("KLAVIYO_API_BASE", sandbox.clone()),
            ("TWILIO_ACCOUNT_SID", "ACbench".to_owned()),
            ("TWILIO_AUTH_TOKEN", "bench".to_owned()),
            ("TWILIO_FROM", "+15005550006".to_owned()),
            ("TWILIO_API_BASE", sandbox),
            ("FIREBASE_PROJECT_ID", "rolitt-bench".to_owned()),
            ("FIREBASE_AUTH_EMULATOR_HOST", self.sandbox.address.to_string()),
        ]
    }

    /// A shop that is ready: `args` are those of `rolitt`.
    pub async fn shop(&self, args: &[&str]) -> Outcome<Process> {
        let address = free_address()?;
        Process::start(&self.binary, &self.home, args, &self.settings(address), address, "/readyz").await
    }

    pub const fn provider(&self) -> SocketAddr {
        self.sandbox.address
    }

    pub async fn provider_latency(&self, latency: Duration) -> Outcome<()> {
        self.faults(&format!("{{\"stripe\":{{\"latency_ms\":{}}}}}", latency.as_millis())).await
    }

    /// Has Klaviyo, Firebase and Twilio do this, and Stripe answer at once.
    pub async fn background(&self, settings: &str) -> Outcome<()> {
        let body = format!("{{\"klaviyo\":{settings},\"firebase\":{settings},\"twilio\":{settings}}}");
        self.faults(&body).await
    }

    /// Has Stripe take what it is asked, and never answer.
    pub async fn stripe_is_silent(&self) -> Outcome<()> {
        self.faults("{\"stripe\":{\"timeout_rate\":1}}").await
    }

    /// Puts the sandbox's faults; what is not named is well.
    async fn faults(&self, body: &str) -> Outcome<()> {
        let request = post("/sandbox/faults.json", "application/json", "", body);
        let request = String::from_utf8(request)?.replacen("POST", "PUT", 1);
        let mut connection = Connection::open(self.sandbox.address).await?;
        let answer = connection.send(request.as_bytes()).await?;
        if answer.status == 200 { Ok(()) } else { Err(format!("faults.json: {}", answer.status).into()) }
    }

    /// Deliveries in a state.
    pub async fn deliveries(&self, state: &str) -> Outcome<i64> {
        const COUNT: &str = "SELECT COUNT(*) FROM outbox WHERE state = $1";
        Ok(match self.kind {
            Kind::Sqlite => {
                let mut database = SqliteConnection::connect(&self.database_url).await?;
                sqlx::query_scalar(COUNT).bind(state).fetch_one(&mut database).await?
            }
            Kind::Postgres => {
                let mut database = PgConnection::connect(&self.database_url).await?;
                sqlx::query_scalar(COUNT).bind(state).fetch_one(&mut database).await?
            }
        })
    }

    /// Bytes on the disk.
    pub async fn size(&self) -> Outcome<f64> {
        Ok(match self.kind {
            Kind::Sqlite => std::fs::metadata(self.home.join("rolitt.db"))?.len() as f64,
            Kind::Postgres => {
                let mut database = PgConnection::connect(&self.database_url).await?;
                let size: i64 =
                    sqlx::query_scalar("SELECT pg_database_size(current_database())").fetch_one(&mut database).await?;
                size as f64
            }
        })
    }

    /// One with a story to tell: its id, number and e-mail address.
    pub async fn some_preorder(&self) -> Outcome<(String, String, String)> {
        const SQL: &str = "SELECT id, preorder_number, email FROM preorders WHERE payment_status = 'partially_refunded' \
             ORDER BY created_at, id LIMIT 1";
        Ok(match self.kind {
            Kind::Sqlite => {
                let mut database = SqliteConnection::connect(&self.database_url).await?;
                sqlx::query_as(SQL).fetch_one(&mut database).await?
            }
            Kind::Postgres => {
                let mut database = PgConnection::connect(&self.database_url).await?;
                sqlx::query_as(SQL).fetch_one(&mut database).await?
            }
        })
    }

    pub async fn leave(self, postgres: Option<&str>) -> Outcome<()> {
        self.sandbox.stop().await?;
        if let (Kind::Postgres, Some(server)) = (self.kind, postgres) {
            run(server, &format!("DROP DATABASE rolitt_bench_{} WITH (FORCE)", std::process::id())).await?;
        }
        Ok(std::fs::remove_dir_all(&self.home)?)
    }
}

async fn run(server: &str, sql: &str) -> Outcome<()> {
    let mut database = PgConnection::connect(server).await?;
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut database).await?;
    Ok(())
}
