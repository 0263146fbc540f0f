ALTER TABLE widgets DROP COLUMN hosted_page;
ALTER TABLE widgets DROP COLUMN page_context;
