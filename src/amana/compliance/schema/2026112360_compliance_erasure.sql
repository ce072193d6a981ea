-- safe for 0.1.0
-- How far the retention of each conversation has come. erased_through runs ahead of announced_through while a run
-- is under way: what lies between is erased and the members have not been told yet.
CREATE TABLE compliance_retention (
    org_id uuid NOT NULL,
    conversation_id uuid PRIMARY KEY,
    erased_through bigint NOT NULL DEFAULT 0,
    announced_through bigint NOT NULL DEFAULT 0,
    -- Messages that were erased and not announced yet.
    waiting int NOT NULL DEFAULT 0
);
COMMENT ON TABLE compliance_retention IS 'group: CONV. How far the retention of each conversation has come.';
CALL protect_table('compliance_retention');

-- The erasure of a person: the request, how far it has come, and at the end its certificate. Ids, numbers and times
-- only; it outlives the person's name.
CREATE TABLE compliance_erasure (
    org_id uuid NOT NULL,
    user_id uuid PRIMARY KEY,
    requested_by uuid NOT NULL,
    requested_at timestamptz NOT NULL,
    -- Rooms before this one are done, and in this one the places up to seq; the order is that of the ids.
    room uuid,
    seq bigint NOT NULL DEFAULT 0,
    rooms int NOT NULL DEFAULT 0,
    rooms_handed_over int NOT NULL DEFAULT 0,
    rooms_closed int NOT NULL DEFAULT 0,
    messages bigint NOT NULL DEFAULT 0,
    wraps bigint NOT NULL DEFAULT 0,
    sessions int NOT NULL DEFAULT 0,
    passkeys int NOT NULL DEFAULT 0,
    private_events bigint NOT NULL DEFAULT 0,
    -- Data keys that stay under another ground, such as a legal hold.
    kept bigint NOT NULL DEFAULT 0,
    done_at timestamptz,
    -- When the last of it was out of the files of the database.
    pages_clean_at timestamptz
);
COMMENT ON TABLE compliance_erasure IS 'group: USER. Requests to erase a person, how far they have come, their certificates.';
CREATE INDEX compliance_erasure_open ON compliance_erasure (requested_at) WHERE pages_clean_at IS NULL;
CALL protect_table('compliance_erasure');

-- Up to where the erasure journal has been carried out in the files of the database as well.
CREATE TABLE compliance_hygiene (
    org_id uuid PRIMARY KEY,
    txid bigint NOT NULL,
    id uuid NOT NULL,
    clean_at timestamptz NOT NULL
);
COMMENT ON TABLE compliance_hygiene IS 'group: ORG. How far the files of the database are free of what was erased.';
CALL protect_table('compliance_hygiene');
