"""The guardian arm: what may come in and what may go out."""
