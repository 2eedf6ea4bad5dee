"""Cheap patterns that tell when a disguise or an encoding is worth undoing."""

import codecs
from collections.abc import Mapping

_TELLING = (
    "ignore", "disregard", "forget", "override", "bypass", "previous", "prior", "above", "instruction",
    "instructions", "system", "prompt", "reveal", "repeat", "output", "secret", "password", "developer",
    "jailbreak", "unrestricted", "restrictions", "guidelines", "rules", "filters", "pretend", "everything",
    "the", "with", "that", "this", "your", "will", "you",
    "todas", "todos", "instrucciones", "reglas", "regras", "para", "uma", "toutes", "donne", "vous", "une",
    "alle", "deine", "regeln", "anweisungen", "und", "tutte", "tutti", "della", "istruzioni", "een", "regels",
    "parola", "palabra", "palavra", "nicht", "mir", "dir", "mot", "avant", "texte", "nie", "alla", "kata",
    "semua",
)  # fmt: skip
_ROT13 = "|".join(codecs.encode(word, "rot13") for word in _TELLING)
_REVERSED = "|".join(word[::-1] for word in _TELLING)

_CHARACTER = "[^\\s\ufffd]"
"""No space; named with a character beyond ASCII, as patterns of ASCII alone may be looked for in bytes."""

ENCODINGS = ("base64", "hex")
"""Probes of runs that are decoded by themselves."""
ESCAPES = ("percent", "entity", "unicode_escape")
"""Probes of escapes that are written out in place."""
DISGUISES = ("leet", "rot13", "reversed", "spaced", "dotted", "joined")
"""Probes of letters changed in place."""

PROBES: Mapping[str, str] = {
    "base64": r"[A-Za-z0-9+/_-]{16,}",
    "hex": r"(?i)(?:(?:\\x|0x)?[0-9a-f]{2}[ :,]{0,2}){8}",
    "percent": r"%[0-9A-Fa-f]{2}",
    "entity": r"&(?:#[xX]?[0-9a-fA-F]{1,7}|[a-zA-Z]{2,12});",
    "unicode_escape": r"\\u\{?[0-9a-fA-F]{4}",
    "leet": r"(?i)[a-z][0134578@$!|+€£9][a-z]|\b[0134578@$!|+€£9][a-z]{2}",
    "rot13": rf"(?i)\b(?:{_ROT13})\b",
    "reversed": rf"(?i)\b(?:{_REVERSED})\b",
    "spaced": rf"(?:{_CHARACTER}[ \t]{{1,4}}){{6}}{_CHARACTER}",
    "dotted": r"(?i)(?:\b[a-z0-9@$!][ \t._*|/~,+\-]{1,4}){4}[a-z0-9@$!]\b",
    "joined": r"(?i)[a-z]{24}",
}
