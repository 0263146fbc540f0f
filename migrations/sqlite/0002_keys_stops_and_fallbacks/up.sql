-- The model that is asked instead when a workflow's own fails; both or none.
ALTER TABLE workflows ADD COLUMN fallback_provider TEXT;
ALTER TABLE workflows ADD COLUMN fallback_model TEXT
    CHECK ((fallback_provider IS NULL) = (fallback_model IS NULL));

-- Under which the turn was begun, and the SHA-256 of what it was begun with; both or none.
ALTER TABLE turns ADD COLUMN idempotency_key TEXT;
ALTER TABLE turns ADD COLUMN fingerprint BLOB
    CHECK ((idempotency_key IS NULL) = (fingerprint IS NULL));
-- Whether somebody wants the current generation to stop; of no meaning once that has ended.
ALTER TABLE turns ADD COLUMN stop_requested INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX turns_by_key ON turns (session_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX turns_to_stop ON turns (owner) WHERE stop_requested;
