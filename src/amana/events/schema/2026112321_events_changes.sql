-- safe for 0.1.0
-- Which edits a message has: erasing it has to find every wording. Partial: ordinary messages cost nothing.
CREATE INDEX event_target ON event (conversation_id, target_seq) WHERE target_seq IS NOT NULL;
