"""A criterion as the rules read it: the bare claim, without its subject and its modal verb."""

import re

_SUBJECT = re.compile(
    r"^(?:(?:the|this|that|your|its?|each)\s+)?(?:(?:final|whole|complete|generated|written)\s+)?"
    r"(?:output|result|answer|response|summary|text|reply|document|report|e-?mail|letter|message|explanation|"
    r"article|essay|note|memo|post|draft|description|it)\s+(?=(?:must|should|shall|has|have|needs?|is|are|can|may|"
    r"will|contains?|includes?|mentions?|lists?|does|do|uses?|starts?|begins?|ends?|names?|gives?|states?|"
    r"stays?|consists|matches|fits|never|avoids?|cites?|refers?|keeps?|provides?)\b)",
    re.IGNORECASE,
)
_MODAL = re.compile(
    r"^(?:must|should|shall|has\s+to|have\s+to|needs?\s+to|is\s+to|are\s+to|will|ought\s+to)\s+(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_CONJUNCTION = re.compile(
    r",?\s+and\s+(?=(?:it\s+|also\s+|that\s+it\s+)*(?:must\s+|should\s+)?(?:is|are|has|have|contains?|includes?|"
    r"mentions?|lists?|does\s+not|doesn't|uses?|starts?|begins?|ends?|names?|gives?|states?|stays?|refers?|"
    r"explains?|describes?|identifies|says?|cites?|never|avoids?)\b)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r'"[^"\n]*"|\u201c[^\u201d\n]*\u201d|`[^`\n]*`|(?<!\w)\'[^\'\n]*\'(?!\w)')


def claim_of(criterion: str) -> str:
    """The bare claim: "The summary must be at most 150 words." becomes "be at most 150 words"."""
    text = re.sub(r"\s+", " ", criterion).strip().rstrip(".;!").strip()
    text = re.sub(r"^(?:also|then|and)\s+", "", text, flags=re.IGNORECASE)
    text = _SUBJECT.sub("", text, count=1)
    modal = _MODAL.match(text)
    return (modal["rest"] if modal else text).strip()


def parts_of(claim: str) -> list[str]:
    """The claims that a claim joins by "and", quoted words left whole; itself alone when it joins none."""
    quoted = [match.span() for match in _QUOTED.finditer(claim)]
    parts, start = list[str](), 0
    for joint in _CONJUNCTION.finditer(claim):
        if any(begin <= joint.start() < end for begin, end in quoted):
            continue
        parts.append(claim[start : joint.start()])
        start = joint.end()
    parts.append(claim[start:])
    return [claim_of(part) for part in parts if part.strip()]
