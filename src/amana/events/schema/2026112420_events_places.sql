-- safe for 0.1.0
-- How far each conversation has come and when, for statements of other domains that put a person's list
-- together: PostgreSQL puts the body into the statement that calls it.
CREATE FUNCTION conversation_places()
RETURNS TABLE (conversation_id uuid, seq bigint, msg_no bigint, last_ts bigint, fence int)
LANGUAGE sql STABLE AS $places$
    SELECT h.conversation_id, h.seq, h.msg_no, h.last_ts, h.fence FROM conversation_head h
$places$;
