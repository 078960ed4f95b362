-- Search by any part of an address, a name or a phone number, and the orders of the admin's list.

-- The full-text index speaks of rows by number. SQLite may renumber the rows of a table whose key is text when it is
-- vacuumed, so the numbers have a table of their own.
CREATE TABLE preorder_search (
    row         INTEGER PRIMARY KEY,
    preorder_id TEXT NOT NULL UNIQUE
);
-- Up to which row the index below has read. Saving a lead is not to wait for it: it is brought up to date beside the
-- writer, a search looks at the rows after this one itself.
CREATE TABLE preorder_search_progress (
    row INTEGER NOT NULL
);
-- Three letters at a time, without a copy of the text and without positions: what it finds is looked at again.
CREATE VIRTUAL TABLE preorder_trigrams USING fts5 (text, content = '', columnsize = 0, detail = none, tokenize = 'trigram');

INSERT INTO preorder_search (preorder_id) SELECT id FROM preorders ORDER BY created_at, id;
INSERT INTO preorder_trigrams (rowid, text)
    SELECT s.row, ' ' || p.email || ' ' || COALESCE(p.name, '') || ' ' || COALESCE(p.phone, '')
    FROM preorder_search s JOIN preorders p ON p.id = s.preorder_id ORDER BY s.row;
INSERT INTO preorder_search_progress (row) SELECT COALESCE(MAX(row), 0) FROM preorder_search;

CREATE TRIGGER preorder_is_searchable AFTER INSERT ON preorders
BEGIN
    INSERT INTO preorder_search (preorder_id) VALUES (new.id);
END;
-- A preorder moves often, its buyer hardly ever. A row that is not read yet will be read as it is then.
CREATE TRIGGER preorder_is_searchable_again AFTER UPDATE OF email, name, phone ON preorders
    WHEN old.email IS NOT new.email OR old.name IS NOT new.name OR old.phone IS NOT new.phone
BEGIN
    INSERT INTO preorder_trigrams (preorder_trigrams, rowid, text) SELECT 'delete', row,
        ' ' || old.email || ' ' || COALESCE(old.name, '') || ' ' || COALESCE(old.phone, '')
        FROM preorder_search WHERE preorder_id = old.id AND row <= (SELECT row FROM preorder_search_progress);
    INSERT INTO preorder_trigrams (rowid, text) SELECT row,
        ' ' || new.email || ' ' || COALESCE(new.name, '') || ' ' || COALESCE(new.phone, '')
        FROM preorder_search WHERE preorder_id = new.id AND row <= (SELECT row FROM preorder_search_progress);
END;
CREATE TRIGGER preorder_is_not_searchable AFTER DELETE ON preorders
BEGIN
    INSERT INTO preorder_trigrams (preorder_trigrams, rowid, text) SELECT 'delete', row,
        ' ' || old.email || ' ' || COALESCE(old.name, '') || ' ' || COALESCE(old.phone, '')
        FROM preorder_search WHERE preorder_id = old.id AND row <= (SELECT row FROM preorder_search_progress);
    DELETE FROM preorder_search WHERE preorder_id = old.id;
END;

-- The list's own order, with all that it is filtered by: filters that together find little are answered from the
-- index alone, without a look at a million rows.
DROP INDEX preorders_by_creation;
CREATE INDEX preorders_by_creation ON preorders
    (created_at, id, payment_status, status, fulfilment_status, color, currency, locale, country, paid_at);
DROP INDEX preorders_paid;
CREATE INDEX preorders_paid ON preorders (paid_at, id) WHERE paid_at IS NOT NULL;
CREATE INDEX preorders_by_update ON preorders (updated_at, id);
CREATE INDEX preorders_by_amount ON preorders (currency, amount_minor, id);
