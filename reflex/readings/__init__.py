"""The readings that a text may be meant in: normalised, folded, decoded, with its disguises undone."""
