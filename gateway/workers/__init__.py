"""Several processes that answer on the same sockets, so that more than one core serves REST."""
