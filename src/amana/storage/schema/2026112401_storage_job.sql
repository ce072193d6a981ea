-- safe for 0.1.0
-- What is to be done at a time: at most one job for each (kind, subject). Moved, taken back and ended in the
-- transactions of those whose work it is, so it is there exactly as long as there is something to do.
CREATE TABLE job (
  org_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind <> ''),
  subject uuid NOT NULL,              -- what it is about; its own domain knows what that is
  due timestamptz NOT NULL,
  ready_at timestamptz NOT NULL,      -- when it may be taken: due, the end of a lease, or the next try
  attempts int NOT NULL DEFAULT 0,    -- since it was last put
  claim bigint NOT NULL DEFAULT 0,    -- only ever grows: whoever took it earlier has lost it
  detail jsonb NOT NULL DEFAULT '{}', -- ids and numbers only
  PRIMARY KEY (org_id, kind, subject)
) WITH (fillfactor = 80);
COMMENT ON TABLE job IS 'group: ORG – timed work that is still to be done';
CREATE INDEX job_ready ON job (org_id, ready_at);
CALL protect_table('job');
