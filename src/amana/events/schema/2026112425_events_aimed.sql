-- safe for 0.1.0
-- What belongs to one message, by kind and in order: the answers of its thread, its edits. Partial: ordinary
-- messages cost nothing. It does all that event_target did, so that one goes; an earlier release finds its
-- edits with this one as well.
CREATE INDEX event_aimed ON event (conversation_id, target_seq, kind, seq) WHERE target_seq IS NOT NULL;
DROP INDEX event_target;
