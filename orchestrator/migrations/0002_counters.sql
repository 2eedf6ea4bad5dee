-- Exact totals for lists and admission without counting rows: each change appends a delta, and a sweeper
-- folds the deltas. A hot counter row would serialise all submits of a tenant; appending does not.

CREATE TABLE orchestrator.task_counts (
    tenant   text     NOT NULL,
    status   smallint NOT NULL,
    priority smallint NOT NULL,
    tasks    bigint   NOT NULL,
    PRIMARY KEY (tenant, status, priority)
);

CREATE TABLE orchestrator.task_count_deltas (
    tenant   text     NOT NULL,
    status   smallint NOT NULL,
    priority smallint NOT NULL,
    delta    bigint   NOT NULL
);
CREATE INDEX task_count_deltas_by_tenant ON orchestrator.task_count_deltas (tenant);

CREATE FUNCTION orchestrator.count_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orchestrator.task_count_deltas (tenant, status, priority, delta)
    SELECT tenant, status, priority, count(*) FROM inserted GROUP BY 1, 2, 3;
    RETURN NULL;
END $$;

CREATE FUNCTION orchestrator.count_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orchestrator.task_count_deltas (tenant, status, priority, delta)
    SELECT tenant, status, priority, -count(*) FROM deleted GROUP BY 1, 2, 3;
    RETURN NULL;
END $$;

CREATE FUNCTION orchestrator.count_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orchestrator.task_count_deltas (tenant, status, priority, delta)
    VALUES (OLD.tenant, OLD.status, OLD.priority, -1), (NEW.tenant, NEW.status, NEW.priority, 1);
    RETURN NULL;
END $$;

CREATE TRIGGER count_inserted AFTER INSERT ON orchestrator.tasks
    REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION orchestrator.count_inserted();
CREATE TRIGGER count_deleted AFTER DELETE ON orchestrator.tasks
    REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION orchestrator.count_deleted();
CREATE TRIGGER count_moved AFTER UPDATE OF status ON orchestrator.tasks
    FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION orchestrator.count_moved();
