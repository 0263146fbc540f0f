-- customization is json and not jsonb: it is given back as it came (jsonb turns 1e16 into an integer and refuses
-- \u0000), and nothing ever looks into it here.

CREATE TABLE users (
    id uuid NOT NULL PRIMARY KEY,
    email text NOT NULL UNIQUE,
    first_name text NOT NULL,
    last_name text NOT NULL,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE teams (
    id uuid NOT NULL PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE memberships (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    team_id uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('VIEWER', 'OPERATOR', 'BUILDER', 'ADMIN')),
    PRIMARY KEY (user_id, team_id)
);
CREATE INDEX memberships_by_team ON memberships (team_id);

CREATE TABLE auth_sessions (
    id uuid NOT NULL PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX auth_sessions_by_user ON auth_sessions (user_id);
CREATE INDEX auth_sessions_by_expiry ON auth_sessions (expires_at);

CREATE TABLE workflows (
    id uuid NOT NULL PRIMARY KEY,
    team_id uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    name text NOT NULL,
    instructions text NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    temperature double precision,
    max_output_tokens bigint,
    history_messages bigint,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    -- What a widget's foreign key names, so that it cannot reach into another team.
    UNIQUE (team_id, id)
);

CREATE TABLE widgets (
    id uuid NOT NULL PRIMARY KEY,
    team_id uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    workflow_id uuid,
    name text,
    active boolean NOT NULL,
    customization json,
    allowed_domains text[],
    token_hash bytea NOT NULL UNIQUE,
    sealed_token bytea,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    -- A deleted widget keeps its token's hash and nothing that a person wrote.
    deleted_at timestamptz,
    FOREIGN KEY (team_id, workflow_id) REFERENCES workflows (team_id, id),
    CHECK (CASE WHEN deleted_at IS NULL
        THEN workflow_id IS NOT NULL AND name IS NOT NULL AND customization IS NOT NULL
            AND allowed_domains IS NOT NULL AND sealed_token IS NOT NULL
        ELSE workflow_id IS NULL AND name IS NULL AND customization IS NULL
            AND allowed_domains IS NULL AND sealed_token IS NULL AND NOT active
    END)
);
CREATE INDEX widgets_by_team ON widgets (team_id, created_at, id);
CREATE INDEX widgets_by_workflow ON widgets (team_id, workflow_id);

CREATE TABLE chat_sessions (
    id uuid NOT NULL PRIMARY KEY,
    widget_id uuid NOT NULL REFERENCES widgets (id) ON DELETE CASCADE,
    visitor_id text,
    secret_hash bytea,
    created_at timestamptz NOT NULL,
    last_active_at timestamptz NOT NULL,
    -- The sequence number of the newest message.
    last_seq bigint NOT NULL,
    -- Claimed by a turn's beginning and released by its end: the lock that keeps a session to one turn at a time.
    running_turn_id uuid
);
CREATE INDEX chat_sessions_by_activity ON chat_sessions (widget_id, last_active_at);

CREATE TABLE messages (
    id uuid NOT NULL PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES chat_sessions (id) ON DELETE CASCADE,
    seq bigint NOT NULL,
    author text NOT NULL CHECK (author IN ('user', 'assistant')),
    content text NOT NULL,
    status text NOT NULL CHECK (status IN ('complete', 'streaming', 'interrupted', 'failed')),
    created_at timestamptz NOT NULL,
    UNIQUE (session_id, seq)
);

-- The message ids are no foreign keys: messages go only with their session, and the turn goes with it too.
CREATE TABLE turns (
    id uuid NOT NULL PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES chat_sessions (id) ON DELETE CASCADE,
    user_message_id uuid NOT NULL,
    assistant_message_id uuid NOT NULL,
    generation bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'completed', 'interrupted', 'failed')),
    owner uuid,
    lease_until timestamptz,
    finish_reason text,
    failure text,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    -- Whether turn_events may still hold something of a turn that has ended.
    has_log boolean NOT NULL,
    CHECK ((state = 'running') = (owner IS NOT NULL)),
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state = 'running') = (ended_at IS NULL))
);
CREATE INDEX turns_by_session ON turns (session_id);
CREATE INDEX running_turns_by_lease ON turns (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX turns_with_log_by_end ON turns (ended_at) WHERE has_log;

-- One row for all events that were written together; their bodies as a JSON array, numbered from first_seq.
CREATE TABLE turn_events (
    turn_id uuid NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
    generation bigint NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (turn_id, generation, first_seq)
);

-- What a widget was used for on one UTC day, which is named by its first microsecond.
CREATE TABLE widget_daily (
    widget_id uuid NOT NULL REFERENCES widgets (id) ON DELETE CASCADE,
    day timestamptz NOT NULL,
    sessions bigint NOT NULL,
    messages bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    PRIMARY KEY (widget_id, day)
);
