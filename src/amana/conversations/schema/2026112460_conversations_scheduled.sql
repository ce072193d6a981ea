-- safe for 0.1.0
-- What is to be said later. It has no seq until it is said: nobody but its owner knows of it, and nothing is missing.
CREATE TABLE scheduled (
  org_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  schedule_id uuid NOT NULL,          -- from conversation, person and client_id: a retry meets its original
  kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 3),   -- held, once, recurring
  state smallint NOT NULL CHECK (state BETWEEN 1 AND 4), -- waiting, sent, cancelled, failed
  owner_id uuid NOT NULL,             -- in whose name it is said
  created_by uuid NOT NULL,
  device_id uuid NOT NULL,            -- that it was written on, for what is held; else zeros
  client_id uuid NOT NULL,            -- the retry key that it was made with
  due timestamptz,                    -- null: never again
  starts timestamp,                   -- first time on the clock of the zone, of what recurs
  zone text,
  rule text,
  revision int NOT NULL DEFAULT 0,
  body bytea,                         -- sealed, its key in keyring.pending; null when there is nothing to say any more
  sent_count int NOT NULL DEFAULT 0,
  last_seq bigint,
  reason text,                        -- code of the refusal that ended it
  created_at timestamptz NOT NULL,
  ended_at timestamptz,
  PRIMARY KEY (conversation_id, schedule_id),
  CHECK ((kind = 3) = (rule IS NOT NULL))
);
COMMENT ON TABLE scheduled IS 'group: CONV – messages that are to be said later';
CALL protect_table('scheduled');
CREATE INDEX scheduled_owner ON scheduled (owner_id) WHERE state IN (1, 4);
CREATE INDEX scheduled_ended ON scheduled (org_id, ended_at) WHERE ended_at IS NOT NULL;
