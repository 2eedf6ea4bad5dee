"""An answer's marks lead to passages that are there, whatever a model wrote."""

import pytest

from arms.retriever.citing import with_citations
from arms.retriever.documents import Passage


def passage(document: str, text: str) -> Passage:
    return Passage(
        document_id=document,
        title=document,
        ordinal=0,
        section="",
        text=text,
        quote=text[:10],
        start=0,
        end=len(text),
        score=0.5,
        similarity=0.5,
        word_share=0.5,
    )


PASSAGES = (
    passage("leave", "Everybody has thirty days of leave a year. Ask your lead two weeks before."),
    passage("travel", "Trains are first choice. A flight needs the approval of two leads."),
    passage("office", "The office opens at eight."),
)


@pytest.mark.parametrize(
    ("answer", "text", "documents"),
    [
        ("Thirty days [1].", "Thirty days [1].", ["leave"]),
        ("Approval [2]. Thirty days [1].", "Approval [1]. Thirty days [2].", ["travel", "leave"]),
        ("Thirty days [1][7].", "Thirty days [1].", ["leave"]),
        ("Both [1, 2].", "Both [1] [2].", ["leave", "travel"]),
        ("Thirty days of leave [9].", "Thirty days of leave. [1]", ["leave"]),
        ("You have thirty days of leave.", "You have thirty days of leave. [1]", ["leave"]),
        ("Nobody knows.", "Nobody knows.", []),
        (
            "It opens at eight. A flight needs approval.",
            "It opens at eight. [1] A flight needs approval. [2]",
            ["office", "travel"],
        ),
    ],
)
def test_marks_hold(answer: str, text: str, documents: list[str]) -> None:
    cited = with_citations(answer, PASSAGES)
    assert cited.text == text
    assert [passage.document_id for passage in cited.passages] == documents


def test_the_quote_is_what_the_answer_says() -> None:
    cited = with_citations("Ask two weeks before you go [1].", PASSAGES)
    assert cited.passages[0].quote == "Ask your lead two weeks before."
    assert cited.passages[0].quote in PASSAGES[0].text
