-- safe for 0.1.0
-- What the server knows of each witness of a log. Not evidence: that is in evidence_cosignature.

CREATE TABLE evidence_witness (
    org_id uuid NOT NULL,
    log_no int NOT NULL,
    witness text NOT NULL,
    known_size bigint NOT NULL DEFAULT 0,
    tried_at timestamptz,
    last_error text,
    failing_since timestamptz,
    alarm text,
    alarm_at timestamptz,
    alarm_size bigint,
    PRIMARY KEY (org_id, log_no, witness)
);
COMMENT ON TABLE evidence_witness IS
    'group: ORG. How asking each witness went last; alarm stays until the witness signs again what it had seen.';
CALL protect_table('evidence_witness');
