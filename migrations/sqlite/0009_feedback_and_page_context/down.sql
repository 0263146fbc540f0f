DROP INDEX messages_by_feedback;
ALTER TABLE messages DROP COLUMN feedback_at;
ALTER TABLE messages DROP COLUMN feedback_reason;
ALTER TABLE messages DROP COLUMN feedback_rating;
ALTER TABLE messages DROP COLUMN page_context;
ALTER TABLE widgets DROP COLUMN hosted_page;
ALTER TABLE widgets DROP COLUMN page_context;
