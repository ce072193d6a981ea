-- safe for 0.1.0
-- What was written since the last vacuum is not in the index, and is read whole at every digest: of a busy
-- month that is a fifth. Now each range of pages is taken in soon after it is full.
DROP INDEX event_lately;
CREATE INDEX event_lately ON event USING brin (ts) WITH (pages_per_range = 32, autosummarize = on);
