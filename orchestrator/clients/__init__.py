"""The services that the orchestrator calls: arms and the reflex, over gRPC."""
