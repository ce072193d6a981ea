-- safe for 0.1.0
-- Every room somebody ever was in: asked once, when they are erased.
CREATE INDEX membership_person ON membership (user_id, conversation_id);
