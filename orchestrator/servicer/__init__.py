"""The orchestrator's services: proto in, call, proto out."""
