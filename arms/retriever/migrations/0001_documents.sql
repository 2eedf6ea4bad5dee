-- Documents and their chunks. Every row belongs to one tenant, and every query names it.

CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;

-- Whose vectors the index holds: vectors of two models cannot be compared.
CREATE TABLE retriever.embedder (
    only_row  boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (only_row),
    name      text    NOT NULL,
    dimension integer NOT NULL
);

-- How much a tenant has, counted as it changes: lists and rankings need it with every call.
CREATE TABLE retriever.tenants (
    tenant    text   NOT NULL PRIMARY KEY,
    documents bigint NOT NULL,
    chunks    bigint NOT NULL
);

CREATE TABLE retriever.documents (
    document_id    text        NOT NULL PRIMARY KEY,
    tenant         text        NOT NULL,
    title          text        NOT NULL,
    media_type     text        NOT NULL,
    metadata       jsonb       NOT NULL,
    content_sha256 bytea       NOT NULL,
    size_bytes     bigint      NOT NULL,
    chunks         integer     NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The same bytes read as another type are another document.
    UNIQUE (tenant, content_sha256, media_type)
);
CREATE INDEX documents_by_age ON retriever.documents (tenant, created_at DESC, document_id DESC);
CREATE INDEX documents_by_metadata ON retriever.documents USING gin (metadata jsonb_path_ops);

CREATE TABLE retriever.chunks (
    document_id  text        NOT NULL REFERENCES retriever.documents ON DELETE CASCADE,
    ordinal      integer     NOT NULL,
    tenant       text        NOT NULL,
    section      text        NOT NULL,
    body         text        NOT NULL,
    start_offset integer     NOT NULL,
    end_offset   integer     NOT NULL,
    words        tsvector    NOT NULL,
    embedding    vector(256) NOT NULL,
    PRIMARY KEY (document_id, ordinal)
);
-- Vectors and words stay in the row: a search reads those of many chunks.
ALTER TABLE retriever.chunks ALTER COLUMN embedding SET STORAGE PLAIN;
ALTER TABLE retriever.chunks SET (toast_tuple_target = 4080);
CREATE INDEX chunks_by_tenant ON retriever.chunks (tenant);
CREATE INDEX chunks_by_words ON retriever.chunks USING gin (words);
CREATE INDEX chunks_by_embedding ON retriever.chunks USING hnsw (embedding vector_cosine_ops);

-- What keyword search looks at: title and headings (A), then the text (D).
CREATE FUNCTION retriever.searchable(title text, section text, body text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN setweight(to_tsvector('pg_catalog.english', title || ' ' || section), 'A')
    || setweight(to_tsvector('pg_catalog.english', body), 'D');

-- A query's words, each with a tsquery of its own: any of them may match. 32 say what a query is about.
CREATE FUNCTION retriever.query_words(query text) RETURNS TABLE (lexeme text, word tsquery)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT lexeme, ('''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''')::tsquery
    FROM unnest(to_tsvector('pg_catalog.english', query)) LIMIT 32;
END;

-- The most common words and their share of the chunks, as ANALYZE last estimated them.
CREATE FUNCTION retriever.common_words() RETURNS TABLE (lexeme text, share real)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT listed.lexeme, listed.share
    FROM pg_catalog.pg_stats,
         unnest(most_common_elems::text::text[], most_common_elem_freqs) AS listed (lexeme, share)
    WHERE schemaname = 'retriever' AND tablename = 'chunks' AND attname = 'words'
      AND listed.lexeme IS NOT NULL;  -- behind the shares stand their bounds
END;
