-- Replicas of the version before go on working on these tables: they name the columns that they write, and what is added
-- here may be left out.

ALTER TABLE widgets
    -- Whether what a page says of itself may reach the model.
    ADD COLUMN page_context boolean NOT NULL DEFAULT false,
    -- Whether the widget has a full page of its own.
    ADD COLUMN hosted_page boolean NOT NULL DEFAULT true;
-- Whoever has kept a widget to some sites has not asked for a page beside them.
UPDATE widgets SET hosted_page = false WHERE cardinality(allowed_domains) > 0;

-- These two names mean something from now on. What owners kept under them is kept under others, unless they have something
-- there already: of two keys with one name the last is read, and keys are stored in their order. A text with NUL in it
-- cannot be read here, so in these widgets NUL becomes what stands for unreadable characters.
UPDATE widgets SET customization = (
    SELECT json_object_agg(
        CASE key WHEN 'customCss' THEN 'customCssBefore' WHEN 'strings' THEN 'stringsBefore' ELSE key END, value)
    FROM json_each(replace(customization::text, '\u0000', '\ufffd')::json))
    WHERE json_typeof(customization) = 'object'
        AND (customization::text LIKE '%"customCss":%' OR customization::text LIKE '%"strings":%');

-- What the page said of itself beside the visitor's message, as JSON on one line. It goes with the message.
ALTER TABLE messages ADD COLUMN page_context text;

-- What the visitor thinks of an answer, and since when. It goes with the answer.
-- All rows keep the rules, since none has any yet; looking at each would keep others waiting.
ALTER TABLE messages
    ADD COLUMN feedback_rating text,
    ADD COLUMN feedback_reason text,
    ADD COLUMN feedback_at timestamptz,
    ADD CHECK (feedback_rating IN ('good', 'bad')) NOT VALID,
    ADD CHECK (feedback_reason IS NULL OR feedback_rating IS NOT NULL) NOT VALID,
    ADD CHECK ((feedback_at IS NULL) = (feedback_rating IS NULL)) NOT VALID;
CREATE INDEX messages_by_feedback ON messages (feedback_at, id) WHERE feedback_at IS NOT NULL;
