DROP INDEX messages_by_feedback;
ALTER TABLE messages DROP COLUMN feedback_at;
ALTER TABLE messages DROP COLUMN feedback_reason;
ALTER TABLE messages DROP COLUMN feedback_rating;
ALTER TABLE messages DROP COLUMN page_context;
-- What the two names meant goes, and what owners kept under them comes back.
UPDATE widgets SET customization = json_remove(customization, '$.customCss', '$.strings') WHERE json_valid(customization);
UPDATE widgets SET customization =
    json_insert(json_remove(customization, '$.customCssBefore'), '$.customCss', customization -> '$.customCssBefore')
    WHERE CASE WHEN json_valid(customization) THEN json_type(customization, '$.customCssBefore') END IS NOT NULL;
UPDATE widgets SET customization =
    json_insert(json_remove(customization, '$.stringsBefore'), '$.strings', customization -> '$.stringsBefore')
    WHERE CASE WHEN json_valid(customization) THEN json_type(customization, '$.stringsBefore') END IS NOT NULL;
ALTER TABLE widgets DROP COLUMN hosted_page;
ALTER TABLE widgets DROP COLUMN page_context;
