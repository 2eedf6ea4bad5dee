-- What has to be told to whom when a task ends. The row is made by the statement that ends the task, whichever
-- that is, and goes when it was delivered or given up.

ALTER TABLE orchestrator.tasks ADD COLUMN callback_url text NOT NULL DEFAULT '';

CREATE TABLE orchestrator.webhooks (
    delivery_id   text        NOT NULL PRIMARY KEY DEFAULT 'dlv_' || replace(gen_random_uuid()::text, '-', ''),
    task_id       text        NOT NULL UNIQUE,
    tenant        text        NOT NULL,
    status        smallint    NOT NULL,
    url           text        NOT NULL,
    request_id    text        NOT NULL,
    trace_context jsonb       NOT NULL,
    attempts      integer     NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Who takes a row up moves this into the future: should it be killed, another one tries again then.
    due_at        timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX webhooks_due ON orchestrator.webhooks (due_at);

CREATE FUNCTION orchestrator.webhook_of_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orchestrator.webhooks (task_id, tenant, status, url, request_id, trace_context)
    VALUES (NEW.task_id, NEW.tenant, NEW.status, NEW.callback_url, NEW.request_id, NEW.trace_context);
    RETURN NULL;
END $$;

CREATE TRIGGER webhook_of_ended AFTER UPDATE OF status ON orchestrator.tasks
    FOR EACH ROW WHEN (OLD.status < 3 AND NEW.status >= 3 AND NEW.callback_url <> '')
    EXECUTE FUNCTION orchestrator.webhook_of_ended();
