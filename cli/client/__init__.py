"""The client side of the command line: speaks the REST API that everybody else speaks."""
