-- Replicas of the version before go on working on these tables; what they do meanwhile is not told in the log.

-- Since when the user may not sign in; null for all others.
ALTER TABLE users ADD COLUMN disabled_at timestamptz;

-- Actor and object are no foreign keys: what was done stays told when who did it, or what it was done to, is gone.
CREATE TABLE audit_log (
    id uuid NOT NULL PRIMARY KEY,
    team_id uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    happened_at timestamptz NOT NULL,
    actor_id uuid,
    action text NOT NULL,
    object_kind text NOT NULL,
    object_id uuid NOT NULL,
    -- An object of names and numbers.
    detail json NOT NULL,
    -- Where the request came from, and what it is called in the service's log; neither for what the service does itself.
    address text,
    request_id uuid,
    CHECK ((address IS NULL) = (request_id IS NULL))
);
CREATE INDEX audit_log_by_team ON audit_log (team_id, id);
CREATE INDEX audit_log_by_time ON audit_log (happened_at);
