-- What an owner demands of those who use the widget.
ALTER TABLE widgets ADD COLUMN allow_no_origin INTEGER NOT NULL DEFAULT 0;
ALTER TABLE widgets ADD COLUMN identity_required INTEGER NOT NULL DEFAULT 0;
ALTER TABLE widgets ADD COLUMN bot_check INTEGER NOT NULL DEFAULT 0;
-- Nothing that was stored before is deleted before its owner says so.
ALTER TABLE widgets ADD COLUMN retention_days INTEGER CHECK (retention_days BETWEEN 1 AND 3650);

-- The token before the current one, and until when it is accepted; both or none.
ALTER TABLE widgets ADD COLUMN previous_token_hash BLOB;
ALTER TABLE widgets ADD COLUMN previous_token_until INTEGER
    CHECK ((previous_token_hash IS NULL) = (previous_token_until IS NULL));
ALTER TABLE widgets ADD COLUMN token_made_at INTEGER;
-- A minute or so behind.
ALTER TABLE widgets ADD COLUMN token_used_at INTEGER;
ALTER TABLE widgets ADD COLUMN previous_token_used_at INTEGER;
CREATE UNIQUE INDEX widgets_by_previous_token ON widgets (previous_token_hash) WHERE previous_token_hash IS NOT NULL;
