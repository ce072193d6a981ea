-- The per-conversation log. One row of conversation_head per conversation is the lock that makes
-- seq dense and commit order equal to seq order. fillfactor leaves room for HOT updates.
CREATE TABLE conversation_head (
    org_id uuid NOT NULL,
    conversation_id uuid PRIMARY KEY,
    seq bigint NOT NULL DEFAULT 0,
    msg_no bigint NOT NULL DEFAULT 0,
    last_ts bigint NOT NULL DEFAULT 0,
    bucket int NOT NULL DEFAULT 0,
    fence int NOT NULL DEFAULT 0,
    chain bytea NOT NULL DEFAULT '\x0000000000000000000000000000000000000000000000000000000000000000'
) WITH (fillfactor = 50);
COMMENT ON TABLE conversation_head IS 'group: CONV. Newest seq, count, time and chain of each conversation; locked by every append.';
CALL protect_table('conversation_head');

-- bucket = month (yyyymm) of the client id, never of server time: a retry meets its original.
CREATE TABLE event (
    org_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    seq bigint NOT NULL,
    bucket int NOT NULL,
    msg_no bigint NOT NULL,
    kind smallint NOT NULL,
    sender_id uuid NOT NULL,
    device_id uuid NOT NULL,
    client_id uuid NOT NULL,
    target_seq bigint,
    revision int NOT NULL DEFAULT 0,
    ts bigint NOT NULL,
    commitment bytea NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (conversation_id, seq, bucket)
) PARTITION BY LIST (bucket);
-- client_id first: it grows with time, so new entries share pages, and the look-up below can use no
-- other index than this one (a plan made while the table is empty would else settle for the primary key).
CREATE UNIQUE INDEX event_once ON event (client_id, sender_id, conversation_id, bucket);
CREATE INDEX event_lately ON event USING brin (ts) WITH (pages_per_range = 32);
COMMENT ON TABLE event IS 'group: CONV. Every durable change of a conversation, sealed, in dense seq order; one partition per month.';
CALL protect_table('event');

-- Which partitions a range of seq can be in. last_seq is null for the newest month (still growing),
-- so an ordinary append writes nothing here; only a new month or a late message does.
CREATE TABLE conversation_bucket (
    org_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    bucket int NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint,
    PRIMARY KEY (conversation_id, bucket)
);
COMMENT ON TABLE conversation_bucket IS 'group: CONV. Bounds of seq in each month of a conversation.';
CALL protect_table('conversation_bucket');

-- The private log of a person: read markers, memberships, mentions. Ids and numbers only.
CREATE TABLE user_head (
    org_id uuid NOT NULL,
    user_id uuid PRIMARY KEY,
    pos bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
COMMENT ON TABLE user_head IS 'group: USER. Newest position of each person''s private log.';
CALL protect_table('user_head');

CREATE TABLE user_event (
    org_id uuid NOT NULL,
    user_id uuid NOT NULL,
    pos bigint NOT NULL,
    bucket int NOT NULL,
    kind smallint NOT NULL,
    conversation_id uuid,
    seq bigint,
    body jsonb NOT NULL,
    PRIMARY KEY (user_id, pos, bucket)
) PARTITION BY LIST (bucket);
COMMENT ON TABLE user_event IS 'group: USER. Private events of a person in dense pos order; one partition per month of server time.';
CALL protect_table('user_event');
