-- Replicas of the version before go on working on these tables: they name the columns that they write, and what is added
-- here may be left out.

ALTER TABLE widgets
    -- Whether what a page says of itself may reach the model.
    ADD COLUMN page_context boolean NOT NULL DEFAULT false,
    -- Whether the widget has a full page of its own.
    ADD COLUMN hosted_page boolean NOT NULL DEFAULT true;
