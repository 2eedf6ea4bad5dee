"""API keys and the audit log: who may call, and what was done or refused."""
