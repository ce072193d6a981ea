-- safe for 0.1.0
-- A person's own ways in for programs: what each may do, until when, and when it was last used.

CREATE TABLE api_token (
  org_id        uuid NOT NULL,
  user_id       uuid NOT NULL,
  token_id      uuid NOT NULL,
  -- What a program sends carries its own device, as a browser's messages do.
  device_id     uuid NOT NULL,
  -- SHA-256 of the token: a stolen table lets nobody in.
  token_hash    bytea NOT NULL,
  -- Sealed under the organisation key.
  name          bytea NOT NULL,
  scopes        text[] NOT NULL CHECK (cardinality(scopes) > 0),
  created_at    timestamptz NOT NULL,
  expires_at    timestamptz NOT NULL,
  last_used_at  timestamptz,
  ended_at      timestamptz,
  PRIMARY KEY (user_id, token_id)
);
COMMENT ON TABLE api_token IS 'group: USER. Personal API tokens; ended ones stay a while for the record.';
CALL protect_table('api_token');
-- No samples of these in pg_statistic, where they would outlive their rows.
ALTER TABLE api_token ALTER COLUMN token_hash SET STATISTICS 0, ALTER COLUMN name SET STATISTICS 0;
