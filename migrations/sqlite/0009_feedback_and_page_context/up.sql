-- Whether what a page says of itself may reach the model.
ALTER TABLE widgets ADD COLUMN page_context INTEGER NOT NULL DEFAULT 0;
-- Whether the widget has a full page of its own.
ALTER TABLE widgets ADD COLUMN hosted_page INTEGER NOT NULL DEFAULT 1;
-- Whoever has kept a widget to some sites has not asked for a page beside them.
UPDATE widgets SET hosted_page = 0 WHERE allowed_domains <> '[]';

-- These two names mean something from now on. What owners kept under them is kept under others, unless they have something
-- there already.
UPDATE widgets SET customization =
    json_insert(json_remove(customization, '$.customCss'), '$.customCssBefore', customization -> '$.customCss')
    WHERE CASE WHEN json_valid(customization) THEN json_type(customization, '$.customCss') END IS NOT NULL;
UPDATE widgets SET customization =
    json_insert(json_remove(customization, '$.strings'), '$.stringsBefore', customization -> '$.strings')
    WHERE CASE WHEN json_valid(customization) THEN json_type(customization, '$.strings') END IS NOT NULL;

-- What the page said of itself beside the visitor's message, as JSON on one line. It goes with the message.
ALTER TABLE messages ADD COLUMN page_context TEXT;

-- What the visitor thinks of an answer, and since when. It goes with the answer.
ALTER TABLE messages ADD COLUMN feedback_rating TEXT CHECK (feedback_rating IN ('good', 'bad'));
ALTER TABLE messages ADD COLUMN feedback_reason TEXT CHECK (feedback_reason IS NULL OR feedback_rating IS NOT NULL);
ALTER TABLE messages ADD COLUMN feedback_at INTEGER CHECK ((feedback_at IS NULL) = (feedback_rating IS NULL));
CREATE INDEX messages_by_feedback ON messages (feedback_at, id) WHERE feedback_at IS NOT NULL;
