DROP INDEX chat_sessions_by_visitor;
ALTER TABLE chat_sessions DROP COLUMN subject;
DROP TABLE identity_secrets;
