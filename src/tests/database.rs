//! A database for each test, made empty and removed afterwards.

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;

use crate::store::Db;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

pub struct TestDatabase {
    pub url: String,
    /// Removes the files when dropped.
    _folder: Option<TempDir>,
    name: Option<String>,
}

fn server() -> String {
    std::env::var("TEST_DATABASE_URL").expect("TEST_DATABASE_URL must name a PostgreSQL server: `make test` sets it")
}

impl TestDatabase {
    pub async fn create(kind: Kind) -> Self {
        match kind {
            Kind::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let url = format!("sqlite://{}/rolitt.db", folder.path().display());
                Self { url, _folder: Some(folder), name: None }
            }
            Kind::Postgres => {
                let name = format!("rolitt_test_{}", uuid::Uuid::new_v4().simple());
                let mut server_connection = PgConnection::connect(&server()).await.unwrap();
                let create = format!("CREATE DATABASE {name}");
                sqlx::query(AssertSqlSafe(create)).execute(&mut server_connection).await.unwrap();
                let mut url = url::Url::parse(&server()).unwrap();
                url.set_path(&name);
                Self { url: url.to_string(), _folder: None, name: Some(name) }
            }
        }
    }

    /// One that somebody else made and removes.
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned(), _folder: None, name: None }
    }

    /// The same, by another address.
    pub fn by_way_of(self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self }
    }

    pub async fn open(&self) -> Db {
        let db = Db::open(&self.url).await.unwrap();
        db.migrate().await.unwrap();
        db
    }

    /// Ends every connection to it at the server, and says how many. SQLite has none.
    pub async fn cut(&self) -> u64 {
        const SQL: &str = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE datname = $1 AND pid <> pg_backend_pid()";
        let Some(name) = &self.name else { return 0 };
        let mut server_connection = PgConnection::connect(&server()).await.unwrap();
        let ended: i64 = sqlx::query_scalar(SQL).bind(name).fetch_one(&mut server_connection).await.unwrap();
        ended.cast_unsigned()
    }

    pub async fn remove(self) {
        let Some(name) = &self.name else { return };
        let mut server_connection = PgConnection::connect(&server()).await.unwrap();
        let drop = format!("DROP DATABASE {name} WITH (FORCE)");
        sqlx::query(AssertSqlSafe(drop)).execute(&mut server_connection).await.unwrap();
    }
}
