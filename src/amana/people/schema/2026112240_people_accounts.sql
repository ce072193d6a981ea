-- Who belongs to the organisation, by which name, and by what proof they sign in.

CREATE TABLE organisation (
  org_id      uuid PRIMARY KEY,
  name        text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 80),
  -- Signs the known-device cookies; sealed under the organisation key.
  device_key  bytea NOT NULL,
  created_at  timestamptz NOT NULL
);
COMMENT ON TABLE organisation IS 'group: ORG. The company itself; found before anybody is signed in.';
CALL protect_entry_table('organisation');

CREATE TABLE account (
  org_id         uuid NOT NULL,
  user_id        uuid NOT NULL PRIMARY KEY,
  display_name   text NOT NULL CHECK (char_length(display_name) BETWEEN 1 AND 80),
  handle         text NOT NULL,
  role           smallint NOT NULL CHECK (role BETWEEN 1 AND 4),
  language       text NOT NULL,
  -- argon2id in its own text form; null for people who have only passkeys.
  password_hash  text,
  created_at     timestamptz NOT NULL
);
COMMENT ON TABLE account IS 'group: USER. One person of one organisation.';
CALL protect_table('account');

CREATE TABLE handle (
  org_id   uuid NOT NULL,
  handle   text NOT NULL,
  user_id  uuid NOT NULL,
  PRIMARY KEY (org_id, handle)
);
COMMENT ON TABLE handle IS 'group: ORG. The unique short names people sign in with.';
CALL protect_table('handle');

CREATE TABLE passkey (
  org_id         uuid NOT NULL,
  user_id        uuid NOT NULL,
  credential_id  bytea NOT NULL,
  public_key     bytea NOT NULL,
  sign_count     bigint NOT NULL,
  label          text NOT NULL,
  created_at     timestamptz NOT NULL,
  last_used_at   timestamptz,
  PRIMARY KEY (user_id, credential_id)
);
COMMENT ON TABLE passkey IS 'group: USER. Public keys of WebAuthn credentials.';
CALL protect_table('passkey');

CREATE TABLE device_session (
  org_id        uuid NOT NULL,
  user_id       uuid NOT NULL,
  session_id    uuid NOT NULL,
  device_id     uuid NOT NULL,
  -- SHA-256 of the token: a stolen table signs nobody in.
  token_hash    bytea NOT NULL,
  label         text NOT NULL,
  created_at    timestamptz NOT NULL,
  last_seen_at  timestamptz NOT NULL,
  ended_at      timestamptz,
  PRIMARY KEY (user_id, session_id)
);
COMMENT ON TABLE device_session IS 'group: USER. Signed-in devices; ended ones stay a while for the record.';
CALL protect_table('device_session');
