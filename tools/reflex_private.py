"""Makes texts with personal data and credentials in known places, from formats of public packages."""

import random
import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from re import _parser  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]
from typing import Any, cast

import yaml

from reflex.validators import numbers

_PARSER = cast("Any", _parser)
"""The standard library's parser of patterns: it has no public door."""

PHONE_FORMATS = (
    "##########", "###-###-####", "###-###-####", "###-#######", "07700 ### ###", "07700 ######",
    "07700######", "(07700) ### ###", "(07700)######", "+447700 ### ###", "+447700######",
    "+91##########", "0##########", "+41 2# ### ## ##", "+41 4# ### ## ##", "+41 (0)7# ### ## ##",
    "+46 (0)8 ### ### ##", "+46 (0)## ## ## ##", "(###)###-####", "(###)###-####", "###.###.####",
    "###-###-####x###", "(###)###-####x####", "###.###.####x###", "+1-###-###-####", "001-###-###-####",
    "+1-###-###-####x###",
)  # fmt: skip
"""Forms of phone numbers in the synthetic sets of presidio-research."""

_IBANS = {"GB": "AAAA" + "#" * 14, "DE": "#" * 18, "FR": "#" * 20 + "A##", "ES": "#" * 20, "CH": "#" * 17}


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A text and what is in it.

    Attributes:
        text: the text.
        spans: type, start and end of each value.
    """

    text: str
    spans: tuple[tuple[str, int, int], ...]


def personal(*, directory: Path, count: int, seed: int) -> list[Labelled]:
    """Texts from the templates of presidio-evaluator, filled by us.

    Args:
        directory: of `reflex_sets.fetch`.
        count: how many.
        seed: of the values.
    """
    raw = directory / "presidio-evaluator/presidio_evaluator/data_generator/raw_data"
    templates = (raw / "templates.txt").read_text("utf-8", "replace").replace("\\n", "\n").splitlines()
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    return [_fill(template=chance.choice(templates), chance=chance) for _ in range(count)]


def _fill(*, template: str, chance: random.Random) -> Labelled:
    text, spans = "", list[tuple[str, int, int]]()
    last = 0
    for match in re.finditer(r"\{\{(\w+)\}\}", template):
        text += template[last : match.start()]
        kind, value = _value(name=match.group(1), chance=chance)
        if kind:
            spans.append((kind, len(text), len(text) + len(value)))
        text += value
        last = match.end()
    return Labelled(text=text + template[last:], spans=tuple(spans))


def _value(*, name: str, chance: random.Random) -> tuple[str, str]:
    make = _STRUCTURED.get(name)
    if make is not None:
        kind, value = make(chance)
        return kind, value
    return "", chance.choice(
        _PLAIN.get(name, ("Alder", "Miller", "Oslo", "Green Lane", "Northwind", "Tuesday", "41"))
    )


def _digits(form: str, chance: random.Random) -> str:
    letters = {"#": string.digits, "A": string.ascii_uppercase}
    return "".join(chance.choice(letters.get(character, character)) for character in form)


_CARDS = (("4", 16), ("51", 16), ("55", 16), ("37", 15), ("6011", 16), ("4", 13), ("35", 16))


def _card(chance: random.Random) -> str:
    prefix, length = chance.choice(_CARDS)
    body = _digits(prefix + "#" * (length - len(prefix) - 1), chance)
    return next(f"{body}{check}" for check in range(10) if numbers.luhn(f"{body}{check}"))


def _iban(chance: random.Random) -> str:
    country = chance.choice(sorted(_IBANS))
    account = _digits(_IBANS[country], chance)
    numbered = (f"{country}{check:02}{account}" for check in range(2, 99))
    return next(number for number in numbered if numbers.iban(number))


def _address(chance: random.Random) -> str:
    if chance.random() < 0.8:  # noqa: PLR2004 - as the package mixes them
        return ".".join(str(chance.randrange(1, 255)) for _ in range(4))
    return ":".join(f"{chance.randrange(0x1000, 0xFFFF):x}" for _ in range(8))


def _ssn(chance: random.Random) -> str:
    return f"{chance.randrange(1, 666):03}-{chance.randrange(1, 99):02}-{chance.randrange(1, 9999):04}"


def _mail(chance: random.Random) -> str:
    name = "".join(chance.choices(string.ascii_lowercase, k=7))
    house, ending = chance.choice(("mail", "post", "work")), chance.choice(("com", "org", "co.uk"))
    return f"{name}{chance.randrange(99)}@{house}-{name[:3]}.{ending}"


def _licence(chance: random.Random) -> str:
    return _digits(chance.choice(("#######", "A#######", "AA#####")), chance)


_STRUCTURED: Mapping[str, Callable[[random.Random], tuple[str, str]]] = {
    "phone_number": lambda chance: ("phone", _digits(chance.choice(PHONE_FORMATS), chance)),
    "credit_card_number": lambda chance: ("credit_card", _card(chance)),
    "email": lambda chance: ("email", _mail(chance)),
    "iban": lambda chance: ("iban", _iban(chance)),
    "ip_address": lambda chance: ("ip", _address(chance)),
    "ssn": lambda chance: ("ssn", _ssn(chance)),
    "us_driver_license": lambda chance: ("driver_licence", _licence(chance)),
}
_PLAIN: Mapping[str, Sequence[str]] = {
    "person": ("Jane Alder", "Omar Haddad", "Mette Sørensen"),
    "name": ("Jane Alder", "Omar Haddad"),
    "first_name": ("Jane", "Omar", "Mette"),
    "address": ("12 Green Lane, Oslo", "4 Harbour Street\nLeeds"),
    "zipcode": ("94107", "10115"),
    "postcode": ("LS1 4AP", "0150"),
    "date_time": ("2021-03-04 10:11", "4 March"),
    "year": ("1999", "2012"),
    "url": ("https://www.example.org/a",),
    "building_number": ("12", "401"),
}


def credentials(*, directory: Path, count: int, seed: int) -> list[tuple[str, str]]:
    """Rule name and a line with a made-up credential, for each format that CredSweeper's rules describe.

    Args:
        directory: of `reflex_sets.fetch`, with credsweeper.
        count: lines of each rule.
        seed: of the characters.
    """
    rules = yaml.safe_load((directory / "credsweeper/credsweeper/rules/config.yaml").read_text("utf-8"))
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    lines: list[tuple[str, str]] = []
    for rule in rules:
        if rule["type"] != "pattern" or rule["name"] in _NO_PROVIDER or len(rule["values"]) > 1:
            continue
        tree = _value_of(_PARSER.parse(rule["values"][0]))
        lines += [
            (rule["name"], f"value: {_written(tree=tree, chance=chance)} # from the console")
            for _ in range(count)
        ]
    return lines


_NO_PROVIDER = {
    "DOC_GET", "DOC_CREDENTIALS", "SECRET_PAIR", "PASSWD_PAIR", "IP_ID_PASSWORD_TRIPLE",
    "ID_PAIR_PASSWD_PAIR", "ID_PASSWD_PAIR", "UUID", "Product Activation Key", "Firebase Domain",
    "AWS S3 Bucket", "OTP / 2FA Secret", "CMD Password", "CMD Token", "CMD Secret",
    "CMD ConvertTo-SecureString", "SQL Password", "CURL Options", "BASE64 Private Key",
    "BASE64 encoded PEM Private Key", "JSON Web Key", "JSON Web Token", "PASETO Token",
    "Tencent WeChat API App ID", "NTLM Token", "Basic Authorization", "Bearer Authorization",
    "CURL User Password",
}  # fmt: skip
"""Rules of shapes and words, or of formats with a structure of their own, rather than of a provider."""
_MOST_REPEATS = 40


def _value_of(tree: Any) -> Any:
    """The part of a pattern that is the credential: its group named value."""
    wanted = tree.state.groupdict["value"]
    pending = [tree]
    while pending:
        for operation, argument in list(pending.pop()):
            if str(operation) == "SUBPATTERN":
                if argument[0] == wanted:
                    return argument[3]
                pending.append(argument[3])
            elif str(operation) in {"MAX_REPEAT", "MIN_REPEAT"}:
                pending.append(argument[2])
            elif str(operation) == "BRANCH":
                pending.extend(argument[1])
    raise ValueError("a rule without a value")


def _written(*, tree: Any, chance: random.Random) -> str:
    """A text that a parsed pattern matches; look-around and boundaries write nothing."""
    written = ""
    for operation, argument in cast("list[tuple[Any, Any]]", list(tree)):
        name = str(operation)
        if name == "LITERAL":
            written += chr(argument)
        elif name == "IN":
            written += chance.choice(_characters(argument))
        elif name == "ANY":
            written += chance.choice(string.ascii_letters)
        elif name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            least, most, inner = argument
            times = chance.randint(least, max(least, min(int(most), least + _MOST_REPEATS)))
            written += "".join(_written(tree=inner, chance=chance) for _ in range(times))
        elif name == "BRANCH":
            written += _written(tree=chance.choice(argument[1]), chance=chance)
        elif name == "SUBPATTERN":
            written += _written(tree=argument[3], chance=chance)
    return written


def _characters(parts: Any) -> str:
    chosen = ""
    for operation, argument in parts:
        name = str(operation)
        if name == "LITERAL":
            chosen += chr(argument)
        elif name == "RANGE":
            chosen += "".join(map(chr, range(argument[0], min(argument[1], 126) + 1)))
        elif name == "CATEGORY":
            chosen += string.digits if "DIGIT" in str(argument) else string.ascii_letters
        elif name == "NEGATE":
            return string.ascii_letters
    return chosen or "x"
