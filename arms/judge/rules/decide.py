"""Reads a criterion and decides it by rule when one understands the whole of it."""

from arms.judge.rules.counts import parse_count
from arms.judge.rules.finding import Check, RuleVerdict
from arms.judge.rules.formats import parse_format
from arms.judge.rules.quotes import parse_quote


def decide(criterion: str, output: str) -> RuleVerdict | None:
    """Judge one criterion without a model.

    A rule speaks only when it understands the whole criterion; a half-understood one is left to the model.

    Args:
        criterion: as the caller wrote it.
        output: what is judged.

    Returns:
        None when no rule decides.
    """
    check = parse(criterion)
    return check(output) if check else None


def parse(criterion: str) -> Check | None:
    """The check that a criterion means, None when no rule understands it."""
    plain = " ".join(criterion.split()).rstrip(".;!").strip()
    return parse_count(plain.lower()) or parse_quote(plain) or parse_format(plain)
