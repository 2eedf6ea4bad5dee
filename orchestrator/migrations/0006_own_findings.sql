-- Keyed hashes of the personal data that the caller gave, where the policy lets it pass: only what the caller
-- gave may leave again. Never the values.

ALTER TABLE orchestrator.tasks ADD COLUMN own_findings text[] NOT NULL DEFAULT '{}';
