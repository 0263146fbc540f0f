DROP INDEX empty_chat_sessions;
ALTER TABLE turns
    DROP COLUMN reserved_output_tokens,
    DROP COLUMN reserved_input_tokens,
    DROP COLUMN budget_day;
DROP TABLE budget_days;
DROP TABLE budgets;
