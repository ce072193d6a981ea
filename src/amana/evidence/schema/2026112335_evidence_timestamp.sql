-- safe for 0.1.0
-- What time stamping authorities confirmed of the log (RFC 3161).

CREATE TABLE evidence_timestamp (
    org_id uuid NOT NULL,
    log_no int NOT NULL,
    size bigint NOT NULL,
    at timestamptz NOT NULL,
    note text NOT NULL,
    response bytea NOT NULL,
    PRIMARY KEY (org_id, log_no, size, at)
);
COMMENT ON TABLE evidence_timestamp IS
    'group: ORG. Time stamps: note is what was stamped, byte for byte, response what the authority answered; append-only.';
CALL protect_table('evidence_timestamp');
CREATE TRIGGER evidence_timestamp_append_only BEFORE UPDATE OR DELETE ON evidence_timestamp
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
