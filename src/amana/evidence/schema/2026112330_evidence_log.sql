-- safe for 0.1.0
-- The transparency log of an organisation: leaves, tiles and signed checkpoints as C2SP describes them.
-- See docs/decisions/0012.

CREATE TABLE evidence_log (
    org_id uuid NOT NULL,
    log_no int NOT NULL CHECK (log_no > 0),
    origin text NOT NULL,
    created_at timestamptz NOT NULL,
    public_key bytea NOT NULL,
    private_key bytea NOT NULL,
    prior text,
    PRIMARY KEY (org_id, log_no)
);
COMMENT ON TABLE evidence_log IS
    'group: ORG. The logs of an organisation; only the newest is written to. private_key is sealed under the organisation key, prior is the last checkpoint of the log before.';

CREATE TABLE evidence_leaf (
    org_id uuid NOT NULL,
    log_no int NOT NULL,
    idx bigint NOT NULL CHECK (idx >= 0),
    at timestamptz NOT NULL,
    data bytea NOT NULL,
    entry_id uuid,
    PRIMARY KEY (org_id, log_no, idx)
);
COMMENT ON TABLE evidence_leaf IS 'group: ORG. What was logged, exactly as it is published; append-only.';
-- One entry is one leaf, in whichever log.
CREATE UNIQUE INDEX evidence_leaf_of_entry ON evidence_leaf (org_id, entry_id) WHERE entry_id IS NOT NULL;

CREATE TABLE evidence_tile (
    org_id uuid NOT NULL,
    log_no int NOT NULL,
    level smallint NOT NULL,
    n bigint NOT NULL,
    hashes bytea NOT NULL,
    PRIMARY KEY (org_id, log_no, level, n)
);
COMMENT ON TABLE evidence_tile IS
    'group: ORG. Hashes of the Merkle tree, 256 a tile; only the last tile of a level grows.';
ALTER TABLE evidence_tile ALTER COLUMN hashes SET STORAGE EXTERNAL;  -- hashes do not compress

CREATE TABLE evidence_checkpoint (
    org_id uuid NOT NULL,
    log_no int NOT NULL,
    size bigint NOT NULL CHECK (size >= 0),
    root bytea NOT NULL,
    note text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (org_id, log_no, size)
);
COMMENT ON TABLE evidence_checkpoint IS 'group: ORG. What the log signed, one signed note for each size; append-only.';

CREATE TABLE evidence_cosignature (
    org_id uuid NOT NULL,
    log_no int NOT NULL,
    size bigint NOT NULL,
    witness text NOT NULL,
    line text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (org_id, log_no, size, witness)
);
COMMENT ON TABLE evidence_cosignature IS 'group: ORG. Signature lines that witnesses added to checkpoints.';

CREATE TABLE evidence_room (
    org_id uuid NOT NULL,
    log_no int NOT NULL,
    idx bigint NOT NULL,
    conversation_id uuid NOT NULL,
    pseudonym bytea NOT NULL,
    seq bigint NOT NULL,
    chain bytea NOT NULL,
    PRIMARY KEY (org_id, log_no, conversation_id, seq)
);
COMMENT ON TABLE evidence_room IS
    'group: ORG. What each leaf about conversations committed to; never published.';
CREATE INDEX evidence_room_of_leaf ON evidence_room (org_id, log_no, idx);

CREATE TABLE evidence_policy (
    org_id uuid NOT NULL,
    set_at timestamptz NOT NULL,
    policy text NOT NULL,
    PRIMARY KEY (org_id, set_at)
);
COMMENT ON TABLE evidence_policy IS 'group: ORG. Who must cosign the log; the newest row counts.';

-- Entries that are no leaf yet. A trigger writes them, not the application: nothing can be recorded past the
-- log, not even by a release that does not know of it.
CREATE TABLE evidence_pending (
    org_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    PRIMARY KEY (org_id, entry_id)
);
COMMENT ON TABLE evidence_pending IS 'group: ORG. Entries of the record that the log still has to take up.';

CREATE FUNCTION note_pending_entry() RETURNS trigger LANGUAGE plpgsql AS $pending$
BEGIN
    INSERT INTO evidence_pending (org_id, entry_id) VALUES (NEW.org_id, NEW.id);
    RETURN NULL;
END $pending$;
CREATE TRIGGER evidence_entry_pending AFTER INSERT ON evidence_entry
    FOR EACH ROW EXECUTE FUNCTION note_pending_entry();

-- The key of the commitment by which the log knows an entry: without it a leaf tells nobody what it is of.
-- Random for each row, those of before included; a default, so that an earlier release can go on inserting.
ALTER TABLE evidence_entry ADD COLUMN blind bytea NOT NULL
    DEFAULT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());

-- What was recorded before there was a log belongs into it. Row-level security would hide those rows from
-- an owner who is no superuser.
ALTER TABLE evidence_entry NO FORCE ROW LEVEL SECURITY;
INSERT INTO evidence_pending (org_id, entry_id) SELECT org_id, id FROM evidence_entry;
ALTER TABLE evidence_entry FORCE ROW LEVEL SECURITY;

CALL protect_table('evidence_log');
CALL protect_table('evidence_leaf');
CALL protect_table('evidence_tile');
CALL protect_table('evidence_checkpoint');
CALL protect_table('evidence_cosignature');
CALL protect_table('evidence_room');
CALL protect_table('evidence_policy');
CALL protect_table('evidence_pending');

CREATE TRIGGER evidence_log_append_only BEFORE UPDATE OR DELETE ON evidence_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evidence_leaf_append_only BEFORE UPDATE OR DELETE ON evidence_leaf
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evidence_checkpoint_append_only BEFORE UPDATE OR DELETE ON evidence_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evidence_tile_stays BEFORE DELETE ON evidence_tile
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
