-- The challenges that sessions were opened with, until they have expired: each opens one session.
CREATE TABLE spent_challenges (
    id BLOB NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX spent_challenges_by_expiry ON spent_challenges (expires_at);
