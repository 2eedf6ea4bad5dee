"""Routes declared once: served, documented and guarded from the same table."""
