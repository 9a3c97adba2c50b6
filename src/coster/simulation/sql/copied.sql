-- What a plain COPY of positions fills: the same columns, keys and checks; no foreign keys, no row-level security.
CREATE TABLE IF NOT EXISTS copied (LIKE coster.position INCLUDING INDEXES INCLUDING CONSTRAINTS);
