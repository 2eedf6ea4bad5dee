"""How much the reflex finds on public texts, and how often it is wrong: flagged and blocked apart, counted.

    python -m bench.accuracy [--directory DIR] [--most 1500] [--write]

Downloads the sets by package name. Rows "held out" are texts of families that nothing was tuned on.
`--write` puts the result into bench/RESULTS-reflex.md.
"""

import argparse
import base64
import codecs
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.reflex_peers import Lines, classifier, detect_secrets, missing, presidio, usual_patterns
from bench.report import Report
from reflex.app import detector
from reflex.detect import Detector, Wanted
from reflex.policy import Policy
from reflex.verdict import Verdict, judge
from tools.reflex_packages import fetch
from tools.reflex_private import Labelled, credentials, personal
from tools.reflex_sets import Sample, load

HOMOGLYPHS = str.maketrans("aeopcyxi", "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456")
DRESSES: dict[str, Callable[[str], str]] = {
    "zero width": "\u200b".join,
    "homoglyphs": lambda text: text.translate(HOMOGLYPHS),
    "full width": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    "spaced": " ".join,
    "leet": lambda text: text.translate(str.maketrans("aeiostAEIOST", "431057431057")),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "spaced, no gaps between words": lambda text: " ".join("".join(text.split())),
    "joined": lambda text: "".join(text.split()),
    "joined, each word with a capital": lambda text: "".join(
        word[:1].upper() + word[1:] for word in text.split()
    ),
    "underscores for spaces": lambda text: "_".join(text.split()),
}
"""The first seven have a goal; the others are what is known to be weak."""

SEED = 4
RESULTS = Path(__file__).parent / "RESULTS-reflex.md"


@dataclass
class Tally:
    """Counts of one set."""

    texts: int = 0
    flagged: int = 0
    blocked: int = 0
    peers: Counter[str] = field(default_factory=Counter)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, default=Path(".cache/reflex-sets"))
    parser.add_argument("--most", type=int, default=1500, help="texts of one set at most")
    parser.add_argument("--write", action="store_true", help=f"put the results into {RESULTS.name}")
    arguments = parser.parse_args()
    report = Report()
    directory = fetch(directory=arguments.directory)
    ours = detector()
    everything = load(directory=directory)  # the split depends on all sets: near copies stay together
    measured = [sample for sample in everything if not sample.set.startswith("lessons")]
    samples = _limited(measured, most=arguments.most)
    report_injection(report, ours, samples)
    report_disguises(
        report, ours, [sample.text for sample in samples if sample.attack and len(sample.text) < 700]
    )
    report_personal(report, ours, personal(directory=directory, count=3000, seed=SEED))
    report_secrets(report, ours, credentials(directory=directory, count=5, seed=SEED))
    report_secret_noise(report, ours, [s.text for s in samples if s.set == "standard library"])
    if arguments.write:
        report.write(path=RESULTS, section="accuracy")


def verdict(ours: Detector, text: str, *, wanted: Wanted) -> Verdict:
    return judge(findings=ours.detect(text=text, wanted=wanted), policy=Policy())


def _limited(samples: Iterable[Sample], *, most: int) -> list[Sample]:
    seen: Counter[str] = Counter()
    chosen: list[Sample] = []
    for sample in samples:
        seen[sample.set] += 1
        if seen[sample.set] <= most:
            chosen.append(sample)
    return chosen


def report_injection(report: Report, ours: Detector, samples: Sequence[Sample]) -> None:
    usual, _ = usual_patterns()
    peers = {"usual patterns": usual, "bundled classifier": classifier()}
    report.line(f"\n## Injection\n\nnot installed: {missing(peers) or 'none'}\n")
    tallies: dict[tuple[str, bool, str], Tally] = defaultdict(Tally)
    for sample in samples:
        found = verdict(ours, sample.text, wanted=Wanted(pii=False, secrets=False))
        said = {name for name, peer in peers.items() if peer is not None and peer(sample.text)}
        for part in ("all", "held out") if sample.held_out else ("all",):
            tally = tallies[(sample.set, sample.attack, part)]
            tally.texts += 1
            tally.flagged += found.flagged
            tally.blocked += found.action.value == "block"
            tally.peers.update(said)
    report.line("| set | attack | part | texts | flagged | blocked | usual patterns | bundled classifier |")
    report.line("|---|---|---|---|---|---|---|---|")
    for (name, attack, part), tally in sorted(tallies.items(), key=lambda row: (not row[0][1], row[0])):
        shares = [_share(count, tally.texts) for count in (tally.flagged, tally.blocked)]
        others = [_share(tally.peers[peer], tally.texts) for peer in peers]
        row = [name, "yes" if attack else "no", part, str(tally.texts), *shares, *others]
        report.line(f"| {' | '.join(row)} |")
    for part in ("all", "held out"):
        _report_together(report, {key: tally for key, tally in tallies.items() if key[2] == part}, part=part)


def _report_together(report: Report, tallies: Mapping[tuple[str, bool, str], Tally], *, part: str) -> None:
    """Recall and precision over all sets; precision depends on how many texts of each kind there are."""
    report.line(
        f"\n{part}, every set together:\n\n| | recall | precision | found | false |\n|---|---|---|---|---|"
    )
    counts: dict[str, Callable[[Tally], int]] = {
        "ours, flagged": lambda tally: tally.flagged,
        "ours, blocked": lambda tally: tally.blocked,
        "usual patterns": lambda tally: tally.peers["usual patterns"],
        "bundled classifier": lambda tally: tally.peers["bundled classifier"],
    }
    attacks = sum(tally.texts for (_, attack, _), tally in tallies.items() if attack)
    for name, count in counts.items():
        found = sum(count(tally) for (_, attack, _), tally in tallies.items() if attack)
        false = sum(count(tally) for (_, attack, _), tally in tallies.items() if not attack)
        report.line(
            f"| {name} | {found / attacks:.3f} | {found / max(1, found + false):.3f} | {found} | {false} |"
        )


def report_disguises(report: Report, ours: Detector, texts: Sequence[str]) -> None:
    wanted = Wanted(pii=False, secrets=False)
    plain = [text for text in texts if _is_plain(verdict(ours, text, wanted=wanted))]
    report.line(
        f"\n## Hits kept in disguise, of {len(plain)} attacks under 700 characters flagged as written\n"
    )
    report.line("| disguise | kept |\n|---|---|")
    for name, dress in DRESSES.items():
        kept = sum(verdict(ours, dress(text), wanted=wanted).flagged for text in plain)
        report.line(f"| {name} | {_share(kept, len(plain))} |")


def _is_plain(found: Verdict) -> bool:
    """Whether a flagged text has no disguise yet."""
    return found.flagged and not any(finding.encoding for finding in found.findings)


def report_personal(report: Report, ours: Detector, texts: Sequence[Labelled]) -> None:
    report.line("\n## Personal data, structured types, on filled templates of presidio-evaluator\n")
    report.line("| | recall | precision | values | false |\n|---|---|---|---|---|")
    finders = {"ours": _finder(ours), "presidio patterns": presidio()}
    for name, find in finders.items():
        if find is None:
            report.line(f"| {name} | not installed | | | |")
            continue
        found = false = values = 0
        for labelled in texts:
            spans = list(find(labelled.text))
            values += len(labelled.spans)
            for kind, start, end in labelled.spans:
                found += any(_meets(span, (start, end)) and span[0] == kind for span in spans)
            false += sum(not any(_meets(span, (a, b)) for _, a, b in labelled.spans) for span in spans)
        report.line(
            f"| {name} | {found / values:.3f} | {found / max(1, found + false):.3f} | {values} | {false} |"
        )


def _finder(ours: Detector) -> Callable[[str], list[tuple[str, int, int]]]:
    def find(text: str) -> list[tuple[str, int, int]]:
        found = verdict(ours, text, wanted=Wanted(secrets=False, injection=False)).findings
        same = {"ipv4": "ip", "ipv6": "ip"}
        return [(same.get(finding.type, finding.type), finding.start, finding.end) for finding in found]

    return find


def _meets(span: tuple[str, int, int], value: tuple[int, int]) -> bool:
    return span[1] < value[1] and value[0] < span[2]


def _secret_finders(ours: Detector) -> dict[str, Lines | None]:
    wanted = Wanted(pii=False, injection=False)

    def find(lines: Sequence[str]) -> set[int]:
        return {n for n, line in enumerate(lines) if verdict(ours, line, wanted=wanted).findings}

    return {"ours": find, "detect-secrets": detect_secrets()}


def report_secrets(report: Report, ours: Detector, lines: Sequence[tuple[str, str]]) -> None:
    report.line("\n## Provider secrets written from the formats that CredSweeper's rules describe\n")
    report.line("| | lines found | formats found at least 4 times in 5 |\n|---|---|---|")
    for name, find in _secret_finders(ours).items():
        if find is None:
            report.line(f"| {name} | not installed | |")
            continue
        found = find([line for _, line in lines])
        by_format: dict[str, list[bool]] = defaultdict(list)
        for number, (kind, _) in enumerate(lines):
            by_format[kind].append(number in found)
        formats = sum(sum(hits) >= 4 for hits in by_format.values())
        report.line(f"| {name} | {_share(len(found), len(lines))} | {formats} of {len(by_format)} |")


def report_secret_noise(report: Report, ours: Detector, pages: Sequence[str]) -> None:
    lines = [line for page in pages for line in page.splitlines() if line.strip()][:20_000]
    report.line(f"\n## Secrets seen in {len(lines)} lines of the standard library, which has none\n")
    report.line("| | lines flagged | us a line |\n|---|---|---|")
    for name, find in _secret_finders(ours).items():
        if find is None:
            report.line(f"| {name} | not installed | |")
            continue
        started = time.thread_time()
        flagged = len(find(lines))
        spent = (time.thread_time() - started) / len(lines) * 1e6
        report.line(f"| {name} | {_share(flagged, len(lines))} | {spent:.0f} |")


def _share(count: int, of: int) -> str:
    return f"{count / max(1, of):.1%} ({count})"


if __name__ == "__main__":
    main()
