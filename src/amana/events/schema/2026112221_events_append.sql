-- Append a batch of sealed events of one organisation: one round trip, one commit.
--
-- p_conv: distinct conversation ids in ascending order; the other arrays have one element per event,
-- p_hi being the 1-based place of its conversation in p_conv. Answers arrays in input order.
-- A (conversation, sender, client id) that is stored already is not stored again: its place is answered
-- and r_fresh is false. The same id twice in one call is the caller's mistake (23505).
--
-- At READ COMMITTED every statement takes a new snapshot, so the look-up after the head locks sees
-- what the previous holder of a lock committed. The planner settings keep a plan that was made while
-- the tables were empty from staying slow, and keep PostgreSQL from planning again at every call: for
-- one event that costs three times what storing it costs. Raises AM001 when a conversation has no head.
CREATE FUNCTION append_events(
    p_org uuid, p_conv uuid[], p_hi int[], p_kind smallint[], p_countable boolean[], p_sender uuid[],
    p_device uuid[], p_client uuid[], p_bucket int[], p_ts bigint[], p_target bigint[], p_revision int[],
    p_commitment bytea[], p_body bytea[], p_key_ref int[], p_wrapped bytea[],
    OUT r_seq bigint[], OUT r_msg_no bigint[], OUT r_ts bigint[], OUT r_fresh boolean[]
) LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
  SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $append$
DECLARE
    v_seq bigint[]; v_msg_no bigint[]; v_ts bigint[]; v_bucket int[]; v_chain bytea[]; v_moved boolean;
    v_month int := p_bucket[1];
BEGIN
    PERFORM set_config('amana.org', p_org::text, true);
    IF NOT v_month = ALL (p_bucket) THEN
        RAISE EXCEPTION 'the events of one batch are of different months' USING ERRCODE = 'AM002';
    END IF;

    SELECT array_agg(h.seq ORDER BY h.conversation_id), array_agg(h.msg_no ORDER BY h.conversation_id),
           array_agg(h.last_ts ORDER BY h.conversation_id), array_agg(h.bucket ORDER BY h.conversation_id),
           array_agg(h.chain ORDER BY h.conversation_id)
      INTO v_seq, v_msg_no, v_ts, v_bucket, v_chain
      FROM (SELECT * FROM conversation_head c WHERE c.conversation_id = ANY (p_conv)
             ORDER BY c.conversation_id FOR UPDATE) h;
    IF cardinality(v_seq) IS DISTINCT FROM cardinality(p_conv) THEN
        RAISE EXCEPTION 'a conversation of this batch has no log' USING ERRCODE = 'AM001';
    END IF;

    WITH src AS MATERIALIZED (
        SELECT u.*, o.seq AS old_seq, o.msg_no AS old_no, o.ts AS old_ts
          FROM unnest(p_hi, p_kind, p_countable, p_sender, p_device, p_client, p_bucket, p_ts, p_target,
                      p_revision, p_commitment, p_body, p_key_ref, p_wrapped) WITH ORDINALITY
               AS u (hi, kind, countable, sender, device, client, bucket, ts, target,
                     revision, commitment, body, key_ref, wrapped, ord)
          LEFT JOIN LATERAL (
               SELECT e.seq, e.msg_no, e.ts FROM event e
                WHERE e.client_id = u.client AND e.sender_id = u.sender AND e.bucket = v_month
                  AND (e.conversation_id = p_conv[u.hi]) IS TRUE OFFSET 0) o ON true
    ), new AS MATERIALIZED (
        SELECT s.hi, s.kind, s.sender, s.device, s.client, s.bucket, s.target, s.revision, s.commitment,
               s.body, s.key_ref, s.wrapped, s.ord,
               v_seq[s.hi] + row_number() OVER w AS nseq,
               v_msg_no[s.hi] + count(*) FILTER (WHERE s.countable) OVER w AS nno,
               greatest(v_ts[s.hi], max(s.ts) OVER w) AS nts
          FROM src s WHERE s.old_seq IS NULL
        WINDOW w AS (PARTITION BY s.hi ORDER BY s.ord)
    ), ins AS (
        INSERT INTO event (org_id, conversation_id, seq, bucket, msg_no, kind, sender_id, device_id,
                           client_id, target_seq, revision, ts, commitment, body)
        SELECT p_org, p_conv[n.hi], n.nseq, n.bucket, n.nno, n.kind, n.sender, n.device,
               n.client, n.target, n.revision, n.nts, n.commitment, n.body
          FROM new n
    ), wraps AS (
        SELECT keyring.store_wraps(p_org, array_agg(p_conv[n.hi]), array_agg(n.nseq), array_agg(n.bucket),
                                   array_agg(n.key_ref), array_agg(n.wrapped)) AS stored
          FROM new n HAVING count(*) > 0
    ), fold AS (
        SELECT z.hi, max(z.nseq) AS seq, max(z.nno) AS no, max(z.nts) AS ts, max(z.bucket) AS bucket,
               chain_fold(z.leaf ORDER BY z.nseq) AS chain
          FROM (SELECT n.hi, n.nseq, n.nno, n.nts, n.bucket,
                       int2send(n.kind) || int8send(n.nseq) || int8send(n.nts / 60000) || n.commitment AS leaf
                  FROM new n
                UNION ALL
                SELECT DISTINCT n.hi, 0::bigint, 0::bigint, 0::bigint, 0, v_chain[n.hi] FROM new n) z
         GROUP BY z.hi
    ), heads AS (
        UPDATE conversation_head h
           SET seq = f.seq, msg_no = f.no, last_ts = f.ts, bucket = greatest(h.bucket, f.bucket), chain = f.chain
          FROM fold f WHERE h.conversation_id = p_conv[f.hi]
    )
    SELECT array_agg(a.seq ORDER BY a.ord), array_agg(a.no ORDER BY a.ord), array_agg(a.ts ORDER BY a.ord),
           array_agg(a.fresh ORDER BY a.ord), bool_or(a.fresh AND a.bucket <> v_bucket[a.hi])
      INTO r_seq, r_msg_no, r_ts, r_fresh, v_moved
      FROM (SELECT s.ord, s.hi, s.bucket, s.old_seq AS seq, s.old_no AS no, s.old_ts AS ts, false AS fresh
              FROM src s WHERE s.old_seq IS NOT NULL
            UNION ALL
            SELECT n.ord, n.hi, n.bucket, n.nseq, n.nno, n.nts, true FROM new n) a
     WHERE (SELECT count(*) FROM wraps) >= 0;  -- a select in WITH only runs when something reads it

    IF v_moved THEN
        PERFORM note_buckets(p_org, p_conv, v_seq, v_bucket, p_hi, p_bucket, r_seq, r_fresh);
    END IF;
END $append$;
COMMENT ON FUNCTION append_events IS 'The only writer of event and conversation_head.seq; see the comment in the migration.';

-- Keep the bounds of each month: rare, only for the first event of a month and for late messages.
CREATE FUNCTION note_buckets(
    p_org uuid, p_conv uuid[], p_old_seq bigint[], p_old_bucket int[],
    p_hi int[], p_bucket int[], p_seq bigint[], p_fresh boolean[]
) RETURNS void LANGUAGE plpgsql AS $note$
BEGIN
    INSERT INTO conversation_bucket AS b (org_id, conversation_id, bucket, first_seq, last_seq)
    SELECT p_org, p_conv[u.hi], u.bucket, min(u.seq), max(u.seq)
      FROM unnest(p_hi, p_bucket, p_seq, p_fresh) AS u (hi, bucket, seq, fresh)
     WHERE u.fresh GROUP BY u.hi, u.bucket
    ON CONFLICT (conversation_id, bucket) DO UPDATE SET last_seq = greatest(b.last_seq, excluded.last_seq);

    -- The newest month stays open; the one that was newest before gets its bound.
    UPDATE conversation_bucket b
       SET last_seq = CASE WHEN b.bucket = h.bucket THEN NULL ELSE greatest(b.last_seq, o.seq) END
      FROM unnest(p_conv, p_old_bucket, p_old_seq) AS o (conversation_id, bucket, seq)
      JOIN conversation_head h ON h.conversation_id = o.conversation_id
     WHERE b.conversation_id = o.conversation_id AND b.bucket IN (h.bucket, o.bucket);
END $note$;

-- Append private events; one element per event, persons in any order. Answers positions in input order.
CREATE FUNCTION append_user_events(
    p_org uuid, p_user uuid[], p_kind smallint[], p_bucket int, p_conversation uuid[], p_seq bigint[], p_body jsonb[]
) RETURNS bigint[] LANGUAGE plpgsql AS $append$
DECLARE
    v_pos bigint[];
BEGIN
    -- Ascending order of persons: two writers can not wait for each other.
    INSERT INTO user_head (org_id, user_id, pos)
    SELECT p_org, u, 0 FROM unnest(p_user) u GROUP BY u ORDER BY u ON CONFLICT (user_id) DO NOTHING;
    PERFORM 1 FROM user_head h WHERE h.user_id = ANY (p_user) ORDER BY h.user_id FOR UPDATE;

    WITH new AS MATERIALIZED (
        SELECT u.*, h.pos + row_number() OVER (PARTITION BY u.user_id ORDER BY u.ord) AS npos
          FROM unnest(p_user, p_kind, p_conversation, p_seq, p_body) WITH ORDINALITY
               AS u (user_id, kind, conversation_id, seq, body, ord)
          JOIN user_head h ON h.user_id = u.user_id
    ), ins AS (
        INSERT INTO user_event (org_id, user_id, pos, bucket, kind, conversation_id, seq, body)
        SELECT p_org, n.user_id, n.npos, p_bucket, n.kind, n.conversation_id, n.seq, n.body FROM new n
    ), heads AS (
        UPDATE user_head h SET pos = f.pos
          FROM (SELECT n.user_id, max(n.npos) AS pos FROM new n GROUP BY n.user_id) f WHERE h.user_id = f.user_id
    )
    SELECT array_agg(n.npos ORDER BY n.ord) INTO v_pos FROM new n;
    RETURN v_pos;
END $append$;
