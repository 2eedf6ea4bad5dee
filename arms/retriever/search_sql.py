"""The one statement that searches: keywords and vectors rank, reciprocal ranks fuse them.

The keyword score of a chunk is the sum over the query's words of idf * ts_rank. ts_rank of one word rises
with its number of occurrences and saturates, and falls with the logarithm of the chunk's length (option 1),
much as in BM25; idf = ln(1 + chunks of the tenant / chunks with the word) comes from the matches themselves,
which the index finds anyway. The sum of all idf divides it, so that it lies between 0 and 1.

A large tenant's chunks are not all ranked because of a word that most of them have: as many of the query's
words are sought, the rarest first, as occur in some thousands of chunks together, and at least one. The
others only rank what was found. How common a word is tells the server's own statistics.

Fusion is reciprocal rank fusion (Cormack, Clarke, Buettcher, SIGIR 2009): the sum of 1 / (60 + rank) over
the rankings, divided by its largest possible value. A place by words counts by the share of the query's words
that the chunk has, rare ones counting more: the first place for one common word of many says little. Without
it the MRR of `bench/arms_retriever.py` falls from .55 to .50 on docstrings, and from .65 to .60 on questions
that use other words than their answers.
"""

KEYWORDS = """
tenant_size AS MATERIALIZED (
  SELECT greatest(coalesce(sum(chunks), 0), 1)::float8 AS chunks
  FROM retriever.tenants WHERE tenant = %(tenant)s
),
common AS MATERIALIZED (
  SELECT lexeme, share * chunks AS chunks FROM retriever.common_words(), tenant_size
  WHERE (SELECT chunks FROM tenant_size) > %(candidates)s
),
query_words AS MATERIALIZED (
  SELECT word, row_number() OVER rarest_first AS number, chunks AS expected,
         row_number() OVER rarest_first = 1
           OR sum(coalesce(chunks, 0)) OVER rarest_first <= %(candidates)s AS sought
  FROM retriever.query_words(%(query)s) LEFT JOIN common USING (lexeme)
  WINDOW rarest_first AS (ORDER BY chunks NULLS FIRST, lexeme)
),
hits AS MATERIALIZED (
  SELECT document_id, ordinal, number, ts_rank('{{0.5, 0.5, 0.75, 1.0}}', flat, word, 1) AS frequency
  FROM retriever.chunks
    -- A copy, unpacked once and not again for each word; OFFSET keeps the planner from undoing that.
    CROSS JOIN LATERAL (SELECT words || ''::tsvector AS flat OFFSET 0) AS unpacked
    JOIN query_words ON flat @@ word
  WHERE tenant = %(tenant)s {eligible}
    AND words @@ (SELECT string_agg(word::text, ' | ')::tsquery FROM query_words WHERE sought)
),
weights AS MATERIALIZED (
  SELECT number, ln(1 + (SELECT chunks FROM tenant_size)
                        / CASE WHEN sought THEN greatest(count(hits.number), 1) ELSE expected END) AS idf
  FROM query_words LEFT JOIN hits USING (number) GROUP BY number, sought, expected
),
by_words AS (
  SELECT document_id, ordinal, sum(frequency * idf) / (SELECT sum(idf) FROM weights) AS score,
         sum(idf) / (SELECT sum(idf) FROM weights) AS word_share
  FROM hits JOIN weights USING (number)
  GROUP BY document_id, ordinal ORDER BY score DESC, document_id, ordinal LIMIT %(keyword_depth)s
)"""

EXACT = """
  (SELECT document_id, ordinal, embedding <=> %(vector)s::vector AS distance FROM retriever.chunks
   WHERE tenant = %(tenant)s {eligible} {gate}
   -- The sum keeps the vector index out: it would miss chunks that a filter leaves over.
   ORDER BY (embedding <=> %(vector)s::vector) + 0, document_id, ordinal LIMIT %(vector_depth)s)"""

NEAREST = """
  (SELECT document_id, ordinal, embedding <=> %(vector)s::vector AS distance FROM retriever.chunks
   WHERE tenant = %(tenant)s AND (SELECT chunks FROM tenant_size) > %(exact_up_to)s
   ORDER BY embedding <=> %(vector)s::vector LIMIT %(vector_depth)s)"""

FUSION = """
ranked AS (
  SELECT document_id, ordinal, row_number() OVER (ORDER BY score DESC, document_id, ordinal) AS place,
         score, word_share, NULL::float8 AS similarity FROM by_words
  UNION ALL
  SELECT document_id, ordinal, row_number() OVER (ORDER BY distance, document_id, ordinal),
         greatest(0, 1 - distance), NULL, greatest(0, 1 - distance) FROM by_vector
),
fused AS (
  SELECT document_id, ordinal, max(word_share) AS word_share, max(similarity) AS similarity,
         CASE WHEN %(hybrid)s THEN sum(coalesce(word_share, 1) / (60 + place)) / (2.0 / 61)
              ELSE max(score) END AS score
  FROM ranked GROUP BY document_id, ordinal ORDER BY score DESC, document_id, ordinal LIMIT %(limit)s
)
SELECT document_id, title, ordinal, section, body, start_offset, end_offset, least(score, 1)::float8,
       similarity::float8, coalesce(word_share, 0)::float8
FROM fused JOIN retriever.chunks USING (document_id, ordinal) JOIN retriever.documents USING (document_id)
ORDER BY score DESC, document_id, ordinal"""

ELIGIBLE = """AND document_id IN (
      SELECT document_id FROM retriever.documents WHERE tenant = %(tenant)s AND metadata @> %(filters)s)"""

GATE = "AND (SELECT chunks FROM tenant_size) <= %(exact_up_to)s"


def search_statement(*, filtered: bool) -> str:
    """The statement, with or without a condition on the documents' metadata.

    With one, and for tenants with few chunks, vectors are compared exactly; for the others the HNSW index
    finds the nearest. Depths of 0 leave a ranking out.
    """
    eligible = ELIGIBLE if filtered else ""
    exact = EXACT.format(eligible=eligible, gate="" if filtered else GATE)
    by_vector = exact if filtered else f"{exact} UNION ALL {NEAREST}"
    return f"WITH {KEYWORDS.format(eligible=eligible)}, by_vector AS ({by_vector}), {FUSION}"
