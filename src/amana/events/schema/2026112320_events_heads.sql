-- safe for 0.1.0
-- Newest seq and chain of every conversation, for functions and queries of other domains: PostgreSQL puts the
-- body into the statement that calls it, so a join with it is planned as if it were the table.
CREATE FUNCTION conversation_heads() RETURNS TABLE (conversation_id uuid, seq bigint, chain bytea)
LANGUAGE sql STABLE AS $heads$
    SELECT h.conversation_id, h.seq, h.chain FROM conversation_head h WHERE h.seq > 0
$heads$;
