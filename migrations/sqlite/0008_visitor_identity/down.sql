DROP INDEX chat_sessions_by_visitor;
DROP INDEX chat_sessions_by_subject;
ALTER TABLE chat_sessions DROP COLUMN subject;
DROP TABLE identity_secrets;
