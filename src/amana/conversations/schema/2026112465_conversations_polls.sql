-- safe for 0.1.0
-- Polls that were posted. What may be chosen stands in the message, who chose what in sealed events; of an anonymous
-- poll there is one sealed box, which holds who has voted and how often each choice was made, and never both in one.
CREATE TABLE poll (
  org_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  seq bigint NOT NULL,            -- of the message
  anonymous boolean NOT NULL,
  closes_at timestamptz,          -- null: somebody closes it
  closed_ts bigint,               -- milliseconds since 1970; null while people vote
  shown_seq bigint,               -- the event that says how it stands; null before the first
  box bytea,                      -- sealed, its key in keyring.pending; null in named and in closed polls
  PRIMARY KEY (conversation_id, seq)
);
COMMENT ON TABLE poll IS 'group: CONV – polls and how they stand';
CALL protect_table('poll');
-- Samples of the planner would be copies of old boxes.
ALTER TABLE poll ALTER COLUMN box SET STATISTICS 0;

-- Votes that stand now, of polls that are not anonymous. What was chosen stays sealed in the event.
CREATE TABLE poll_vote (
  org_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  seq bigint NOT NULL,            -- of the message
  user_id uuid NOT NULL,
  event_seq bigint NOT NULL,      -- the poll.voted
  PRIMARY KEY (conversation_id, seq, user_id)
);
COMMENT ON TABLE poll_vote IS 'group: CONV – who voted in named polls, without what';
-- Who voted, page by page.
CREATE UNIQUE INDEX poll_vote_place ON poll_vote (conversation_id, seq, event_seq);
-- All of one person's in a room: when they are erased.
CREATE INDEX poll_vote_person ON poll_vote (conversation_id, user_id, event_seq);
CALL protect_table('poll_vote');
