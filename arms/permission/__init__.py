"""Whether a call may be carried out: capability tokens, checked before anything is done."""
