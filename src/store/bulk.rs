//! Rows by the hundred thousand, for `rolitt demo`: PostgreSQL takes them by `COPY` in its binary form, SQLite by
//! statements of many rows. Columns are named one by one, so that those that this list does not know get their default.

use sqlx::encode::IsNull;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Encode, PgConnection, Sqlite, SqliteConnection, Type};

use super::{Db, StoreError, StoreResult, on_read};
use crate::domain::timestamp::Timestamp;

/// SQLite's statements: long enough to be quick, short enough to be kept prepared.
pub(super) const ROWS_IN_A_STATEMENT: usize = 64;
/// PostgreSQL counts from 2000-01-01.
const POSTGRES_EPOCH_MS: i64 = 946_684_800_000;

/// A value of one column, in either database.
pub(super) trait Cell {
    /// As `COPY … (FORMAT binary)` wants it: four bytes of length, then the bytes.
    fn copy(&self, to: &mut Vec<u8>);
    fn bind(self, to: &mut SqliteArguments) -> StoreResult<()>;
}

fn copy_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
    to.extend_from_slice(bytes);
}

fn bind<T: for<'q> Encode<'q, Sqlite> + Type<Sqlite>>(to: &mut SqliteArguments, value: T) -> StoreResult<()> {
    to.add(value).map_err(|error| StoreError::Refused(sqlx::Error::Encode(error)))
}

macro_rules! cells {
    ($($name:ty: |$value:ident| $bytes:expr),+ $(,)?) => {$(
        impl Cell for $name {
            fn copy(&self, to: &mut Vec<u8>) {
                let $value = self;
                copy_bytes(to, $bytes);
            }

            fn bind(self, to: &mut SqliteArguments) -> StoreResult<()> {
                bind(to, self)
            }
        }
    )+};
}

cells! {
    String: |text| text.as_bytes(),
    &'static str: |text| text.as_bytes(),
    i64: |number| &number.to_be_bytes(),
    bool: |flag| &[u8::from(*flag)],
    Timestamp: |at| &((at.millis() - POSTGRES_EPOCH_MS) * 1000).to_be_bytes(),
}

/// What SQLite is given for nothing.
struct Nothing;

impl Type<Sqlite> for Nothing {
    fn type_info() -> sqlx::sqlite::SqliteTypeInfo {
        <i64 as Type<Sqlite>>::type_info()
    }
}

impl Encode<'_, Sqlite> for Nothing {
    fn encode_by_ref(
        &self,
        _: &mut sqlx::sqlite::SqliteArgumentsBuffer,
    ) -> Result<IsNull, Box<dyn std::error::Error + Send + Sync>> {
        Ok(IsNull::Yes)
    }
}

impl<T: Cell> Cell for Option<T> {
    fn copy(&self, to: &mut Vec<u8>) {
        match self {
            Some(value) => value.copy(to),
            None => to.extend_from_slice(&(-1_i32).to_be_bytes()),
        }
    }

    fn bind(self, to: &mut SqliteArguments) -> StoreResult<()> {
        match self {
            Some(value) => value.bind(to),
            None => bind(to, Nothing),
        }
    }
}

/// A row of a table that is filled in bulk.
pub(super) trait Row: Sized {
    const TABLE: &'static str;
    const COLUMNS: &'static [&'static str];
    fn copy(&self, to: &mut Vec<u8>);
    fn bind(self, to: &mut SqliteArguments) -> StoreResult<()>;
}

pub(super) async fn copy_in<R: Row>(connection: &mut PgConnection, rows: Vec<R>) -> StoreResult<()> {
    const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
    if rows.is_empty() {
        return Ok(());
    }
    let mut bytes = Vec::with_capacity(rows.len() * 512);
    bytes.extend_from_slice(HEAD);
    for row in &rows {
        bytes.extend_from_slice(&(R::COLUMNS.len() as i16).to_be_bytes());
        row.copy(&mut bytes);
    }
    bytes.extend_from_slice(&(-1_i16).to_be_bytes());
    let statement = format!("COPY {} ({}) FROM STDIN (FORMAT binary)", R::TABLE, R::COLUMNS.join(", "));
    let mut copy = connection.copy_in_raw(&statement).await?;
    copy.send(bytes).await?;
    copy.finish().await?;
    Ok(())
}

pub(super) async fn insert<R: Row>(connection: &mut SqliteConnection, rows: Vec<R>) -> StoreResult<()> {
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        let count = rows.len().min(ROWS_IN_A_STATEMENT);
        let row = format!("({}?)", "?, ".repeat(R::COLUMNS.len() - 1));
        let values = vec![row; count].join(", ");
        let sql = format!("INSERT INTO {} ({}) VALUES {values}", R::TABLE, R::COLUMNS.join(", "));
        let mut arguments = SqliteArguments::default();
        for row in rows.by_ref().take(count) {
            row.bind(&mut arguments)?;
        }
        // Whole statements are all alike; the rest of a batch is of any length, and is not worth keeping.
        let query = sqlx::query_with(AssertSqlSafe(sql), arguments).persistent(count == ROWS_IN_A_STATEMENT);
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Whether there is any preorder.
pub async fn has_preorders(db: &Db) -> StoreResult<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM preorders LIMIT 1) AS one";
    let found: i64 = on_read!(db, c => sqlx::query_scalar(SQL).fetch_one(c).await)?;
    Ok(found > 0)
}
