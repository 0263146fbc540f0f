-- The challenges that sessions were opened with, until they have expired: each opens one session.
CREATE TABLE spent_challenges (
    id uuid NOT NULL PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
CREATE INDEX spent_challenges_by_expiry ON spent_challenges (expires_at);
