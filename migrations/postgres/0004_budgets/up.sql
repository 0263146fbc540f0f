-- Replicas of the version before go on working on these tables: they name the columns that they write, and what is added
-- here may be left out. What they answer meanwhile is not counted in the budgets until it ends, and takes no reservation.

-- What a team, or one of its widgets, may spend on a UTC day; the owner is either's id. Null is no limit.
CREATE TABLE budgets (
    owner_id uuid PRIMARY KEY,
    team_id uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    daily_messages bigint CHECK (daily_messages >= 0),
    daily_tokens bigint CHECK (daily_tokens >= 0)
);
CREATE INDEX budgets_by_team ON budgets (team_id);

-- What was spent on a UTC day, which is named by its first microsecond, with and without a budget. No foreign key leads to
-- the owner: every answer writes here, and would have to lock the owner's row.
CREATE TABLE budget_days (
    owner_id uuid NOT NULL,
    day timestamptz NOT NULL,
    messages bigint NOT NULL,
    tokens bigint NOT NULL,
    -- Of running turns only.
    reserved_tokens bigint NOT NULL,
    PRIMARY KEY (owner_id, day)
);

ALTER TABLE turns
    -- The day whose budgets pay for the current generation, and the tokens that it has reserved there.
    ADD COLUMN budget_day timestamptz,
    ADD COLUMN reserved_input_tokens bigint NOT NULL DEFAULT 0,
    ADD COLUMN reserved_output_tokens bigint NOT NULL DEFAULT 0;

-- Sessions that nobody wrote in, by their age.
CREATE INDEX empty_chat_sessions ON chat_sessions (created_at) WHERE last_seq = 0;
