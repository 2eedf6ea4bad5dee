-- The Ed25519 keys that sign capability tokens. The newest that is in force signs; older ones are kept, and
-- published, until the last token that they signed has expired.

CREATE TABLE orchestrator.signing_keys (
    kid        text        NOT NULL PRIMARY KEY,
    private_key jsonb      NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    signs_from timestamptz NOT NULL
);
