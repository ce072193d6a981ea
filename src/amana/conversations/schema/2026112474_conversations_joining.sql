-- safe for 0.1.0
-- Ways into a room for people of the organisation. Of a link's secret only the SHA-256 lies here; the secret
-- itself says to which room it belongs, so that it is found by the room.

CREATE TABLE room_link (
  org_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  link_id uuid NOT NULL,
  secret_hash bytea NOT NULL,
  made_by uuid NOT NULL,
  made_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  max_uses int NOT NULL CHECK (max_uses >= 1),
  uses int NOT NULL DEFAULT 0 CHECK (uses <= max_uses),
  approval boolean NOT NULL,      -- whoever comes by it asks first
  revoked_at timestamptz,
  PRIMARY KEY (conversation_id, link_id),
  UNIQUE (conversation_id, secret_hash)
);
COMMENT ON TABLE room_link IS 'group: CONV – links that let people of the organisation into a room';
CALL protect_table('room_link');

CREATE TABLE join_pending (
  org_id uuid NOT NULL,
  user_id uuid NOT NULL,          -- who would come in
  conversation_id uuid NOT NULL,
  kind smallint NOT NULL,         -- 1 they ask, 2 they are asked
  by_id uuid NOT NULL,            -- who offered it; of a request the person
  at timestamptz NOT NULL,
  link_id uuid,                   -- by which link they ask
  PRIMARY KEY (user_id, conversation_id)
);
CREATE INDEX join_pending_room ON join_pending (conversation_id, at);
COMMENT ON TABLE join_pending IS 'group: USER – who asks to come into which room, and who is asked to';
CALL protect_table('join_pending');
