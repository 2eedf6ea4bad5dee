"""REST in, gRPC out: the door of OctoLLM; it owns no rule of the domain."""
