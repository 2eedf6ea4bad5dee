"""The judge arm: a verdict with evidence for every criterion, deterministic checks first."""
