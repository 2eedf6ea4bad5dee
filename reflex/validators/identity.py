"""Rules of identity numbers, and dates that a person can be born on."""

from datetime import date as calendar_date

_SSN_UNUSED_AREAS = {0, 666}
_SSN_LAST_AREA = 899
_SSN_PUBLISHED = {"078051120", "219099999", "123456789", "457555462"}
_VIN_VALUES = dict(
    zip(
        "ABCDEFGHJKLMNPRSTUVWXYZ",
        (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9),
        strict=True,
    )
)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN_CHECK = 8
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_OLDEST = 1900
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def has_digit(candidate: str) -> float:
    """At least one digit: a word is no number."""
    return float(any(map(str.isdigit, candidate)))


def ssn(candidate: str) -> float:
    """Areas, groups and serials that the Social Security Administration gives out."""
    digits = _digits(candidate)
    area, group, serial = int(digits[:3]), int(digits[3:5]), int(digits[5:])
    issued = area not in _SSN_UNUSED_AREAS and area <= _SSN_LAST_AREA and group and serial
    return float(bool(issued) and digits not in _SSN_PUBLISHED)


def vin(candidate: str) -> float:
    """The check digit of a vehicle identification number (49 CFR 565)."""
    number = candidate.upper()
    values = [int(c) if c.isdigit() else _VIN_VALUES[c] for c in number]
    rest = sum(value * weight for value, weight in zip(values, _VIN_WEIGHTS, strict=True)) % 11
    mixed = any(c.isdigit() for c in number) and any(c.isalpha() for c in number)
    return float(mixed and number[_VIN_CHECK] == ("X" if rest == len("0123456789") else str(rest)))


def cpf(candidate: str) -> float:
    """The two check digits of a Brazilian CPF."""
    digits = [int(character) for character in _digits(candidate)]
    if len(set(digits)) == 1:
        return 0
    for length in (9, 10):
        weighted = sum(digit * (length + 1 - place) for place, digit in enumerate(digits[:length]))
        if weighted * 10 % 11 % 10 != digits[length]:
            return 0
    return 1


def dni(candidate: str) -> float:
    """The check letter of a Spanish DNI or NIE."""
    number = candidate.upper().replace("-", "")
    digits = number[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return float(_DNI_LETTERS[int(digits) % len(_DNI_LETTERS)] == number[-1])


def date(candidate: str) -> float:
    """A day between 1900 and today, in any of the usual orders."""
    parts = [part for part in "".join(c if c.isalnum() else " " for c in candidate.lower()).split() if part]
    numbers = [_MONTHS.index(part[:3]) + 1 if part[:3] in _MONTHS else _number(part) for part in parts]
    if len(numbers) != len(("day", "month", "year")) or None in numbers:
        return 0
    first, second, third = (number or 0 for number in numbers)
    orders = ((first, second, third), (third, second, first), (third, first, second))
    return float(any(_is_birthday(year=year, month=month, day=day) for year, month, day in orders))


def _number(part: str) -> int | None:
    digits = part.rstrip("stndrh")
    return int(digits) if digits.isascii() and digits.isdigit() else None


def _is_birthday(*, year: int, month: int, day: int) -> bool:
    century = 100
    try:
        born = calendar_date(year if year > century else _OLDEST + year, month, day)
    except ValueError:
        return False
    return born.year >= _OLDEST and born <= calendar_date.today()  # noqa: DTZ011 - a day's difference is no matter


def _digits(candidate: str) -> str:
    return "".join(character for character in candidate if character.isascii() and character.isdigit())
