"""Several services' metrics as one page: each family once, each sample with the service it came from."""

from collections.abc import Iterable, Mapping

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""The media type of Prometheus text."""

UP = "octollm_service_up"
"""1 for each service that answered the scrape, 0 for each that did not."""


def merged(texts: Mapping[str, str | None]) -> str:
    """One page.

    Args:
        texts: by service, its metrics in Prometheus text; None when it did not answer.
    """
    heads: dict[str, list[str]] = {}
    samples: dict[str, list[str]] = {}
    for service, text in texts.items():
        for family, head, lines in _families((text or "").splitlines()):
            heads.setdefault(family, head)
            samples.setdefault(family, []).extend(_labelled(line, service) for line in lines)
    heads[UP] = [f"# HELP {UP} Whether the service answered this scrape.", f"# TYPE {UP} gauge"]
    samples[UP] = [f'{UP}{{service="{name}"}} {int(text is not None)}' for name, text in texts.items()]
    lines = (line for family in heads for line in (*heads[family], *samples[family]))
    return "\n".join(lines) + "\n"


def _families(lines: Iterable[str]) -> Iterable[tuple[str, list[str], list[str]]]:
    """The families of one page: name, HELP and TYPE, samples."""
    name, head, samples = "", list[str](), list[str]()
    for line in lines:
        if line.startswith(("# HELP ", "# TYPE ")):
            family = line.split(" ", 3)[2]
            if family != name:
                if name:
                    yield name, head, samples
                name, head, samples = family, [], []
            head.append(line)
        elif line and not line.startswith("#") and name:
            samples.append(line)
    if name:
        yield name, head, samples


def _labelled(line: str, service: str) -> str:
    """A sample line with the label `service`, put first."""
    label = f'service="{service}"'
    end = len(line.partition(" ")[0])
    brace = line.find("{", 0, end)
    if brace < 0:
        return f"{line[:end]}{{{label}}}{line[end:]}"
    rest = line[brace + 1 :]
    return f"{line[:brace]}{{{label}{'' if rest.startswith('}') else ','}{rest}"
