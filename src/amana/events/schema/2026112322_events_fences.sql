-- safe for 0.1.0
-- Heads whose fence was raised lately, so that a running server tells the devices that follow them. Fences
-- stay 0 until something is restored, and appends never change them: the index costs an append nothing.
CREATE INDEX conversation_head_fenced ON conversation_head (fence) WHERE fence > 0;
