-- The register of arms: one row an instance. Whether an instance is alive is told by its last sign of life
-- and the database's clock.

CREATE TABLE orchestrator.arms (
    instance_id   text        NOT NULL PRIMARY KEY,
    arm_id        text        NOT NULL,
    status        smallint    NOT NULL,
    status_detail text        NOT NULL DEFAULT '',
    running       integer     NOT NULL DEFAULT 0,
    registered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    description   jsonb       NOT NULL
);
CREATE INDEX arms_by_kind ON orchestrator.arms (arm_id);

-- A key of this installation, for keyed hashes of values that must not be stored.
CREATE TABLE orchestrator.installation (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    hash_key bytea   NOT NULL
);
INSERT INTO orchestrator.installation (hash_key)
VALUES (sha256((gen_random_uuid()::text || gen_random_uuid()::text)::bytea));
