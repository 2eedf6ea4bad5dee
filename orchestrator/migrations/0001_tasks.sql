-- Tasks, their steps, events and usage. The task row is the truth; everything else hangs on it.

CREATE SCHEMA IF NOT EXISTS orchestrator;

CREATE TABLE orchestrator.tasks (
    task_id         text        NOT NULL PRIMARY KEY,
    tenant          text        NOT NULL,
    subject         text        NOT NULL,
    status          smallint    NOT NULL,
    priority        smallint    NOT NULL,
    phase           smallint    NOT NULL DEFAULT 0,
    round           smallint    NOT NULL DEFAULT 0,
    completed_steps integer     NOT NULL DEFAULT 0,
    total_steps     integer     NOT NULL DEFAULT 0,
    -- Gapless per task: every event takes the next number in the statement that writes it.
    last_sequence   bigint      NOT NULL DEFAULT 0,
    -- Fencing: each lease takes the next number, and every write of a holder must carry the newest.
    attempt         integer     NOT NULL DEFAULT 0,
    lease_owner     text,
    lease_until     timestamptz,
    -- Leases that ran out instead of being given back; too many of them mean a task that kills its holder.
    lost_leases     integer     NOT NULL DEFAULT 0,
    max_seconds     integer     NOT NULL,
    tokens_used     bigint      NOT NULL DEFAULT 0,
    cost_micros     bigint      NOT NULL DEFAULT 0,
    cache_hit       boolean     NOT NULL DEFAULT false,
    arms_used       text[]      NOT NULL DEFAULT '{}',
    request_id      text        NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at      timestamptz,
    deadline_at     timestamptz,
    finished_at     timestamptz,
    spec            jsonb       NOT NULL,
    judgement       jsonb,
    result          jsonb,
    error           jsonb
);

-- Long values live beside the row, so that a heartbeat does not rewrite them.
ALTER TABLE orchestrator.tasks SET (toast_tuple_target = 512, fillfactor = 85);

-- One index an order that lists may be sorted by; the included columns let filters decide without the row.
CREATE INDEX tasks_by_created ON orchestrator.tasks (tenant, created_at, task_id) INCLUDE (status, priority);
CREATE INDEX tasks_by_updated ON orchestrator.tasks (tenant, updated_at, task_id) INCLUDE (status, priority);
CREATE INDEX tasks_by_priority ON orchestrator.tasks (tenant, priority, task_id) INCLUDE (status);
CREATE INDEX tasks_by_status ON orchestrator.tasks (tenant, status, task_id) INCLUDE (priority);
CREATE INDEX tasks_by_status_created
    ON orchestrator.tasks (tenant, status, created_at, task_id) INCLUDE (priority);
-- The sweeper's: whose lease ran out, and who waits.
CREATE INDEX tasks_leased ON orchestrator.tasks (lease_until) WHERE status = 2;
CREATE INDEX tasks_queued ON orchestrator.tasks (created_at) WHERE status = 1;
-- Retention's.
CREATE INDEX tasks_finished ON orchestrator.tasks (finished_at) WHERE status >= 3;

CREATE TABLE orchestrator.steps (
    task_id           text        NOT NULL,
    step_id           text        NOT NULL,
    position          integer     NOT NULL,
    round             smallint    NOT NULL,
    state             smallint    NOT NULL DEFAULT 1,
    attempts          integer     NOT NULL DEFAULT 0,
    arm_id            text        NOT NULL DEFAULT '',
    error             text        NOT NULL DEFAULT '',
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at        timestamptz,
    finished_at       timestamptz,
    plan              jsonb       NOT NULL,
    result            jsonb,
    PRIMARY KEY (task_id, step_id)
);
ALTER TABLE orchestrator.steps SET (fillfactor = 80);

CREATE TABLE orchestrator.task_events (
    task_id    text        NOT NULL,
    sequence   bigint      NOT NULL,
    type       smallint    NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    step_id    text        NOT NULL DEFAULT '',
    data       jsonb       NOT NULL DEFAULT '{}',
    PRIMARY KEY (task_id, sequence)
);

-- What calls consumed. The key names the call within its task: what was paid once cannot be paid again.
-- Entries outlive their task: usage by day is told from here.
CREATE TABLE orchestrator.usage_ledger (
    task_id       text        NOT NULL,
    call_key      text        NOT NULL,
    tenant        text        NOT NULL,
    arm_id        text        NOT NULL,
    model         text        NOT NULL,
    input_tokens  bigint      NOT NULL,
    output_tokens bigint      NOT NULL,
    cost_micros   bigint      NOT NULL,
    cost_known    boolean     NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (task_id, call_key)
);
CREATE INDEX usage_by_day ON orchestrator.usage_ledger (tenant, created_at);

CREATE TABLE orchestrator.idempotency_keys (
    tenant      text        NOT NULL,
    subject     text        NOT NULL,
    key         text        NOT NULL,
    fingerprint bytea       NOT NULL,
    task_id     text        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant, subject, key)
);
CREATE INDEX idempotency_by_age ON orchestrator.idempotency_keys (created_at);
