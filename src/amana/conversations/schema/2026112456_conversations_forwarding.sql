-- safe for 0.1.0
-- Where forwarded words come from: ids and places only. It is how they end everywhere when their author is erased.
CREATE TABLE forwarded_message (
  org_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  seq bigint NOT NULL,                   -- of the copy
  author_id uuid NOT NULL,               -- of the words, not of the copy
  from_conversation_id uuid NOT NULL,
  from_seq bigint NOT NULL,
  forwarded_by uuid NOT NULL,
  PRIMARY KEY (conversation_id, seq)
);
COMMENT ON TABLE forwarded_message IS 'group: CONV – which message is whose words, said first where';
-- Every room with words of one person: asked when they are erased.
CREATE INDEX forwarded_author ON forwarded_message (author_id, conversation_id, seq);
-- Where did this go?
CREATE INDEX forwarded_from ON forwarded_message (from_conversation_id, from_seq);
CALL protect_table('forwarded_message');
