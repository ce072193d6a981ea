-- safe for 0.1.0
-- Data keys of what somebody wrote and nobody has got yet: held back for a moment, or to be said at a time. Such
-- content has no place in a conversation, so its key has none in keyring.wrap. The row ends when it is said (the
-- message has a key of its own then) or taken back; an older backup of the rest does not bring it back.
CREATE TABLE keyring.pending (
    org_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    item_id uuid NOT NULL,
    key_ref int NOT NULL,
    wrapped bytea NOT NULL,
    PRIMARY KEY (conversation_id, item_id)
);
COMMENT ON TABLE keyring.pending IS 'group: CONV. Data keys of what was written and is not said yet';
CALL protect_table('keyring.pending');
ALTER TABLE keyring.pending ALTER COLUMN wrapped SET STATISTICS 0;
