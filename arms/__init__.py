"""The arms: each does one thing, with one capability token a step."""
