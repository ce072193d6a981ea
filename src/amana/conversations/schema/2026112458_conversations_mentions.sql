-- safe for 0.1.0
-- Who is named where: one row for each person and message, the only thing that a message writes for others.
CREATE TABLE mention (
  org_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  seq bigint NOT NULL,            -- of the message
  user_id uuid NOT NULL,
  at_seq bigint NOT NULL,         -- the event that named them: the message itself or an edit
  thread_seq bigint,              -- the thread in which it stands
  everyone boolean NOT NULL,      -- as one of all
  gone boolean NOT NULL DEFAULT false,  -- an edit took the name away: kept, so that nobody is told twice
  ts bigint NOT NULL,             -- milliseconds since 1970
  PRIMARY KEY (conversation_id, seq, user_id)
);
CREATE INDEX mention_unread ON mention (user_id, conversation_id, at_seq);
CREATE INDEX mention_lately ON mention (user_id, ts);
COMMENT ON TABLE mention IS 'group: CONV – who is named in which message';
CALL protect_table('mention');

-- Messages that call everybody in a room too large for a row each: one row stands for all.
CREATE TABLE mention_all (
  org_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  seq bigint NOT NULL,
  sender_id uuid NOT NULL,
  ts bigint NOT NULL,
  PRIMARY KEY (conversation_id, seq)
);
COMMENT ON TABLE mention_all IS 'group: CONV – messages that call everybody in a large room';
CALL protect_table('mention_all');
