"""Other guards, each behind one function; those not installed say so (they are in the group `bench`)."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

Guard = Callable[[str], bool]
"""Whether a text is taken for an attack."""
Lines = Callable[[Sequence[str]], set[int]]
"""Numbers of the lines in which something is found."""
Finder = Callable[[str], Sequence[tuple[str, int, int]]]
"""Type, start and end of what is found."""

_USUAL = (
    r"ignore\s+(?:all\s+)?(?:the\s+)?(?:previous|prior|above)\s+(?:instructions|prompts?|rules)",
    r"disregard\s+(?:all\s+)?(?:previous|prior|above)\s+(?:instructions|rules)",
    r"forget\s+(?:all\s+)?(?:your|previous|prior)\s+(?:instructions|rules|training)",
    r"(?:reveal|show|print|display)\s+(?:me\s+)?(?:your|the)\s+(?:system\s+)?prompt",
    r"what\s+(?:are|is)\s+your\s+(?:system\s+)?(?:instructions|prompt)",
    r"you\s+are\s+now\s+(?:a|an|in)\s+\w+\s+(?:mode|ai|assistant)",
    r"pretend\s+(?:you\s+are|to\s+be)\s+.*(?:without|no)\s+(?:restrictions|limits|rules)",
    r"\bDAN\b.*(?:mode|prompt)|do\s+anything\s+now",
    r"(?:enable|activate|enter)\s+(?:developer|jailbreak|god)\s+mode",
    r"(?:bypass|override)\s+(?:your\s+)?(?:safety|content|security)\s+(?:filters?|policies|guidelines)",
    r"<\|im_start\|>|\[INST\]|<<SYS>>",
    r"(?:^|\n)\s*system\s*:\s*.*(?:ignore|override|you\s+are)",
    r"[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}",
    r"\b\d{3}-\d{2}-\d{4}\b",
    r"\b(?:\d{4}[- ]?){3}\d{4}\b",
    r"(?:\+?1[-.\s]?)?\(?\d{3}\)?[-.\s]?\d{3}[-.\s]?\d{4}\b",
    r"\b(?:\d{1,3}\.){3}\d{1,3}\b",
)
_USUAL_ATTACKS = 12
_PRESIDIO_TYPES = {
    "EMAIL_ADDRESS": "email",
    "CREDIT_CARD": "credit_card",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip",
    "PHONE_NUMBER": "phone",
    "US_SSN": "ssn",
    "US_DRIVER_LICENSE": "driver_licence",
}


def usual_patterns() -> tuple[Guard, Callable[[str], int]]:
    """Patterns as most projects write them, on the standard library's `re`: a guard, and a scan with all."""
    compiled = [re.compile(pattern, re.IGNORECASE) for pattern in _USUAL]

    def guard(text: str) -> bool:
        return any(pattern.search(text) for pattern in compiled[:_USUAL_ATTACKS])

    def scan(text: str) -> int:
        return sum(len(pattern.findall(text)) for pattern in compiled)

    return guard, scan


def classifier() -> Guard | None:
    """The model bundled with securevector-guardian-model, or None."""
    if find_spec("svguardian") is None:
        return None
    package: Any = import_module("svguardian")
    model: Any = import_module("svguardian.model.pure_infer").PureGuardian.load(
        package.resolve_runtime(download=False)
    )
    analyze: Any = import_module("svguardian.serve").analyze

    def guard(text: str) -> bool:
        return bool(analyze(text, model)["is_threat"])

    return guard


def presidio() -> Finder | None:
    """Presidio's pattern recognisers without a language model, or None."""
    if find_spec("presidio_analyzer") is None:
        return None
    logging.getLogger("tldextract").setLevel(logging.CRITICAL)
    known: Any = import_module("presidio_analyzer.predefined_recognizers")

    names = ("Email", "CreditCard", "Iban", "Ip", "Phone", "UsSsn", "UsLicense")
    recognisers: list[Any] = [getattr(known, f"{name}Recognizer")() for name in names]

    def find(text: str) -> list[tuple[str, int, int]]:
        return [
            (_PRESIDIO_TYPES.get(found.entity_type, "other"), found.start, found.end)
            for recogniser in recognisers
            for found in recogniser.analyze(text, recogniser.supported_entities, None) or ()
        ]

    return find


def detect_secrets() -> Lines | None:
    """The lines of a file in which detect-secrets, with its defaults, finds a secret; or None."""
    if find_spec("detect_secrets") is None:
        return None
    scan_file: Any = import_module("detect_secrets.core.scan").scan_file
    default_settings: Any = import_module("detect_secrets.settings").default_settings

    def find(lines: Sequence[str]) -> set[int]:
        with TemporaryDirectory() as folder, default_settings():
            path = Path(folder) / "lines.txt"
            path.write_text("\n".join(lines), "utf-8")
            return {found.line_number - 1 for found in scan_file(str(path))}

    return find


def missing(peers: Mapping[str, object | None]) -> list[str]:
    """Names of the peers that are not installed."""
    return [name for name, peer in peers.items() if peer is None]
