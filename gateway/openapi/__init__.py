"""The contract: OpenAPI 3.0.3 from the same routes and shapes that are served."""
