//! A connection of its own for [`super::bulk`], quick rather than durable until it is told to finish. A batch is there
//! whole or not at all.

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, SqliteConnection};

use super::bulk_rows::Batch;
use super::{Db, StoreResult};

pub enum Filling {
    Sqlite(Box<SqliteConnection>),
    Postgres {
        connection: Box<PgConnection>,
        /// How to make the indexes that were put aside. While there are any, all batches are one transaction: should it
        /// break off, the database is as it was, with its indexes.
        indexes: Vec<String>,
    },
}

impl Filling {
    /// `empty`: there is nothing in the database whose loss would matter. `large`: making indexes anew is quicker than
    /// keeping them.
    pub async fn begin(db: &Db, empty: bool, large: bool) -> StoreResult<Self> {
        Ok(match db {
            Db::Sqlite(db) => {
                // What takes long here takes as long as it should: there is nothing to warn of.
                let options = db.write.connect_options().as_ref().clone().disable_statement_logging();
                let mut connection = options.connect().await?;
                // The cache holds the ends of all indexes; 512 MiB.
                sqlx::raw_sql("PRAGMA cache_size = -524288; PRAGMA temp_store = MEMORY")
                    .execute(&mut connection)
                    .await?;
                if empty {
                    // A power cut costs a demonstration. A crash of this process costs nothing.
                    sqlx::raw_sql("PRAGMA synchronous = OFF").execute(&mut connection).await?;
                }
                Self::Sqlite(Box::new(connection))
            }
            Db::Postgres(pool) => {
                // Batches stay whole; a power cut may cost the last ones.
                const QUICK: &str = "SET synchronous_commit = off; SET maintenance_work_mem = '256MB'";
                let options = pool.connect_options().as_ref().clone().disable_statement_logging();
                let mut connection = options.connect().await?;
                sqlx::raw_sql(QUICK).execute(&mut connection).await?;
                let indexes = if empty && large { put_indexes_aside(&mut connection).await? } else { Vec::new() };
                Self::Postgres { connection: Box::new(connection), indexes }
            }
        })
    }

    /// Everything at once, or nothing.
    pub async fn write(&mut self, batch: Batch) -> StoreResult<()> {
        match self {
            Self::Sqlite(connection) => {
                sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut **connection).await?;
                batch.insert(connection).await?;
                sqlx::raw_sql("COMMIT").execute(&mut **connection).await?;
            }
            Self::Postgres { connection, indexes } if indexes.is_empty() => {
                sqlx::raw_sql("BEGIN").execute(&mut **connection).await?;
                batch.copy_in(connection).await?;
                sqlx::raw_sql("COMMIT").execute(&mut **connection).await?;
            }
            Self::Postgres { connection, .. } => batch.copy_in(connection).await?,
        }
        Ok(())
    }

    /// Everything on the disk, and the planner told what there is.
    pub async fn finish(self) -> StoreResult<()> {
        // SQLite looks at a part of each index; PostgreSQL samples anyway, and its index-only scans wait for VACUUM.
        const SQLITE: &str = "PRAGMA synchronous = FULL; PRAGMA analysis_limit = 4000; ANALYZE; \
             PRAGMA wal_checkpoint(TRUNCATE)";
        match self {
            Self::Sqlite(mut connection) => {
                sqlx::raw_sql(SQLITE).execute(&mut *connection).await?;
                connection.close().await?;
            }
            Self::Postgres { mut connection, indexes } => {
                for definition in &indexes {
                    sqlx::raw_sql(AssertSqlSafe(definition.clone())).execute(&mut *connection).await?;
                }
                if !indexes.is_empty() {
                    sqlx::raw_sql("COMMIT").execute(&mut *connection).await?;
                }
                for table in Batch::TABLES {
                    let sql = AssertSqlSafe(format!("VACUUM (ANALYZE) {table}"));
                    sqlx::raw_sql(sql).execute(&mut *connection).await?;
                }
                connection.close().await?;
            }
        }
        Ok(())
    }
}

/// Begins a transaction and drops the indexes that guard nothing. Gives their definitions.
async fn put_indexes_aside(connection: &mut PgConnection) -> StoreResult<Vec<String>> {
    const INDEXES: &str = "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i \
         JOIN pg_class t ON t.oid = i.indrelid WHERE t.relnamespace = current_schema()::regnamespace \
         AND t.relname = ANY($1) AND NOT i.indisunique ORDER BY 1";
    let tables: Vec<String> = Batch::TABLES.iter().map(|table| (*table).to_owned()).collect();
    sqlx::raw_sql("BEGIN").execute(&mut *connection).await?;
    let indexes: Vec<(String, String)> = sqlx::query_as(INDEXES).bind(tables).fetch_all(&mut *connection).await?;
    for (name, _) in &indexes {
        sqlx::raw_sql(AssertSqlSafe(format!("DROP INDEX {name}"))).execute(&mut *connection).await?;
    }
    Ok(indexes.into_iter().map(|(_, definition)| definition).collect())
}
