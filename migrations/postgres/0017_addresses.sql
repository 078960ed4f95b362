-- The address typed on each try's page: the goods go to the one that paid, whichever page was told of first.
ALTER TABLE checkout_attempts ADD COLUMN shipping_address TEXT;
ALTER TABLE checkout_attempts ADD COLUMN shipping_country TEXT;
