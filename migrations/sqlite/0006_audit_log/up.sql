-- Since when the user may not sign in; null for all others.
ALTER TABLE users ADD COLUMN disabled_at INTEGER;

-- Actor and object are no foreign keys: what was done stays told when who did it, or what it was done to, is gone.
CREATE TABLE audit_log (
    id BLOB NOT NULL PRIMARY KEY,
    team_id BLOB NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    happened_at INTEGER NOT NULL,
    actor_id BLOB,
    action TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object_id BLOB NOT NULL,
    -- A JSON object of names and numbers.
    detail TEXT NOT NULL,
    -- Where the request came from, and what it is called in the service's log; neither for what the service does itself.
    address TEXT,
    request_id BLOB,
    CHECK ((address IS NULL) = (request_id IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_log_by_team ON audit_log (team_id, id);
CREATE INDEX audit_log_by_time ON audit_log (happened_at);
