-- Who changed what in the administration of an organisation. Written in the transaction of the change.
CREATE TABLE evidence_entry (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor_id uuid,
    action text NOT NULL CHECK (action ~ '^[a-z]+(\.[a-z_]+)+$'),
    subject uuid,
    detail bytea NOT NULL,
    PRIMARY KEY (org_id, id)
);
COMMENT ON TABLE evidence_entry IS
    'group: ORG. Administrative changes, append-only; details are sealed under the organisation key.';
CALL protect_table('evidence_entry');

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'entries of % are never changed', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER evidence_entry_append_only BEFORE UPDATE OR DELETE ON evidence_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
