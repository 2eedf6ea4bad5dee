"""Criteria that no rule decides, with the verdict that a careful reader gives."""

from dataclasses import dataclass

INCIDENT = (
    "On 12 May at 09:12 the payment API began to answer HTTP 500 for 38 minutes, because the TLS "
    "certificate of the ledger service had expired. The renewal job had failed silently since 3 May: its "
    "service account had lost a permission in an IAM clean-up. 214 payments failed.\n\n"
    "Action items:\n1. Alert on certificates that expire within 14 days.\n2. Restore the permission and "
    "review the IAM clean-up.\n3. Make the renewal job fail loudly."
)
VAGUE = "There was a problem with payments. It was fixed. We will do better next time."
EMAIL = (
    "Subject: Friday meeting moves to 3 pm\n\nDear team,\n\nour Friday meeting moves from 2 pm to 3 pm, in "
    "the same room. Please update your calendars.\n\nThank you, and see you there\nMara"
)
RUDE = "No. You can't have it. Stop asking, it is your own fault that you missed the deadline."
POLITE = "Thank you for your patience. Unfortunately the item is out of stock; we are sorry for the trouble."
RECIPE = "Boil water. Add salt and pasta. Cook for nine minutes. Drain, add butter and cheese, and serve hot."
HAIKU = "Quiet autumn rain\nleaves drift over the dark pond\nthe old year lets go"


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A criterion, an output, and whether the one satisfies the other."""

    criterion: str
    output: str
    passed: bool


def case(criterion: str, output: str, *, passed: bool) -> Labelled:
    return Labelled(criterion=criterion, output=output, passed=passed)


CASES = (
    case("explains why the payments failed", INCIDENT, passed=True),
    case("explains why the payments failed", VAGUE, passed=False),
    case("states how long the outage lasted", INCIDENT, passed=True),
    case("states how long the outage lasted", VAGUE, passed=False),
    case("says how many payments were affected", INCIDENT, passed=True),
    case("says how many payments were affected", VAGUE, passed=False),
    case("proposes a measure against the same failure", INCIDENT, passed=True),
    case("names the person who fixed the incident", INCIDENT, passed=False),
    case("is polite", POLITE, passed=True),
    case("is polite", RUDE, passed=False),
    case("apologises to the customer", POLITE, passed=True),
    case("apologises to the customer", RUDE, passed=False),
    case("announces the new time of the meeting", EMAIL, passed=True),
    case("announces the new time of the meeting", POLITE, passed=False),
    case("greets the reader", EMAIL, passed=True),
    case("gives the reason for the change of time", EMAIL, passed=False),
    case("says how long to cook the pasta", RECIPE, passed=True),
    case("says how much salt to take", RECIPE, passed=False),
    case("is about cooking", RECIPE, passed=True),
    case("is about cooking", INCIDENT, passed=False),
    case("is a poem", HAIKU, passed=True),
    case("is a poem", RECIPE, passed=False),
    case("speaks of autumn", HAIKU, passed=True),
    case("is written in German", HAIKU, passed=False),
)
