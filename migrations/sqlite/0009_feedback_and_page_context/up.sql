-- Whether what a page says of itself may reach the model.
ALTER TABLE widgets ADD COLUMN page_context INTEGER NOT NULL DEFAULT 0;
-- Whether the widget has a full page of its own.
ALTER TABLE widgets ADD COLUMN hosted_page INTEGER NOT NULL DEFAULT 1;
