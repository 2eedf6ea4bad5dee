"""The routes, one module a resource; `table` says which port serves which."""
