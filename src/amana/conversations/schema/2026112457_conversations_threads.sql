-- safe for 0.1.0
-- Threads: one row for each message that was ever answered in one. Numbers and ids only. The row changes
-- under the lock of the conversation's head, with the answer itself.
CREATE TABLE thread (
  org_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  root_seq bigint NOT NULL,       -- the message under which it stands
  replies int NOT NULL,           -- ever written: those that were removed keep their place
  last_seq bigint NOT NULL,
  last_ts bigint NOT NULL,        -- milliseconds since 1970
  participants uuid[] NOT NULL,   -- who wrote last, the newest first, at most three
  PRIMARY KEY (conversation_id, root_seq)
) WITH (fillfactor = 80);
COMMENT ON TABLE thread IS 'group: CONV – what stands under a message: how many answers, the newest, by whom';
CALL protect_table('thread');

-- Who wants to hear of a thread and how far they have read it. An answer writes nothing here but its own
-- writer's row: what a follower has not read is the difference to the thread's row.
CREATE TABLE thread_follow (
  org_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  root_seq bigint NOT NULL,
  user_id uuid NOT NULL,
  following boolean NOT NULL,     -- false: chose not to; naming them or their own answer begins it again
  read_seq bigint NOT NULL,
  read_no int NOT NULL,
  PRIMARY KEY (conversation_id, root_seq, user_id)
) WITH (fillfactor = 80);
CREATE INDEX thread_follow_person ON thread_follow (user_id, conversation_id);
COMMENT ON TABLE thread_follow IS 'group: CONV – who follows a thread and how far they have read it';
CALL protect_table('thread_follow');
