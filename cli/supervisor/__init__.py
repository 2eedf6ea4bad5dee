"""`octollm serve all`: everything on one machine, started, watched, restarted and stopped as one."""
