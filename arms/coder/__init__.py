"""The coder arm: writes code, and prose by the same path."""
