"""The retriever: documents in, passages with citations out."""
