"""Values and verdicts that are kept: in process, and in Redis for every process."""
