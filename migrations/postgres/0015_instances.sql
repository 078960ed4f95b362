-- Which instance made a try. Older tries have none, and an instance that is older than this column writes none.
ALTER TABLE delivery_attempts ADD COLUMN worker TEXT;
