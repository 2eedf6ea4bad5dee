"""The commands of `octollm`, one file each."""
