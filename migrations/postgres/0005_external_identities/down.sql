ALTER TABLE auth_sessions DROP COLUMN renewable_until;
DROP TABLE external_identities;
