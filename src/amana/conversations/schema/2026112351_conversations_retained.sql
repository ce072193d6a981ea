-- safe for 0.1.0
-- The rooms a retention run has to look at; the others cost nothing.
CREATE INDEX conversation_retained ON conversation (conversation_id) WHERE retention_days IS NOT NULL;
