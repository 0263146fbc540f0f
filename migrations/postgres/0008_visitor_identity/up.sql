-- Replicas of the version before go on working on these tables: they name the columns that they write, and what is added
-- here may be left out.

-- With these a site signs who its visitors are. The previous secret of a widget is accepted until then.
CREATE TABLE identity_secrets (
    widget_id uuid NOT NULL PRIMARY KEY REFERENCES widgets (id) ON DELETE CASCADE,
    sealed bytea NOT NULL,
    made_at timestamptz NOT NULL,
    previous_sealed bytea,
    previous_until timestamptz,
    CHECK ((previous_sealed IS NULL) = (previous_until IS NULL))
);

-- Who proved to be the visitor when the session was opened. It has nothing to do with visitor_id, which anybody can
-- make up.
ALTER TABLE chat_sessions ADD COLUMN subject text;
CREATE INDEX chat_sessions_by_subject ON chat_sessions (widget_id, subject, last_active_at)
    WHERE subject IS NOT NULL;
-- For erasures.
CREATE INDEX chat_sessions_by_visitor ON chat_sessions (widget_id, visitor_id) WHERE visitor_id IS NOT NULL;
