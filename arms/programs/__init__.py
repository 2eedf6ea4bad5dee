"""Programs that an arm has the executor run: what to run, what came of it, and their tests."""
