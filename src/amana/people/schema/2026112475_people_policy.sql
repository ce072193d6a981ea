-- safe for 0.1.0
-- What holds for the whole organisation. No row: what the columns say by default.
CREATE TABLE organisation_policy (
  org_id            uuid NOT NULL PRIMARY KEY,
  -- People are asked before they are in a room that somebody wants to add them to.
  ask_before_adding boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE organisation_policy IS 'group: ORG. What administrators choose for everybody.';
CALL protect_table('organisation_policy');
