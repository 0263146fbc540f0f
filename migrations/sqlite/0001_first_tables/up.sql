-- Ids are the 16 bytes of a UUID, times are microseconds since 1970, lists and JSON are text.
-- Tables of small rows have no rowid; those that hold long texts keep it, because SQLite stores whole rows in the
-- inner pages of a table without one.

CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE teams (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE memberships (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    team_id BLOB NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('VIEWER', 'OPERATOR', 'BUILDER', 'ADMIN')),
    PRIMARY KEY (user_id, team_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_by_team ON memberships (team_id);

CREATE TABLE auth_sessions (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX auth_sessions_by_user ON auth_sessions (user_id);
CREATE INDEX auth_sessions_by_expiry ON auth_sessions (expires_at);

CREATE TABLE workflows (
    id BLOB NOT NULL PRIMARY KEY,
    team_id BLOB NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    instructions TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    temperature REAL,
    max_output_tokens INTEGER,
    history_messages INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    -- What a widget's foreign key names, so that it cannot reach into another team.
    UNIQUE (team_id, id)
) STRICT;

CREATE TABLE widgets (
    id BLOB NOT NULL PRIMARY KEY,
    team_id BLOB NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    workflow_id BLOB,
    name TEXT,
    active INTEGER NOT NULL,
    customization TEXT,
    allowed_domains TEXT,
    token_hash BLOB NOT NULL UNIQUE,
    sealed_token BLOB,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    -- A deleted widget keeps its token's hash and nothing that a person wrote.
    deleted_at INTEGER,
    FOREIGN KEY (team_id, workflow_id) REFERENCES workflows (team_id, id),
    CHECK (CASE WHEN deleted_at IS NULL
        THEN workflow_id IS NOT NULL AND name IS NOT NULL AND customization IS NOT NULL
            AND allowed_domains IS NOT NULL AND sealed_token IS NOT NULL
        ELSE workflow_id IS NULL AND name IS NULL AND customization IS NULL
            AND allowed_domains IS NULL AND sealed_token IS NULL AND NOT active
    END)
) STRICT;
CREATE INDEX widgets_by_team ON widgets (team_id, created_at, id);
CREATE INDEX widgets_by_workflow ON widgets (team_id, workflow_id);

CREATE TABLE chat_sessions (
    id BLOB NOT NULL PRIMARY KEY,
    widget_id BLOB NOT NULL REFERENCES widgets (id) ON DELETE CASCADE,
    visitor_id TEXT,
    secret_hash BLOB,
    created_at INTEGER NOT NULL,
    last_active_at INTEGER NOT NULL,
    -- The sequence number of the newest message.
    last_seq INTEGER NOT NULL,
    -- Claimed by a turn's beginning and released by its end: the lock that keeps a session to one turn at a time.
    running_turn_id BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX chat_sessions_by_activity ON chat_sessions (widget_id, last_active_at);

CREATE TABLE messages (
    id BLOB NOT NULL PRIMARY KEY,
    session_id BLOB NOT NULL REFERENCES chat_sessions (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    author TEXT NOT NULL CHECK (author IN ('user', 'assistant')),
    content TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('complete', 'streaming', 'interrupted', 'failed')),
    created_at INTEGER NOT NULL,
    UNIQUE (session_id, seq)
) STRICT;

-- The message ids are no foreign keys: messages go only with their session, and the turn goes with it too.
CREATE TABLE turns (
    id BLOB NOT NULL PRIMARY KEY,
    session_id BLOB NOT NULL REFERENCES chat_sessions (id) ON DELETE CASCADE,
    user_message_id BLOB NOT NULL,
    assistant_message_id BLOB NOT NULL,
    generation INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'completed', 'interrupted', 'failed')),
    owner BLOB,
    lease_until INTEGER,
    finish_reason TEXT,
    failure TEXT,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    -- Whether turn_events may still hold something of a turn that has ended.
    has_log INTEGER NOT NULL,
    CHECK ((state = 'running') = (owner IS NOT NULL)),
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state = 'running') = (ended_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX turns_by_session ON turns (session_id);
CREATE INDEX running_turns_by_lease ON turns (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX turns_with_log_by_end ON turns (ended_at) WHERE has_log;

-- One row for all events that were written together; their bodies as a JSON array, numbered from first_seq.
CREATE TABLE turn_events (
    turn_id BLOB NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
    generation INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (turn_id, generation, first_seq)
) STRICT;

-- What a widget was used for on one UTC day, which is named by its first microsecond.
CREATE TABLE widget_daily (
    widget_id BLOB NOT NULL REFERENCES widgets (id) ON DELETE CASCADE,
    day INTEGER NOT NULL,
    sessions INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    PRIMARY KEY (widget_id, day)
) STRICT, WITHOUT ROWID;
