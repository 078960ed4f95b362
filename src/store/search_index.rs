//! The `preorder_trigrams` index of SQLite, which finds preorders by three letters at a time. A lead is saved without it:
//! `catch_up` reads new rows into it beside the writer, and a search looks at those that it has not read yet itself.
//! PostgreSQL keeps its index (`preorders_search`) alone.

use sqlx::{Encode, SqliteConnection, Type};

use super::preorder_conditions::{Dialect, Statement};
use super::preorder_filter::{Driver, Resolved};
use super::{Db, StoreResult, Tx};
use crate::domain::search_term::SearchTerm;
use crate::domain::timestamp::Timestamp;

/// Rows of one transaction: a writer waits for them no longer than for another writer.
const ROWS: i64 = 200;
/// Triples of a term that are asked for; what they find is looked at again, so a long term needs no more.
const TRIPLES: usize = 6;

/// Reads rows that are not in the index yet into it, in at most so many transactions. Says whether it came to the end.
pub async fn catch_up(db: &Db, rounds: usize) -> StoreResult<bool> {
    // Nearly always there is nothing to do, and the writer is not asked.
    const BEHIND: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM preorder_search \
        WHERE row > (SELECT row FROM preorder_search_progress) LIMIT 1)";
    let Db::Sqlite(sqlite) = db else { return Ok(true) };
    for _ in 0..rounds {
        let behind: i64 = sqlx::query_scalar(BEHIND).fetch_one(&sqlite.read).await?;
        if behind == 0 {
            return Ok(true);
        }
        let mut tx = db.begin().await?;
        if let Tx::Sqlite(tx) = &mut tx {
            read_some(&mut *tx).await?;
        }
        tx.commit().await?;
    }
    Ok(false)
}

async fn read_some(c: &mut SqliteConnection) -> StoreResult<()> {
    const LAST: &str = "SELECT MAX(row) FROM (SELECT row FROM preorder_search \
        WHERE row > (SELECT row FROM preorder_search_progress) ORDER BY row LIMIT $1)";
    const READ: &str = "INSERT INTO preorder_trigrams (rowid, text) \
        SELECT s.row, ' ' || p.email || ' ' || COALESCE(p.name, '') || ' ' || COALESCE(p.phone, '') \
        FROM preorder_search s JOIN preorders p ON p.id = s.preorder_id \
        WHERE s.row > (SELECT row FROM preorder_search_progress) AND s.row <= $1";
    const MARK: &str = "UPDATE preorder_search_progress SET row = $1";
    let last: Option<i64> = sqlx::query_scalar(LAST).bind(ROWS).fetch_one(&mut *c).await?;
    if let Some(last) = last {
        sqlx::query(READ).bind(last).execute(&mut *c).await?;
        sqlx::query(MARK).bind(last).execute(&mut *c).await?;
    }
    Ok(())
}

/// `id IN (…)`: the rows of a condition by its own index, whatever else is asked of them.
pub fn driven_by<DB>(sql: &mut Statement<DB>, resolved: &Resolved, driver: Driver)
where
    DB: Dialect,
    String: for<'q> Encode<'q, DB> + Type<DB>,
    i64: for<'q> Encode<'q, DB> + Type<DB>,
    Timestamp: for<'q> Encode<'q, DB> + Type<DB>,
{
    if driver == Driver::Ids {
        sql.push("TRUE");
        return;
    }
    sql.push("id IN (");
    rows_of(sql, resolved, driver);
    sql.push(")");
}

/// The ids of a condition's rows; for a term some more, which are to be looked at again.
pub fn rows_of<DB>(sql: &mut Statement<DB>, resolved: &Resolved, driver: Driver)
where
    DB: Dialect,
    String: for<'q> Encode<'q, DB> + Type<DB>,
    i64: for<'q> Encode<'q, DB> + Type<DB>,
    Timestamp: for<'q> Encode<'q, DB> + Type<DB>,
{
    match (&resolved.filter.term, driver) {
        (Some(term), Driver::Term) => rows_of_term(sql, term),
        _ => {
            sql.push("SELECT id FROM preorders WHERE ").condition(resolved, driver);
        }
    }
}

fn rows_of_term<DB>(sql: &mut Statement<DB>, term: &SearchTerm)
where
    DB: Dialect,
    String: for<'q> Encode<'q, DB> + Type<DB>,
    i64: for<'q> Encode<'q, DB> + Type<DB>,
    Timestamp: for<'q> Encode<'q, DB> + Type<DB>,
{
    sql.push("SELECT preorder_id FROM preorder_search WHERE row > (SELECT row FROM preorder_search_progress)");
    if !term.texts.is_empty() {
        sql.push(
            " UNION ALL SELECT s.preorder_id FROM preorder_trigrams CROSS JOIN preorder_search s \
             ON s.row = preorder_trigrams.rowid WHERE preorder_trigrams MATCH ",
        );
        sql.bind(term.texts.iter().map(|text| triples(text)).collect::<Vec<_>>().join(" OR "));
    }
    if let Some((first, last)) = &term.numbers {
        sql.push(" UNION ALL SELECT id FROM preorders WHERE preorder_number BETWEEN ").bind(first.clone());
        sql.push(" AND ").bind(last.clone());
    }
    if let Some(begins) = &term.address_begins {
        sql.push(" UNION ALL SELECT id FROM preorders WHERE email >= ").bind(begins.clone());
        sql.push(" AND email < ").bind(format!("{begins}{}", char::MAX));
    }
}

/// What the index is asked for: the triples of a text that few others have. Digits tell more than letters, and the name
/// of an address more than its host. Quotes are doubled, so that nothing is read as a command.
fn triples(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let host = letters.iter().position(|c| *c == '@').unwrap_or(letters.len());
    let mut triples: Vec<(usize, &[char])> = Vec::new();
    for (place, triple) in letters.windows(3).enumerate() {
        if !triples.iter().any(|(_, known)| *known == triple) {
            let digits = triple.iter().filter(|c| c.is_numeric()).count();
            triples.push((if place < host { digits + 1 } else { 0 }, triple));
        }
    }
    triples.sort_by_key(|(tells, _)| std::cmp::Reverse(*tells));
    let quoted =
        |(_, triple): (usize, &[char])| format!("\"{}\"", triple.iter().collect::<String>().replace('"', "\"\""));
    format!("({})", triples.into_iter().take(TRIPLES).map(quoted).collect::<Vec<_>>().join(" AND "))
}

#[cfg(test)]
mod tests {
    use super::triples;

    #[test]
    fn a_text_is_asked_for_by_its_triples_and_commands_are_letters() {
        assert_eq!(triples("ana@"), r#"("ana" AND "na@")"#);
        assert_eq!(triples("a\"b"), r#"("a""b")"#);
        assert_eq!(triples("aaaaaa"), r#"("aaa")"#);
        assert_eq!(triples("ana123@gmail.com"), r#"("123" AND "a12" AND "23@" AND "na1" AND "3@g" AND "ana")"#);
    }
}
