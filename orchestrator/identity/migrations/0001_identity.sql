-- API keys, kept as keyed hashes, and the audit log.

CREATE TABLE identity.api_keys (
    key_id       text        NOT NULL PRIMARY KEY,
    tenant       text        NOT NULL,
    subject      text        NOT NULL,
    roles        text[]      NOT NULL,
    label        text        NOT NULL DEFAULT '',
    -- HMAC-SHA256 of the whole key under the pepper; the key itself is told once and kept nowhere.
    digest       bytea       NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz
);
CREATE INDEX api_keys_by_tenant ON identity.api_keys (tenant, created_at, key_id);

CREATE TABLE identity.audit (
    audit_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tenant     text        NOT NULL,
    subject    text        NOT NULL,
    action     text        NOT NULL,
    object     text        NOT NULL DEFAULT '',
    outcome    text        NOT NULL,
    reason     text        NOT NULL DEFAULT '',
    request_id text        NOT NULL DEFAULT '',
    address    text        NOT NULL DEFAULT ''
);
CREATE INDEX audit_by_tenant ON identity.audit (tenant, created_at, audit_id) INCLUDE (outcome);
-- Retention's.
CREATE INDEX audit_by_age ON identity.audit (created_at);

-- The pepper of this installation, for those that bring none of their own.
CREATE TABLE identity.installation (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    pepper   bytea   NOT NULL
);
INSERT INTO identity.installation (pepper)
VALUES (sha256((gen_random_uuid()::text || gen_random_uuid()::text)::bytea));
