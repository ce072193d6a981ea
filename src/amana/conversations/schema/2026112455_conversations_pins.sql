-- safe for 0.1.0
-- Messages that are pinned now; at most fifty in a room.
CREATE TABLE pin (
  org_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  seq bigint NOT NULL,            -- of the message
  pinned_by uuid NOT NULL,
  pinned_ts bigint NOT NULL,      -- milliseconds since 1970
  event_seq bigint NOT NULL,      -- the message.pinned
  PRIMARY KEY (conversation_id, seq)
);
COMMENT ON TABLE pin IS 'group: CONV – pinned messages';
CALL protect_table('pin');
