"""The policy of the house: what it redacts and blocks, for whom, and which files are refused."""

import re
from pathlib import Path

import pytest

from arms.guardian.house import Houses
from arms.guardian.policy_file import read_policies
from arms.guardian.review import Action, Checked, Direction, Pii, ReviewRequest
from arms.guardian.reviewing import Reviewer
from arms.step import Brief
from servicekit.errors import ValidationFailedError

DOCS = Path(__file__).parents[3] / "docs" / "guardian.md"


class Reflex:
    """Redacts the word SECRET, which moves everything behind it."""

    async def check(self, texts: list[str], *, pii: Pii, injection: bool) -> list[Checked]:
        return [
            Checked(
                action=Action.SANITIZE if "SECRET" in text else Action.ALLOW,
                findings=(),
                text=text.replace("SECRET", "[K]"),
            )
            for text in texts
        ]


@pytest.fixture(scope="module")
def documented(tmp_path_factory: pytest.TempPathFactory) -> Reviewer:
    """The policy that docs/guardian.md shows."""
    (shown,) = re.findall(r"^```toml\n(.*?)^```$", DOCS.read_text(), re.MULTILINE | re.DOTALL)
    path = tmp_path_factory.mktemp("policy") / "guardian.toml"
    path.write_text(shown)
    return Reviewer(reflex=Reflex(), houses=Houses(read_policies(path)))


@pytest.mark.parametrize(
    ("text", "goal", "tenant", "action", "passed"),
    [
        ("All is well.", "", "default", Action.ALLOW, "All is well."),
        ("See Project  Bluebird now.", "", "default", Action.SANITIZE, "See the project now."),
        ("SECRET: project bluebird", "", "default", Action.SANITIZE, "[K]: the project"),
        ("project bluebirds", "", "default", Action.ALLOW, "project bluebirds"),
        ("go to https://example.com/a", "", "default", Action.ALLOW, "go to https://example.com/a"),
        ("go to https://docs.example.com/a", "", "default", Action.ALLOW, "go to https://docs.example.com/a"),
        ("go to https://evil-example.com/a.", "", "default", Action.SANITIZE, "go to [link]"),
        ("go to http://example.com@evil.test/", "", "default", Action.SANITIZE, "go to [link]"),
        ("The dosage is 5 mg.", "", "default", Action.BLOCK, ""),
        ("Five milligrams.", "Which DOSAGE?", "default", Action.BLOCK, ""),
        ("Overdosages differ.", "", "default", Action.ALLOW, "Overdosages differ."),
        ("x" * 100_001, "", "default", Action.BLOCK, ""),
        ("It is paid.", "Is the invoice paid?", "acme", Action.ALLOW, "It is paid."),
        ("A poem.", "Write a poem", "acme", Action.BLOCK, ""),
        ("A refund is due.", "", "acme", Action.ALLOW, "A refund is due."),
        ("project bluebird: refund", "", "acme", Action.ALLOW, "project bluebird: refund"),
    ],
)
async def test_what_the_documented_policy_does(
    documented: Reviewer, *, text: str, goal: str, tenant: str, action: Action, passed: str
) -> None:
    request = ReviewRequest(
        text=text, direction=Direction.OUT, pii=Pii.REDACT, brief=Brief(goal=goal), tenant=tenant
    )
    checked = await documented.review(request)
    assert (checked.action, checked.text) == (action, passed)
    assert bool(checked.findings) is (action is not Action.ALLOW)
    assert all(found.category == "policy" for found in checked.findings)


@pytest.mark.parametrize(
    ("policy", "screens"),
    [
        ("", False),
        ("[default]\nmax_characters = 10\nlink_hosts = []", False),
        ("[[default.denied_topics]]\nname = 'a'\nwords = ['aa']", True),
        ("[[tenants.acme.allowed_topics]]\nname = 'a'\nwords = ['aa']", True),
        ("[[default.rules]]\nid = 'a'\npattern = 'a'\nreason = 'a'", False),
        ("[[default.rules]]\nid = 'a'\npattern = 'a'\nreason = 'a'\ndirection = 'both'", True),
    ],
)
def test_whether_a_policy_speaks_of_what_comes_in(tmp_path: Path, policy: str, *, screens: bool) -> None:
    path = tmp_path / "guardian.toml"
    path.write_text(policy)
    assert read_policies(path).is_about_what_comes_in is screens


async def test_length_and_links_are_asked_of_what_leaves_only(documented: Reviewer) -> None:
    for text in ("x" * 100_001, "go to http://evil.test/"):
        request = ReviewRequest(text=text, direction=Direction.IN, pii=Pii.REDACT, brief=Brief())
        assert (await documented.review(request)).action is Action.ALLOW


async def test_a_rule_for_one_way_leaves_the_other_alone(documented: Reviewer) -> None:
    request = ReviewRequest(text="project bluebird", direction=Direction.IN, pii=Pii.REDACT, brief=Brief())
    assert (await documented.review(request)).action is Action.ALLOW


async def test_a_pattern_takes_linear_time(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text("[[default.rules]]\nid = 'slow'\npattern = '(a+)+$'\nreason = 'r'\naction = 'block'\n")
    reviewer = Reviewer(reflex=Reflex(), houses=Houses(read_policies(path)))
    request = ReviewRequest(text="a" * 80_000 + "b", direction=Direction.OUT, pii=Pii.REDACT, brief=Brief())
    assert (await reviewer.review(request)).action is Action.ALLOW


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("[default", "Expected"),
        ("[default]\nmax_characters = 0", "default.max_characters"),
        ("[default]\nunknown = 1", "default.unknown"),
        ("[[default.rules]]\nid = 'x'\npattern = '('\nreason = 'r'", "default.rules.0.pattern: .*re2 syntax"),
        ("[[default.rules]]\nid = 'X Y'\npattern = 'x'\nreason = 'r'", "default.rules.0.id"),
        ("[[tenants.acme.allowed_topics]]\nname = 'n'\nwords = []", "tenants.acme.allowed_topics.0.words"),
    ],
)
def test_a_wrong_file_tells_the_place(content: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(content)
    with pytest.raises(ValidationFailedError, match=why):
        read_policies(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValidationFailedError, match=r"OCTOLLM_GUARDIAN_POLICY .*No such file"):
        read_policies(tmp_path / "none.toml")
