"""Arms of one's own: found by name, run in a process of their own, registered like ours."""
