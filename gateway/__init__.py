"""REST in, gRPC out; owns no rule of the domain."""
