-- Replicas of the version before go on working on these tables: they name the columns that they write, and what is added
-- here may be left out.

-- The model that is asked instead when a workflow's own fails; both or none.
ALTER TABLE workflows
    ADD COLUMN fallback_provider text,
    ADD COLUMN fallback_model text,
    ADD CHECK ((fallback_provider IS NULL) = (fallback_model IS NULL));

ALTER TABLE turns
    -- Under which the turn was begun, and the SHA-256 of what it was begun with; both or none.
    ADD COLUMN idempotency_key text,
    ADD COLUMN fingerprint bytea,
    -- Whether somebody wants the current generation to stop; of no meaning once that has ended.
    ADD COLUMN stop_requested boolean NOT NULL DEFAULT false,
    ADD CHECK ((idempotency_key IS NULL) = (fingerprint IS NULL));
CREATE UNIQUE INDEX turns_by_key ON turns (session_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX turns_to_stop ON turns (owner) WHERE stop_requested;
