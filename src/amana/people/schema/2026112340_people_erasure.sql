-- safe for 0.1.0
-- A person who was erased keeps an id, so that what others said to them stays in its place, and nothing else.
ALTER TABLE account ADD COLUMN erased_at timestamptz;

-- ANALYZE copies samples of a column into pg_statistic, where names would outlive their rows. No plan needs them.
-- Saying the type again drops what was sampled so far; nothing is rewritten.
ALTER TABLE account ALTER COLUMN display_name SET STATISTICS 0, ALTER COLUMN display_name TYPE text,
                    ALTER COLUMN handle SET STATISTICS 0, ALTER COLUMN handle TYPE text,
                    ALTER COLUMN password_hash SET STATISTICS 0, ALTER COLUMN password_hash TYPE text;
ALTER TABLE handle ALTER COLUMN handle SET STATISTICS 0, ALTER COLUMN handle TYPE text;
ALTER TABLE passkey ALTER COLUMN credential_id SET STATISTICS 0, ALTER COLUMN credential_id TYPE bytea,
                    ALTER COLUMN public_key SET STATISTICS 0, ALTER COLUMN public_key TYPE bytea,
                    ALTER COLUMN label SET STATISTICS 0, ALTER COLUMN label TYPE text;
ALTER TABLE device_session ALTER COLUMN token_hash SET STATISTICS 0, ALTER COLUMN token_hash TYPE bytea,
                           ALTER COLUMN label SET STATISTICS 0, ALTER COLUMN label TYPE text;
