-- safe for 0.1.0
-- The few rows of the journal that name an account: looked at every few seconds.
CREATE INDEX erasure_account ON keyring.erasure (org_id) WHERE cause = 5;
