-- safe for 0.1.0
-- Rotation: newer generations beside the old ones, wraps that are replaced by the functions below and by nothing else.

-- When a generation was made and where the conversation stood then: rows from before this migration count from now.
ALTER TABLE keyring.conversation_key
    ADD COLUMN made_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN first_seq bigint NOT NULL DEFAULT 0;
ALTER TABLE keyring.organisation_key ADD COLUMN made_at timestamptz NOT NULL DEFAULT now();
-- What a running process asks every few seconds: which generations are new.
CREATE INDEX conversation_key_made ON keyring.conversation_key (org_id, made_at);
-- What is left to wrap under a newer epoch.
CREATE INDEX conversation_key_epoch ON keyring.conversation_key (org_id, epoch);

-- Which root key this database needs, for the person who has lost it. Nothing here is secret.
ALTER TABLE keyring.root_key
    ADD COLUMN kind text,
    ADD COLUMN place text,
    ADD COLUMN key_id text,
    ADD COLUMN since timestamptz;

DROP TRIGGER root_key_stays ON keyring.root_key;
DROP TRIGGER organisation_key_stays ON keyring.organisation_key;
DROP TRIGGER conversation_key_stays ON keyring.conversation_key;
CREATE TRIGGER root_key_stays BEFORE DELETE ON keyring.root_key
    FOR EACH STATEMENT EXECUTE FUNCTION keyring.refuse_change();
CREATE TRIGGER organisation_key_stays BEFORE DELETE ON keyring.organisation_key
    FOR EACH STATEMENT EXECUTE FUNCTION keyring.refuse_change();
CREATE TRIGGER conversation_key_stays BEFORE DELETE ON keyring.conversation_key
    FOR EACH STATEMENT EXECUTE FUNCTION keyring.refuse_change();

-- The outermost thing on the stack above an update has to be a function of this file. The path is fixed because
-- a name on the stack is written with its schema only where the schema is not on the path.
CREATE FUNCTION keyring.require_rewrap() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    v_stack text;
BEGIN
    GET DIAGNOSTICS v_stack = PG_CONTEXT;
    IF v_stack !~ E'\nPL/pgSQL function keyring\\.(rewrap|replace)_[a-z_]+\\([^()"\n]*\\) line \\d+ at SQL statement$' THEN
        RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER root_key_rewraps BEFORE UPDATE ON keyring.root_key
    FOR EACH ROW EXECUTE FUNCTION keyring.require_rewrap();
CREATE TRIGGER organisation_key_rewraps BEFORE UPDATE ON keyring.organisation_key
    FOR EACH ROW EXECUTE FUNCTION keyring.require_rewrap();
CREATE TRIGGER conversation_key_rewraps BEFORE UPDATE ON keyring.conversation_key
    FOR EACH ROW EXECUTE FUNCTION keyring.require_rewrap();

-- Puts conversation keys under the newest epoch of their organisation. The key inside stays the same, so nothing
-- that was sealed with it changes. A row that moved on since it was read is left alone. Gives how many were replaced.
CREATE FUNCTION keyring.rewrap_conversation_keys(
    p_org uuid, p_conversation uuid[], p_generation int[], p_old bytea[], p_new bytea[], p_epoch int
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_count bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM keyring.organisation_key o WHERE o.org_id = p_org AND o.epoch = p_epoch) THEN
        RAISE EXCEPTION 'there is no epoch %', p_epoch USING ERRCODE = 'foreign_key_violation';
    END IF;
    UPDATE keyring.conversation_key k SET epoch = p_epoch, wrapped = u.new
      FROM unnest(p_conversation, p_generation, p_old, p_new) AS u (conversation_id, generation, old, new)
     WHERE k.conversation_id = u.conversation_id AND k.generation = u.generation AND k.org_id = p_org
       AND k.wrapped = u.old AND k.epoch < p_epoch;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;

-- Puts every epoch of an organisation under another root key: all of them, or an error and none.
CREATE FUNCTION keyring.rewrap_organisation_keys(p_org uuid, p_epoch int[], p_old bytea[], p_new bytea[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_count bigint;
BEGIN
    UPDATE keyring.organisation_key k SET wrapped = u.new
      FROM unnest(p_epoch, p_old, p_new) AS u (epoch, old, new)
     WHERE k.org_id = p_org AND k.epoch = u.epoch AND k.wrapped = u.old;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    IF v_count <> (SELECT count(*) FROM keyring.organisation_key k WHERE k.org_id = p_org) THEN
        RAISE EXCEPTION 'the epochs of the organisation changed meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
END $$;

-- Names the new root key, in the transaction that puts the organisations' keys under it.
CREATE FUNCTION keyring.replace_root_check(
    p_old bytea, p_new bytea, p_kind text, p_place text, p_key_id text, p_since timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE keyring.root_key r
       SET check_value = p_new, kind = p_kind, place = p_place, key_id = p_key_id, since = p_since
     WHERE r.check_value = p_old;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the root key was moved meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
END $$;

-- Keeps the description true: a key file may be put elsewhere, and databases from before have none yet.
CREATE FUNCTION keyring.replace_root_description(p_kind text, p_place text, p_key_id text, p_since timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE keyring.root_key r
       SET kind = p_kind, place = p_place, key_id = p_key_id, since = coalesce(r.since, p_since);
END $$;
