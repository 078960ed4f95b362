INSERT INTO products (id, name) VALUES ('rolitt', 'Rolitt');

INSERT INTO colors (id, product_id, name, swatch, position) VALUES
    ('sakura-pink', 'rolitt', 'Sakura Pink', '#f5b6c6', 1),
    ('honey-khaki', 'rolitt', 'Honey Khaki', '#d9b98a', 2),
    ('healing-green', 'rolitt', 'Healing Green', '#9cc5a6', 3),
    ('moonlight-grey', 'rolitt', 'Moonlight Grey', '#aeb4c0', 4),
    ('cherry-red', 'rolitt', 'Cherry Red', '#d6594e', 5);

INSERT INTO prices (product_id, currency, amount_minor, position) VALUES
    ('rolitt', 'usd', 49900, 1),
    ('rolitt', 'eur', 46900, 2),
    ('rolitt', 'cny', 359900, 3),
    ('rolitt', 'jpy', 74800, 4);
