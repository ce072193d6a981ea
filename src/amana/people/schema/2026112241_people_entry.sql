-- What is met before somebody is signed in: secrets in links, challenges, throttling.
-- Secrets are stored as SHA-256 only.

CREATE TABLE setup_secret (
  -- The organisation and its owner get their ids here, before they exist: a passkey needs them.
  org_id       uuid NOT NULL PRIMARY KEY,
  user_id      uuid NOT NULL,
  secret_hash  bytea NOT NULL,
  expires_at   timestamptz NOT NULL,
  used_at      timestamptz
);
COMMENT ON TABLE setup_secret IS 'group: ORG. The single-use link that makes the organisation.';
CALL protect_entry_table('setup_secret');

CREATE TABLE invitation (
  org_id           uuid NOT NULL,
  invitation_id    uuid NOT NULL,
  secret_hash      bytea NOT NULL,
  role             smallint NOT NULL CHECK (role BETWEEN 1 AND 3),
  conversation_id  uuid,
  invited_by       uuid NOT NULL,
  created_at       timestamptz NOT NULL,
  expires_at       timestamptz NOT NULL,
  max_uses         integer NOT NULL CHECK (max_uses >= 1),
  uses             integer NOT NULL DEFAULT 0 CHECK (uses <= max_uses),
  revoked_at       timestamptz,
  PRIMARY KEY (org_id, invitation_id),
  UNIQUE (secret_hash, org_id)
);
COMMENT ON TABLE invitation IS 'group: ORG. Links that let people join; found by the secret before they belong here.';
CALL protect_entry_table('invitation');

CREATE TABLE passkey_challenge (
  org_id        uuid NOT NULL,
  challenge_id  uuid NOT NULL,
  challenge     bytea NOT NULL,
  -- What the answer may be used for: 'sign-in', 'add', or 'join' with the hash of the link's secret.
  purpose       text NOT NULL,
  secret_hash   bytea,
  user_id       uuid,
  expires_at    timestamptz NOT NULL,
  PRIMARY KEY (challenge_id, org_id)
);
COMMENT ON TABLE passkey_challenge IS 'group: ORG. Open WebAuthn ceremonies, each good for one answer within minutes.';
CREATE INDEX passkey_challenge_expiry ON passkey_challenge (expires_at);
CALL protect_entry_table('passkey_challenge');

CREATE TABLE sign_in_throttle (
  org_id         uuid NOT NULL,
  -- SHA-256 over kind and value: no list of addresses or tried names lies here.
  bucket         bytea NOT NULL,
  failures       integer NOT NULL,
  blocked_until  timestamptz NOT NULL,
  updated_at     timestamptz NOT NULL,
  PRIMARY KEY (org_id, bucket)
);
COMMENT ON TABLE sign_in_throttle IS 'group: ORG. Failed sign-ins per account, network and known device.';
CREATE INDEX sign_in_throttle_age ON sign_in_throttle (updated_at);
CALL protect_table('sign_in_throttle');
