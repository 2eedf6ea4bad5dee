"""Bounds on driving tasks and on how old things may get; a delivery's stand in webhooks/limits.py."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DriveLimits:
    """Bounds on driving one task.

    Attributes:
        parallel_steps: steps of one task that run at once.
        step_seconds: how long one call of an arm may take.
        arm_patience: seconds that a step waits for a healthy arm to appear.
        repair_rounds: how often a failed judgement is repaired.
        critical_swarm: how many proposals compete for a critical task that asks for nothing else.
        lost_leases: leases that may run out before the task counts as what kills its holders.
        progress_seconds: progress of a step is stored this often at most.
        output_bytes: the largest output of a step.
    """

    parallel_steps: int = 4
    step_seconds: float = 300.0
    arm_patience: float = 60.0
    repair_rounds: int = 2
    critical_swarm: int = 3
    lost_leases: int = 5
    progress_seconds: float = 0.5
    output_bytes: int = 1_048_576


@dataclass(frozen=True, kw_only=True)
class SweepLimits:
    """How old things may get, in seconds, and how much one sweep touches.

    Attributes:
        queue_limit: a task may wait this long for its first lease.
        lost_wakeup: a queued task without a wake-up is woken after this.
        dead_worker: a procrastinate worker that was silent this long is dead.
        retention: terminal tasks are kept this long.
        silent_arm: an arm instance is forgotten after this, when another of its kind lives.
        batch: rows a statement touches at most.
    """

    queue_limit: float = 86_400.0
    lost_wakeup: float = 15.0
    dead_worker: float = 5.0
    retention: float = 30 * 86_400.0
    silent_arm: float = 60.0
    batch: int = 500
