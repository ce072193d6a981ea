-- safe for 0.1.0
-- How far messages have reached a member's devices, and when the two watermarks moved last (milliseconds
-- since 1970). Kept only while the room shows them and the member lets them be seen.
ALTER TABLE member
  ADD COLUMN delivered_seq bigint NOT NULL DEFAULT 0,
  ADD COLUMN delivered_ts bigint,
  ADD COLUMN read_ts bigint;
