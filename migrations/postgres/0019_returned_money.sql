-- (SQLite's INSERT OR REPLACE is guarded there; PostgreSQL has no such thing.)
SELECT 1;
