-- safe for 0.1.0
-- The erasure journal: which grounds ended, where and when. Ids and times only, never content or keys. It is
-- written in the transaction that ends the grounds, goes to every backup target and is replayed on restore, so
-- that no older backup brings an erased message back.
CREATE TABLE keyring.erasure (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    conversation_id uuid NOT NULL,
    seq_first bigint NOT NULL CHECK (seq_first > 0),
    seq_last bigint NOT NULL,
    grounds int[] NOT NULL CHECK (cardinality(grounds) > 0),
    cause smallint NOT NULL CHECK (cause > 0),
    -- The transaction that wrote the row, see below.
    txid bigint NOT NULL,
    PRIMARY KEY (conversation_id, id),
    CHECK (seq_last >= seq_first)
);
COMMENT ON TABLE keyring.erasure IS
    'group: CONV. Grounds that ended, append-only: what a restore has to end again';
CREATE INDEX erasure_new ON keyring.erasure (org_id, txid, id);
CALL protect_table('keyring.erasure');

CREATE TRIGGER erasure_stays BEFORE UPDATE OR DELETE ON keyring.erasure
    FOR EACH STATEMENT EXECUTE FUNCTION keyring.refuse_change();

-- Ids and times are made before the commit and become visible out of order. A reader that compares the transaction
-- with a snapshot finds what is new and misses no late commit. By a trigger and not by a default: rows that come
-- out of a backup were written in this database by the transaction that puts them back.
CREATE FUNCTION keyring.note_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.txid := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;
CREATE TRIGGER erasure_transaction BEFORE INSERT ON keyring.erasure
    FOR EACH ROW EXECUTE FUNCTION keyring.note_transaction();
