-- safe for 0.1.0
-- What the owner of a room chooses; the numbers are those of conversations/rules.py. Direct conversations
-- have no rules of their own: what stands here for them is not read.
ALTER TABLE conversation
  ADD COLUMN posting smallint NOT NULL DEFAULT 1,      -- 1 all, 2 posters
  ADD COLUMN threads smallint NOT NULL DEFAULT 1,      -- 1 quotes, 2 threads
  ADD COLUMN edit_window_s int CHECK (edit_window_s >= 0),  -- null: always
  ADD COLUMN removal smallint NOT NULL DEFAULT 2,      -- 1 author, 2 author and owners, 3 owners
  ADD COLUMN receipts smallint NOT NULL DEFAULT 3,     -- 1 off, 2 count, 3 named
  ADD COLUMN mention_all smallint NOT NULL DEFAULT 1,  -- 1 all, 2 owners
  ADD COLUMN forwarding boolean NOT NULL DEFAULT true,
  ADD COLUMN joining smallint NOT NULL DEFAULT 1,      -- 1 closed, 2 approval, 3 open
  ADD COLUMN ends_at timestamptz,
  ADD COLUMN closed_at timestamptz,
  ADD COLUMN closed_by uuid,
  ADD COLUMN closed_reason smallint,                   -- 1 closed, 2 archived, 3 ended
  ADD COLUMN in_custody boolean NOT NULL DEFAULT false, -- the owner is not in it: nobody there could follow
  ADD CHECK ((closed_at IS NULL) = (closed_by IS NULL) AND (closed_at IS NULL) = (closed_reason IS NULL));

-- Where not everybody writes: what a batch of messages has to look at more closely. Most rooms are not in it.
CREATE INDEX conversation_guarded ON conversation (conversation_id)
 WHERE posting <> 1 OR closed_at IS NOT NULL;
-- What closes by itself.
CREATE INDEX conversation_ending ON conversation (ends_at, conversation_id)
 WHERE ends_at IS NOT NULL AND closed_at IS NULL;
-- Where somebody of the organisation has to appoint an owner.
CREATE INDEX conversation_in_custody ON conversation (conversation_id) WHERE in_custody;
