-- Replicas of the version before go on working on these tables: they name the columns that they write, and what is added
-- here may be left out.

ALTER TABLE widgets
    -- What an owner demands of those who use the widget.
    ADD COLUMN allow_no_origin boolean NOT NULL DEFAULT false,
    ADD COLUMN identity_required boolean NOT NULL DEFAULT false,
    ADD COLUMN bot_check boolean NOT NULL DEFAULT false,
    -- Nothing that was stored before is deleted before its owner says so.
    ADD COLUMN retention_days bigint CHECK (retention_days BETWEEN 1 AND 3650),
    -- The token before the current one, and until when it is accepted; both or none.
    ADD COLUMN previous_token_hash bytea UNIQUE,
    ADD COLUMN previous_token_until timestamptz,
    ADD COLUMN token_made_at timestamptz,
    -- A minute or so behind.
    ADD COLUMN token_used_at timestamptz,
    ADD COLUMN previous_token_used_at timestamptz,
    ADD CHECK ((previous_token_hash IS NULL) = (previous_token_until IS NULL));
