-- What a team, or one of its widgets, may spend on a UTC day; the owner is either's id. Null is no limit.
CREATE TABLE budgets (
    owner_id BLOB NOT NULL PRIMARY KEY,
    team_id BLOB NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    daily_messages INTEGER CHECK (daily_messages >= 0),
    daily_tokens INTEGER CHECK (daily_tokens >= 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX budgets_by_team ON budgets (team_id);

-- What was spent on a UTC day, which is named by its first microsecond, with and without a budget.
CREATE TABLE budget_days (
    owner_id BLOB NOT NULL,
    day INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    -- Of running turns only.
    reserved_tokens INTEGER NOT NULL,
    PRIMARY KEY (owner_id, day)
) STRICT, WITHOUT ROWID;

-- The day whose budgets pay for the current generation, and the tokens that it has reserved there.
ALTER TABLE turns ADD COLUMN budget_day INTEGER;
ALTER TABLE turns ADD COLUMN reserved_input_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN reserved_output_tokens INTEGER NOT NULL DEFAULT 0;

-- Sessions that nobody wrote in, by their age.
CREATE INDEX empty_chat_sessions ON chat_sessions (created_at) WHERE last_seq = 0;
