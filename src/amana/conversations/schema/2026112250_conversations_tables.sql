-- Conversations, who is in them, and what each person's own list shows.

CREATE TABLE conversation (
  org_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  kind smallint NOT NULL,
  title bytea,                    -- sealed under the organisation key: the group register shows it
  purpose bytea,
  owner_id uuid,                  -- null only for direct conversations
  history_policy smallint NOT NULL,
  history_days int NOT NULL DEFAULT 0,
  members_count int NOT NULL,
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (conversation_id),
  CHECK (kind = 1 OR (owner_id IS NOT NULL AND title IS NOT NULL AND purpose IS NOT NULL))
);
COMMENT ON TABLE conversation IS 'group: CONV – what a conversation is; a group always has owner and purpose';
CALL protect_table('conversation');

-- Active members only. Hot: read by every send, updated by every read marker.
CREATE TABLE member (
  org_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  user_id uuid NOT NULL,
  role smallint NOT NULL,
  visible_from bigint NOT NULL,
  joined_seq bigint NOT NULL,
  joined_at timestamptz NOT NULL,
  read_seq bigint NOT NULL DEFAULT 0,
  read_no bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (conversation_id, user_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE member IS 'group: CONV – the truth for every permission in a conversation';
CALL protect_table('member');

-- Every stay of every person, never deleted: answers "who could see this message then?".
CREATE TABLE membership (
  org_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  user_id uuid NOT NULL,
  joined_seq bigint NOT NULL,
  joined_at timestamptz NOT NULL,
  left_seq bigint,
  left_at timestamptz,
  visible_from bigint NOT NULL,
  PRIMARY KEY (conversation_id, user_id, joined_seq)
);
COMMENT ON TABLE membership IS 'group: CONV – history of stays';
CALL protect_table('membership');

CREATE TABLE user_conversation (
  org_id uuid NOT NULL,
  user_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  kind smallint NOT NULL,
  peer_id uuid,                   -- the other person of a direct conversation
  joined_at timestamptz NOT NULL,
  PRIMARY KEY (user_id, conversation_id)
);
COMMENT ON TABLE user_conversation IS 'group: USER – the list a person sees; follows member';
CALL protect_table('user_conversation');

-- Only messages that were edited or removed have a row, so sending writes nothing here.
CREATE TABLE message_state (
  org_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  seq bigint NOT NULL,            -- of the message
  current_seq bigint NOT NULL,    -- event that holds the current text
  revision int NOT NULL,
  edited_ts bigint,               -- milliseconds since 1970
  removed_by uuid,
  removed_ts bigint,
  PRIMARY KEY (conversation_id, seq)
);
COMMENT ON TABLE message_state IS 'group: CONV – current revision of edited and removed messages';
CALL protect_table('message_state');
