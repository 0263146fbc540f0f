DROP INDEX messages_by_feedback;
ALTER TABLE messages DROP COLUMN feedback_at;
ALTER TABLE messages DROP COLUMN feedback_reason;
ALTER TABLE messages DROP COLUMN feedback_rating;
ALTER TABLE messages DROP COLUMN page_context;
-- What the two names meant goes, and what owners kept under them comes back.
UPDATE widgets SET customization = coalesce((
    SELECT json_object_agg(
        CASE key WHEN 'customCssBefore' THEN 'customCss' WHEN 'stringsBefore' THEN 'strings' ELSE key END, value)
    FROM json_each(customization) WHERE key NOT IN ('customCss', 'strings')), '{}')
    WHERE json_typeof(customization) = 'object'
        AND (customization::text LIKE '%"customCss%' OR customization::text LIKE '%"strings%');
ALTER TABLE widgets
    DROP COLUMN page_context,
    DROP COLUMN hosted_page;
