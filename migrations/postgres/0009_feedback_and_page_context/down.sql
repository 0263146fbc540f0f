ALTER TABLE widgets
    DROP COLUMN page_context,
    DROP COLUMN hosted_page;
