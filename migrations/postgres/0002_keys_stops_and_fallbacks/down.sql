ALTER TABLE turns
    DROP COLUMN stop_requested,
    DROP COLUMN fingerprint,
    DROP COLUMN idempotency_key;
ALTER TABLE workflows
    DROP COLUMN fallback_model,
    DROP COLUMN fallback_provider;
