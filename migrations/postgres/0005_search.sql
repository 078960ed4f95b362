-- Search by any part of an address, a name or a phone number, and the orders of the admin's list.

-- A trusted extension: the owner of the database may make it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
-- New rows wait in a short list and are moved into the index by the hundred: saving a lead pays for little of it.
CREATE INDEX preorders_search ON preorders
    USING gin ((' ' || email || ' ' || COALESCE(name, '') || ' ' || COALESCE(phone, '')) gin_trgm_ops)
    WITH (gin_pending_list_limit = 512);

-- Finds addresses by how they begin, too, in every locale.
DROP INDEX preorders_by_email;
CREATE INDEX preorders_by_email ON preorders (email text_pattern_ops);

-- The list's own order, with all that it is filtered by: filters that together find little are answered from the
-- index alone, without a look at a million rows.
DROP INDEX preorders_by_creation;
CREATE INDEX preorders_by_creation ON preorders
    (created_at, id, payment_status, status, fulfilment_status, color, currency, locale, country, paid_at);
DROP INDEX preorders_paid;
CREATE INDEX preorders_paid ON preorders (paid_at, id) WHERE paid_at IS NOT NULL;
CREATE INDEX preorders_by_update ON preorders (updated_at, id);
CREATE INDEX preorders_by_amount ON preorders (currency, amount_minor, id);
