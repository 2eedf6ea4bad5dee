"""The parts that run inside an installation when nothing better is configured: a PostgreSQL of our own."""
