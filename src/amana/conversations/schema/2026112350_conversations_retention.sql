-- safe for 0.1.0
-- How long a group keeps what is said in it; null: until somebody removes it.
ALTER TABLE conversation ADD COLUMN retention_days int CHECK (retention_days BETWEEN 1 AND 3650);
