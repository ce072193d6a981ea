-- safe for 0.1.0
-- What people keep for themselves. Everything typed is sealed under the person's own key (keyring.user_key);
-- what is clear are ids, numbers, times and switches. It ends with the stay, and with the person.

CREATE TABLE private_draft (
  org_id uuid NOT NULL,
  user_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  thread bigint NOT NULL,         -- 0: of the conversation itself
  revision bigint NOT NULL,
  saved_at timestamptz NOT NULL,
  sealed bytea,                   -- null: nothing is left, but its number goes on
  PRIMARY KEY (user_id, conversation_id, thread)
) WITH (fillfactor = 70);
COMMENT ON TABLE private_draft IS 'group: USER – what somebody began to write, the same on all their devices';
CALL protect_table('private_draft');

CREATE TABLE private_star (
  org_id uuid NOT NULL,
  user_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  seq bigint NOT NULL,
  no bigint NOT NULL,             -- position of the private event that set it: the order of the list
  starred_at timestamptz NOT NULL,
  PRIMARY KEY (user_id, conversation_id, seq)
);
CREATE INDEX private_star_newest ON private_star (user_id, no DESC);
COMMENT ON TABLE private_star IS 'group: USER – messages that somebody wants to find again';
CALL protect_table('private_star');

CREATE TABLE private_section (
  org_id uuid NOT NULL,
  user_id uuid NOT NULL,
  section_id uuid NOT NULL,
  sealed bytea NOT NULL,          -- its name
  place int NOT NULL,
  collapsed boolean NOT NULL,
  PRIMARY KEY (user_id, section_id)
);
COMMENT ON TABLE private_section IS 'group: USER – folders that somebody sorts their list of chats into';
CALL protect_table('private_section');

CREATE TABLE private_place (
  org_id uuid NOT NULL,
  user_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  muted_until timestamptz,
  archived boolean NOT NULL DEFAULT false,
  unread_at bigint,               -- how far it was read when it was marked unread
  pinned_at timestamptz,
  section_id uuid,
  PRIMARY KEY (user_id, conversation_id)
);
COMMENT ON TABLE private_place IS 'group: USER – where a conversation stands in somebody''s list, and how loud it is';
CALL protect_table('private_place');

CREATE TABLE private_reminder (
  org_id uuid NOT NULL,
  user_id uuid NOT NULL,
  reminder_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  seq bigint,                     -- null: of the conversation as a whole
  due_at timestamptz NOT NULL,
  fired_at timestamptz,
  sealed bytea,                   -- a note
  PRIMARY KEY (user_id, reminder_id)
);
COMMENT ON TABLE private_reminder IS 'group: USER – what somebody wants to be reminded of, and when';
CALL protect_table('private_reminder');

CREATE TABLE private_preferences (
  org_id uuid NOT NULL,
  user_id uuid NOT NULL,
  receipts boolean NOT NULL,
  typing boolean NOT NULL,
  presence boolean NOT NULL,
  PRIMARY KEY (user_id)
);
COMMENT ON TABLE private_preferences IS 'group: USER – what others may know of somebody; no row: what the room says';
CALL protect_table('private_preferences');
