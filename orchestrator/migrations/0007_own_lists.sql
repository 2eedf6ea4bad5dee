-- Lists of one subject's tasks. Without authentication everything is anonymous's and nobody asks by subject:
-- those rows are left out, so that they cost nothing.

CREATE INDEX tasks_by_subject ON orchestrator.tasks (tenant, subject, created_at, task_id)
    INCLUDE (status, priority) WHERE subject <> 'anonymous';
