-- The keyring: what a stolen copy of the event log does not contain. A schema of its own, so that it can be
-- backed up, kept and one day hosted apart from the messages. Nothing here opens without the root key.

CREATE TABLE keyring.root_key (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    check_value bytea NOT NULL
);
COMMENT ON TABLE keyring.root_key IS
    'group: SYSTEM. A value that only this database''s root key opens, so that a wrong one is noticed at start';

CREATE TABLE keyring.organisation_key (
    org_id uuid NOT NULL,
    epoch int NOT NULL CHECK (epoch > 0),
    wrapped bytea NOT NULL,
    PRIMARY KEY (org_id, epoch)
);
COMMENT ON TABLE keyring.organisation_key IS 'group: ORG. Organisation keys, wrapped by the root key';

CREATE TABLE keyring.conversation_key (
    org_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    generation int NOT NULL CHECK (generation > 0),
    epoch int NOT NULL,
    wrapped bytea NOT NULL,
    PRIMARY KEY (conversation_id, generation)
);
COMMENT ON TABLE keyring.conversation_key IS
    'group: CONV. Conversation keys, wrapped by the organisation key of the epoch';

CREATE TABLE keyring.wrap (
    org_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    seq bigint NOT NULL,
    ground smallint NOT NULL CHECK (ground BETWEEN 1 AND 5),
    bucket int NOT NULL,
    key_ref int NOT NULL,
    wrapped bytea NOT NULL,
    due timestamptz,
    PRIMARY KEY (conversation_id, seq, ground, bucket)
) PARTITION BY LIST (bucket);
COMMENT ON TABLE keyring.wrap IS
    'group: CONV. Data keys, once per ground for which the content still exists; no row, no content';
-- Empty but for the few wraps that end by themselves.
CREATE INDEX wrap_due ON keyring.wrap (due) WHERE due IS NOT NULL;

CALL protect_table('keyring.organisation_key');
CALL protect_table('keyring.conversation_key');
CALL protect_table('keyring.wrap');

-- Keys are never changed in place, and only wraps ever end. A trigger and not a missing right: rights are given
-- again at every start, and an account without the application's role has them all.
CREATE FUNCTION keyring.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER root_key_stays BEFORE UPDATE OR DELETE ON keyring.root_key
    FOR EACH STATEMENT EXECUTE FUNCTION keyring.refuse_change();
CREATE TRIGGER organisation_key_stays BEFORE UPDATE OR DELETE ON keyring.organisation_key
    FOR EACH STATEMENT EXECUTE FUNCTION keyring.refuse_change();
CREATE TRIGGER conversation_key_stays BEFORE UPDATE OR DELETE ON keyring.conversation_key
    FOR EACH STATEMENT EXECUTE FUNCTION keyring.refuse_change();
CREATE TRIGGER wrap_stays BEFORE UPDATE ON keyring.wrap
    FOR EACH STATEMENT EXECUTE FUNCTION keyring.refuse_change();

-- Stores the live wraps of one append, in the transaction that stores the events.
CREATE FUNCTION keyring.store_wraps(
    p_org uuid, p_conversation uuid[], p_seq bigint[], p_bucket int[], p_key_ref int[], p_wrapped bytea[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO keyring.wrap (org_id, conversation_id, seq, ground, bucket, key_ref, wrapped)
    SELECT p_org, u.conversation_id, u.seq, 1, u.bucket, u.key_ref, u.wrapped
      FROM unnest(p_conversation, p_seq, p_bucket, p_key_ref, p_wrapped)
        AS u (conversation_id, seq, bucket, key_ref, wrapped);
END $$;
