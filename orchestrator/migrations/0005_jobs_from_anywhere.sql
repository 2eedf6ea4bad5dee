-- procrastinate's functions name their tables without a schema. Pinned to theirs, its triggers also work for
-- our own transactions, whatever their search path is.

DO $$
DECLARE
    name regprocedure;
BEGIN
    FOR name IN
        SELECT p.oid::regprocedure FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'orchestrator_jobs' AND p.proname LIKE 'procrastinate%'
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = orchestrator_jobs, pg_temp', name);
    END LOOP;
END $$;
