-- Lock the heads of these conversations in ascending order of ids, the order of every append. Ids without a
-- head are passed over. For functions of other domains that must look at something after the locks.
CREATE FUNCTION lock_heads(p_conv uuid[]) RETURNS void LANGUAGE plpgsql AS $lock$
BEGIN
    PERFORM 1 FROM conversation_head h WHERE h.conversation_id = ANY (p_conv)
      ORDER BY h.conversation_id FOR UPDATE;
END $lock$;
