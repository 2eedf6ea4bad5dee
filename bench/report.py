"""What a benchmark says: printed as it comes, and on request put into its place in a results file."""

from pathlib import Path


class Report:
    """Lines of Markdown."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def line(self, text: str = "") -> None:
        """Add a line, and print it."""
        print(text, flush=True)
        self._lines.append(text)

    def write(self, *, path: Path, section: str) -> None:
        """Replace what stands between the section's marks in a file.

        Raises:
            ValueError: the file has no such marks.
        """
        begin, end = f"<!-- {section} -->", f"<!-- end of {section} -->"
        text = path.read_text("utf-8")
        before, mark, rest = text.partition(begin)
        _, closing, after = rest.partition(end)
        if not mark or not closing:
            raise ValueError(f"{path} has no {begin} ... {end}")
        body = "\n".join(self._lines).strip("\n")
        path.write_text(f"{before}{begin}\n\n{body}\n\n{end}{after}", "utf-8")
