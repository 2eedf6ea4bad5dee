-- The W3C trace context of the request that submitted the task: whoever drives it, whenever, goes on with it.

ALTER TABLE orchestrator.tasks ADD COLUMN trace_context jsonb NOT NULL DEFAULT '{}';
