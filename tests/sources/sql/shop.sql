-- The tables of the shop, and what is asked of them.

BEGIN;

CREATE TABLE customers (
    id SERIAL PRIMARY KEY,
    email VARCHAR(254) NOT NULL UNIQUE,
    name TEXT NOT NULL DEFAULT '',
    created_at TIMESTAMP NOT NULL DEFAULT now(),
    is_active BOOLEAN NOT NULL DEFAULT true
);

CREATE TABLE IF NOT EXISTS plants (
    id INTEGER PRIMARY KEY,
    latin_name TEXT NOT NULL,
    price NUMERIC(10, 2) NOT NULL CHECK (price >= 0),
    stock INT DEFAULT 0,
    note TEXT
);

CREATE TABLE orders (
    id BIGINT PRIMARY KEY,
    customer_id INT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    placed_on DATE NOT NULL,
    state VARCHAR(12) NOT NULL DEFAULT 'open'
);

CREATE TABLE order_lines (
    order_id BIGINT NOT NULL REFERENCES orders (id),
    plant_id INT NOT NULL,
    count INT NOT NULL DEFAULT 1,
    PRIMARY KEY (order_id, plant_id),
    FOREIGN KEY (plant_id) REFERENCES plants (id)
);

CREATE INDEX orders_by_customer ON orders (customer_id, placed_on DESC);
CREATE UNIQUE INDEX plants_by_name ON plants (lower(latin_name));

ALTER TABLE orders ADD COLUMN shipped_on DATE;
ALTER TABLE plants RENAME COLUMN note TO remark;

INSERT INTO customers (email, name)
VALUES
    ('ada@example.org', 'Ada'),
    ('grace@example.org', 'Grace'),
    ('o''hara@example.org', NULL);

INSERT INTO plants (id, latin_name, price, stock)
SELECT id, trim(name), price * 1.19, 0
FROM import_plants
WHERE name IS NOT NULL
ON CONFLICT DO NOTHING;

/* Who bought the most in a year,
   and how much of it was ferns. */
WITH spent AS (
    SELECT
        o.customer_id,
        extract(year FROM o.placed_on) AS year,
        sum(l.count * p.price) AS total
    FROM orders AS o
    INNER JOIN order_lines l ON l.order_id = o.id
    INNER JOIN plants p ON p.id = l.plant_id
    WHERE o.state <> 'cancelled'
    GROUP BY o.customer_id, extract(year FROM o.placed_on)
),
ranked AS (
    SELECT
        customer_id,
        year,
        total,
        row_number() OVER (PARTITION BY year ORDER BY total DESC) AS place
    FROM spent
)
SELECT c.name, r.year, r.total
FROM ranked r
LEFT JOIN customers c ON c.id = r.customer_id
WHERE r.place <= 3 AND (c.is_active OR c.name LIKE 'A%')
ORDER BY r.year, r.place;

SELECT
    p.id,
    p.latin_name,
    CASE
        WHEN p.stock = 0 THEN 'none'
        WHEN p.stock < 10 THEN 'few'
        ELSE 'many'
    END AS supply,
    coalesce(p.remark, '-') AS remark
FROM plants p
WHERE p.price BETWEEN 5 AND 20
    AND p.id NOT IN (SELECT plant_id FROM order_lines WHERE count > 5)
    AND EXISTS (SELECT 1 FROM orders WHERE state = 'open')
GROUP BY p.id, p.latin_name, p.stock, p.remark
HAVING count(*) > 0
ORDER BY p.latin_name ASC
LIMIT 50 OFFSET 10;

SELECT DISTINCT state FROM orders
UNION ALL
SELECT 'unknown';

UPDATE orders
SET state = 'shipped', shipped_on = current_date
WHERE id = 17 AND state = 'open';

UPDATE plants SET stock = stock - 1 WHERE id IN (1, 2, 3);

DELETE FROM order_lines
WHERE order_id = 17 AND count = 0;

CREATE VIEW open_orders AS
SELECT o.id, c.email, count(l.plant_id) AS lines
FROM orders o
JOIN customers c ON c.id = o.customer_id
LEFT OUTER JOIN order_lines l ON l.order_id = o.id
WHERE o.state = 'open'
GROUP BY o.id, c.email;

CREATE FUNCTION line_total(plant int, amount int) RETURNS numeric AS $$
    SELECT price * amount FROM plants WHERE id = plant;
$$ LANGUAGE sql;

GRANT SELECT ON open_orders TO reporting;

DROP TABLE IF EXISTS import_plants;

COMMIT;
