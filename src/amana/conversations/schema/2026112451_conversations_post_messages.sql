-- safe for 0.1.0
-- As before, and: r_status is 2 for a member who may not write in this room, and 3 where it is closed.
--
-- Most rooms let everybody write. Whether one of the batch does not is one more look into an index that holds
-- only those rooms, in the statement that looks up the members anyway; their rules are read only then. It is
-- read after the head locks, for the same reason as the members: closing a room takes the head's lock first.
CREATE OR REPLACE FUNCTION post_messages(
    p_org uuid, p_conv uuid[], p_hi int[], p_kind smallint[], p_countable boolean[], p_sender uuid[],
    p_device uuid[], p_client uuid[], p_bucket int[], p_ts bigint[], p_target bigint[], p_revision int[],
    p_commitment bytea[], p_body bytea[], p_key_ref int[], p_wrapped bytea[],
    OUT r_status smallint[], OUT r_seq bigint[], OUT r_msg_no bigint[], OUT r_ts bigint[], OUT r_fresh boolean[]
) LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
  SET enable_hashjoin = off SET enable_mergejoin = off AS $post$
DECLARE
    v_members boolean;
    v_guarded boolean;
    v_ord int[];
    v_conv uuid[];
    v_appended record;
BEGIN
    PERFORM set_config('amana.org', p_org::text, true);
    PERFORM lock_heads(p_conv);

    SELECT array_agg((m.user_id IS NULL)::int::smallint ORDER BY u.ord),
           array_agg(u.ord::int ORDER BY u.ord) FILTER (WHERE m.user_id IS NOT NULL),
           bool_and(m.user_id IS NOT NULL),
           EXISTS (SELECT FROM conversation c
                    WHERE c.conversation_id = ANY (p_conv) AND (c.posting <> 1 OR c.closed_at IS NOT NULL))
      INTO r_status, v_ord, v_members, v_guarded
      FROM unnest(p_hi, p_sender) WITH ORDINALITY AS u (hi, sender, ord)
      LEFT JOIN member m ON m.conversation_id = p_conv[u.hi] AND m.user_id = u.sender;

    IF v_guarded THEN
        -- Roles 2, 3 and 4 are owner, deputy and poster.
        SELECT array_agg(s.status ORDER BY s.ord), array_agg(s.ord::int ORDER BY s.ord) FILTER (WHERE s.status = 0),
               bool_and(s.status = 0)
          INTO r_status, v_ord, v_members
          FROM (SELECT u.ord, (CASE WHEN m.user_id IS NULL THEN 1
                                    WHEN c.closed_at IS NOT NULL THEN 3
                                    WHEN c.posting <> 1 AND m.role NOT IN (2, 3, 4) THEN 2
                                    ELSE 0 END)::smallint AS status
                  FROM unnest(p_hi, p_sender) WITH ORDINALITY AS u (hi, sender, ord)
                  LEFT JOIN member m ON m.conversation_id = p_conv[u.hi] AND m.user_id = u.sender
                  LEFT JOIN conversation c ON c.conversation_id = p_conv[u.hi]) s;
    END IF;

    IF v_members THEN
        SELECT a.r_seq, a.r_msg_no, a.r_ts, a.r_fresh INTO r_seq, r_msg_no, r_ts, r_fresh
          FROM append_events(p_org, p_conv, p_hi, p_kind, p_countable, p_sender, p_device, p_client, p_bucket,
                             p_ts, p_target, p_revision, p_commitment, p_body, p_key_ref, p_wrapped) a;
    ELSIF v_ord IS NULL THEN
        r_seq := array_fill(NULL::bigint, ARRAY[cardinality(p_hi)]);
        r_msg_no := r_seq; r_ts := r_seq; r_fresh := array_fill(false, ARRAY[cardinality(p_hi)]);
        RETURN;
    ELSE
        -- Only the part of the batch that may be stored, with the conversations that are left.
        SELECT array_agg(DISTINCT p_conv[p_hi[o]] ORDER BY p_conv[p_hi[o]]) INTO v_conv FROM unnest(v_ord) o;
        SELECT a.* INTO v_appended
          FROM (SELECT array_agg(array_position(v_conv, p_conv[p_hi[o]]) ORDER BY n) AS hi,
                       array_agg(p_kind[o] ORDER BY n) AS kind, array_agg(p_countable[o] ORDER BY n) AS countable,
                       array_agg(p_sender[o] ORDER BY n) AS sender, array_agg(p_device[o] ORDER BY n) AS device,
                       array_agg(p_client[o] ORDER BY n) AS client, array_agg(p_bucket[o] ORDER BY n) AS bucket,
                       array_agg(p_ts[o] ORDER BY n) AS ts, array_agg(p_target[o] ORDER BY n) AS target,
                       array_agg(p_revision[o] ORDER BY n) AS revision,
                       array_agg(p_commitment[o] ORDER BY n) AS commitment, array_agg(p_body[o] ORDER BY n) AS body,
                       array_agg(p_key_ref[o] ORDER BY n) AS key_ref, array_agg(p_wrapped[o] ORDER BY n) AS wrapped
                  FROM unnest(v_ord) WITH ORDINALITY AS x (o, n)) s,
               append_events(p_org, v_conv, s.hi, s.kind, s.countable, s.sender, s.device, s.client, s.bucket, s.ts,
                             s.target, s.revision, s.commitment, s.body, s.key_ref, s.wrapped) a;
        SELECT array_agg(x.seq ORDER BY u.ord), array_agg(x.no ORDER BY u.ord), array_agg(x.ts ORDER BY u.ord),
               array_agg(coalesce(x.fresh, false) ORDER BY u.ord)
          INTO r_seq, r_msg_no, r_ts, r_fresh
          FROM generate_subscripts(p_hi, 1) AS u (ord)
          LEFT JOIN unnest(v_ord, v_appended.r_seq, v_appended.r_msg_no, v_appended.r_ts, v_appended.r_fresh)
               AS x (ord, seq, no, ts, fresh) ON x.ord = u.ord;
    END IF;

    UPDATE member m SET read_seq = greatest(m.read_seq, w.seq), read_no = greatest(m.read_no, w.no)
      FROM (SELECT p_conv[u.hi] AS conversation_id, u.sender, max(u.seq) AS seq, max(u.no) AS no
              FROM unnest(p_hi, p_sender, p_countable, r_seq, r_msg_no, r_fresh)
                   AS u (hi, sender, countable, seq, no, fresh)
             WHERE u.fresh AND u.countable GROUP BY 1, 2) w
     WHERE m.conversation_id = w.conversation_id AND m.user_id = w.sender;
END $post$;
COMMENT ON FUNCTION post_messages IS 'Members who may write here, checked after the head locks; then append_events.';
