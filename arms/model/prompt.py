"""What is sent to a model: our instructions, and sections that are either ours or somebody else's data."""

import hashlib
import re
from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of the user message.

    Attributes:
        title: a word of letters and underscores; names the tags around data.
        text: the content.
        data: whether it is somebody else's text, put between tags so that it cannot pass for instructions.
        cuttable: whether its middle may be left out when the whole is too long for the model.
    """

    title: str
    text: str
    data: bool = True
    cuttable: bool = False

    def render(self) -> str:
        """The section as the model reads it."""
        if not self.data:
            return self.text
        return f"<{self.title}>\n{_inert(self.text, tag=self.title)}\n</{self.title}>"


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """Instructions and sections, in the order in which the model reads them."""

    instructions: str
    sections: tuple[Section, ...]

    def render(self) -> str:
        """The user message."""
        return "\n\n".join(section.render() for section in self.sections if section.text)

    def with_texts(self, texts: dict[int, str]) -> "Prompt":
        """The same prompt with other texts in the sections of those positions."""
        return replace(
            self,
            sections=tuple(
                replace(section, text=texts.get(position, section.text))
                for position, section in enumerate(self.sections)
            ),
        )


def sha256_of(prompts: list[tuple[str, str]]) -> str:
    """SHA-256 in hex over (instructions, message) pairs in order; empty when there are none."""
    if not prompts:
        return ""
    digest = hashlib.sha256()
    for instructions, message in prompts:
        for text in (instructions, message):
            encoded = text.encode()
            # The length keeps ("ab", "c") and ("a", "bc") apart.
            digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()


def _inert(text: str, *, tag: str) -> str:
    """The text with every tag of ours in it made harmless, so that data cannot close its own section."""
    return re.sub(rf"<(/?)\s*({re.escape(tag)})\b", "\u2039\\1\\2", text, flags=re.IGNORECASE)
