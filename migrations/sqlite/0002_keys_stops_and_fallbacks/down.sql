DROP INDEX turns_to_stop;
DROP INDEX turns_by_key;
ALTER TABLE turns DROP COLUMN stop_requested;
ALTER TABLE turns DROP COLUMN fingerprint;
ALTER TABLE turns DROP COLUMN idempotency_key;
ALTER TABLE workflows DROP COLUMN fallback_model;
ALTER TABLE workflows DROP COLUMN fallback_provider;
