-- safe for 0.1.0
-- Reactions that stand now. Which emoji it is stays sealed in the event; the token tells only, with a key that is
-- not in here, that two people chose the same one at the same message.
CREATE TABLE reaction (
  org_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  seq bigint NOT NULL,            -- of the message
  token bytea NOT NULL,
  user_id uuid NOT NULL,
  event_seq bigint NOT NULL,      -- the reaction.added that holds the emoji
  ts bigint NOT NULL,             -- milliseconds since 1970
  PRIMARY KEY (conversation_id, seq, token, user_id)
);
COMMENT ON TABLE reaction IS 'group: CONV – who reacted to what, without the emoji';
-- Who reacted, page by page, and the oldest one that is left.
CREATE UNIQUE INDEX reaction_place ON reaction (conversation_id, seq, token, event_seq);
-- All of one person's in a room: when they are erased.
CREATE INDEX reaction_person ON reaction (conversation_id, user_id, event_seq);
CALL protect_table('reaction');

-- One row for each emoji at a message: a page reads these, however many people reacted.
CREATE TABLE reaction_total (
  org_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  seq bigint NOT NULL,            -- of the message
  token bytea NOT NULL,
  since bigint NOT NULL,          -- the event with which this emoji came; names it for clients
  shown_seq bigint NOT NULL,      -- the oldest reaction that is left; its event is opened for the emoji
  total int NOT NULL CHECK (total > 0),
  PRIMARY KEY (conversation_id, seq, token)
);
COMMENT ON TABLE reaction_total IS 'group: CONV – how many people chose each emoji at a message';
CALL protect_table('reaction_total');
