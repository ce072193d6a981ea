-- safe for 0.1.0
-- A key for each person: what somebody keeps for themselves is sealed under it, and ends with it.
CREATE TABLE keyring.user_key (
    org_id uuid NOT NULL,
    user_id uuid NOT NULL,
    generation int NOT NULL CHECK (generation > 0),
    epoch int NOT NULL,
    wrapped bytea NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, generation)
);
COMMENT ON TABLE keyring.user_key IS
    'group: USER. People''s own keys, wrapped by the organisation key of the epoch; they end with the person';
-- What is left to wrap under a newer epoch.
CREATE INDEX user_key_epoch ON keyring.user_key (org_id, epoch);
-- Samples of the planner would lie about long after a key has ended.
ALTER TABLE keyring.user_key ALTER COLUMN wrapped SET STATISTICS 0;
CALL protect_table('keyring.user_key');

-- Deleted these keys may be, with the person; changed only by the function below.
CREATE TRIGGER user_key_rewraps BEFORE UPDATE ON keyring.user_key
    FOR EACH ROW EXECUTE FUNCTION keyring.require_rewrap();

-- As keyring.rewrap_conversation_keys: the key inside stays the same, and a row that moved on is left alone.
CREATE FUNCTION keyring.rewrap_user_keys(
    p_org uuid, p_user uuid[], p_generation int[], p_old bytea[], p_new bytea[], p_epoch int
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_count bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM keyring.organisation_key o WHERE o.org_id = p_org AND o.epoch = p_epoch) THEN
        RAISE EXCEPTION 'there is no epoch %', p_epoch USING ERRCODE = 'foreign_key_violation';
    END IF;
    UPDATE keyring.user_key k SET epoch = p_epoch, wrapped = u.new
      FROM unnest(p_user, p_generation, p_old, p_new) AS u (user_id, generation, old, new)
     WHERE k.user_id = u.user_id AND k.generation = u.generation AND k.org_id = p_org
       AND k.wrapped = u.old AND k.epoch < p_epoch;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;
