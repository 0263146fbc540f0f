-- With these a site signs who its visitors are. The previous secret of a widget is accepted until then.
CREATE TABLE identity_secrets (
    widget_id BLOB NOT NULL PRIMARY KEY REFERENCES widgets (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    made_at INTEGER NOT NULL,
    previous_sealed BLOB,
    previous_until INTEGER,
    CHECK ((previous_sealed IS NULL) = (previous_until IS NULL))
) STRICT, WITHOUT ROWID;

-- Who proved to be the visitor when the session was opened. It has nothing to do with visitor_id, which anybody can
-- make up.
ALTER TABLE chat_sessions ADD COLUMN subject TEXT;
CREATE INDEX chat_sessions_by_subject ON chat_sessions (widget_id, subject, last_active_at)
    WHERE subject IS NOT NULL;
-- For erasures.
CREATE INDEX chat_sessions_by_visitor ON chat_sessions (widget_id, visitor_id) WHERE visitor_id IS NOT NULL;
