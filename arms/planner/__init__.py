"""The planner arm: a goal becomes a graph of steps."""
