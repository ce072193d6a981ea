-- safe for 0.1.0
-- ANALYZE copies samples of a column into pg_statistic: wrapped keys would lie there long after their rows are gone.
-- No plan needs them. Saying the type again drops what was sampled so far; nothing is rewritten.
ALTER TABLE keyring.wrap ALTER COLUMN wrapped SET STATISTICS 0;
ALTER TABLE keyring.wrap ALTER COLUMN wrapped TYPE bytea;
