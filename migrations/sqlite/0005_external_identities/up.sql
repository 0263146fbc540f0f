-- Who an identity provider vouches for. Their row of users has no password hash, and an address that nobody else can
-- have; the one to show is here, since it may be another user's.
CREATE TABLE external_identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id BLOB NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    email TEXT,
    -- When the provider said what is stored; what it said before that is not taken any more.
    vouched_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;

-- When the session ends whatever renews it; null for those that may be renewed without end.
ALTER TABLE auth_sessions ADD COLUMN renewable_until INTEGER;
