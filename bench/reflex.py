"""What a check costs: processor time, crafted worst cases, latency over gRPC and REST, memory; with peers.

    python -m bench.reflex [SECTION ...] [--seconds 5] [--write]

Sections are engine, hostile and service; all of them take about two minutes. `--write` puts the result into
bench/RESULTS-reflex.md. Texts are fresh: no two scans see the same one, unless it says so.
"""

import argparse
import asyncio
import gc
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from bench.hostile import hostile_texts
from bench.reflex_peers import classifier, detect_secrets, presidio, usual_patterns
from bench.reflex_service import report_service
from bench.report import Report
from bench.texts import at, fresh_texts
from reflex.app import detector
from reflex.detect import Wanted
from reflex.policy import Policy
from reflex.verdict import judge

RESULTS = Path(__file__).parent / "RESULTS-reflex.md"
SECTIONS = ("engine", "hostile", "service")
SIZES = (1_000, 10_000, 100_000)
SEED = 5
HOSTILE_LENGTH = 100_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", help=f"of {', '.join(SECTIONS)}; all by default")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each rate")
    parser.add_argument("--write", action="store_true", help=f"put the results into {RESULTS.name}")
    arguments = parser.parse_args()
    if unknown := set(arguments.sections) - set(SECTIONS):
        parser.error(f"no section is called {unknown.pop()}")
    for section in arguments.sections or SECTIONS:
        report = Report()
        if section == "engine":
            report_engine(report)
        elif section == "hostile":
            report_hostile(report)
        else:
            asyncio.run(report_service(report, seconds=arguments.seconds))
        if arguments.write:
            report.write(path=RESULTS, section=section)


def spent(work: Callable[[str], object], text: str) -> float:
    """Milliseconds of this thread's processor time."""
    started = time.thread_time()
    work(text)
    return (time.thread_time() - started) * 1000


def report_engine(report: Report) -> None:
    """Fresh texts; the best of three scans of each shows the engine without its neighbours on the machine."""
    started, before = time.perf_counter(), psutil.Process().memory_info().rss
    ours, rules_only = detector(), detector(scored=False)
    held = (psutil.Process().memory_info().rss - before) / 2**20 / 2
    made = (time.perf_counter() - started) / 2
    (_, usual), secrets = usual_patterns(), detect_secrets()
    policy, wanted = Policy(), Wanted()
    works: dict[str, Callable[[str], object] | None] = {
        "rules and scorer": lambda text: judge(findings=ours.detect(text=text, wanted=wanted), policy=policy),
        "rules only": lambda text: judge(findings=rules_only.detect(text=text, wanted=wanted), policy=policy),
        "usual patterns, stdlib re": usual,
        "bundled classifier": classifier(),
        "presidio patterns": presidio(),
        "detect-secrets": (lambda text: secrets(text.splitlines())) if secrets else None,
    }
    gc.collect()
    gc.freeze()  # as a service does when it is up
    report.line(f"## Processor time of one text, ms (made in {made:.1f} s, {held:.0f} MiB)\n")
    report.line(
        "| | "
        + " | ".join(f"{size // 1000} KB p50 | times ours | p99 | p99, best of 3" for size in SIZES)
        + " |"
    )
    report.line("|---|" + "---|---|---|---|" * len(SIZES))
    ours_at = dict[int, float]()
    for name, work in works.items():
        if work is None:
            report.line(f"| {name} | not installed |")
            continue
        cells = list[str]()
        for size in SIZES:
            p50, *others = _costs(work, size)
            times_ours = p50 / ours_at.setdefault(size, p50)
            cells += [f"{p50:.2f}", f"{times_ours:.2f}", *(f"{cost:.2f}" for cost in others)]
        report.line(f"| {name} | {' | '.join(cells)} |")
    report.line(
        "\nTimes ours: of the p50 of rules and scorer, the guard as it runs. detect-secrets reads files."
    )


def _costs(work: Callable[[str], object], size: int) -> Sequence[float]:
    """Milliseconds: p50 and p99 of first scans, p99 of the best of three."""
    work(next(fresh_texts(size=size, count=1)))
    times = [
        [spent(work, text) for _ in range(3)]
        for text in fresh_texts(size=size, count=max(20, 400_000 // size))
    ]
    first, best = sorted(three[0] for three in times), sorted(map(min, times))
    return at(first, 0.5), at(first, 0.99), at(best, 0.99)


def report_hostile(report: Report) -> None:
    """Texts made to cost as much as possible."""
    ours, (_, usual) = detector(), usual_patterns()
    gc.collect()
    gc.freeze()
    report.line("## Hostile texts of 100,000 characters, ms of processor time\n")
    report.line(
        "| text | ours, first time | ours, best of 3 | usual patterns, stdlib re |\n|---|---|---|---|"
    )
    for name, text in hostile_texts(length=HOSTILE_LENGTH, seed=SEED):
        times = [spent(lambda given: ours.detect(text=given, wanted=Wanted()), text) for _ in range(3)]
        # The other side may take minutes: a tenth of the text is enough to see it.
        theirs = spent(usual, text[: HOSTILE_LENGTH // 10])
        report.line(f"| {name} | {times[0]:.0f} | {min(times):.0f} | {theirs:.0f} for a tenth of it |")


if __name__ == "__main__":
    main()
