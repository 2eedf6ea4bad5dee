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
MINUTES = (
    "Minutes of 4 March. Present: Ana, Bob, Chen. Bob will ask three suppliers for offers by 11 March. Chen "
    "objects to moving the release before the audit is done. Next meeting: 18 March, 10:00, room 2."
)
REVIEW = (
    "The headphones sound clear and sit well for hours, but the left side lost its connection twice a day. "
    "Support answered after nine days. I returned them."
)
RECURSION = (
    "A recursive function calls itself with a smaller problem. Think of Russian dolls: you open one, find a "
    "smaller one, and stop at the one that does not open. Without such an end it would go on for ever."
)
OFFER = (
    "We offer the annual licence for 1,200 euros, payable within 30 days. It covers five users and telephone "
    "support on working days. The offer is valid until the end of June."
)
WARNING = "Warning: the pan and its handle are very hot. Use oven gloves. Keep children away from the stove."
NEWS = (
    "The river rose to 6.2 metres on Sunday, the highest level since 1998. The old bridge is closed; two "
    "hundred people left their homes. Nobody was hurt. The town expects the water to fall by Wednesday."
)
ANGRY = "This is outrageous! Your incompetent staff ruined my holiday, and I demand my money back right now!"
BRAG = "Our product is simply the best in the world. Everyone loves it. Buy it now, you will never regret it!"
STEPS = (
    "1. Unplug the router.\n2. Wait ten seconds.\n3. Plug it in again.\n4. Wait until the green light is "
    "steady. If it stays red, call your provider."
)
FRENCH = "Bonjour, la réunion est reportée à jeudi à quinze heures. Merci de confirmer votre présence."


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
    case("names who is to ask for the offers", MINUTES, passed=True),
    case("names who is to ask for the offers", NEWS, passed=False),
    case("says when the next meeting takes place", MINUTES, passed=True),
    case("says who objected, and to what", MINUTES, passed=True),
    case("records a decision about salaries", MINUTES, passed=False),
    case("speaks of a weakness of the product", REVIEW, passed=True),
    case("speaks of a weakness of the product", BRAG, passed=False),
    case("tells what the customer did in the end", REVIEW, passed=True),
    case("recommends the product", REVIEW, passed=False),
    case("says how much the headphones cost", REVIEW, passed=False),
    case("uses an everyday comparison", RECURSION, passed=True),
    case("uses an everyday comparison", OFFER, passed=False),
    case("explains that a recursion must end", RECURSION, passed=True),
    case("shows a piece of program code", RECURSION, passed=False),
    case("can be understood without knowing programming", RECURSION, passed=True),
    case("states the price", OFFER, passed=True),
    case("states the price", REVIEW, passed=False),
    case("says until when the offer holds", OFFER, passed=True),
    case("says how many users the licence covers", OFFER, passed=True),
    case("grants a discount", OFFER, passed=False),
    case("warns of a danger", WARNING, passed=True),
    case("warns of a danger", OFFER, passed=False),
    case("tells the reader how to protect himself", WARNING, passed=True),
    case("explains how to treat a burn", WARNING, passed=False),
    case("says when the water is expected to fall", NEWS, passed=True),
    case("reports that people were injured", NEWS, passed=False),
    case("compares the level with an earlier year", NEWS, passed=True),
    case("gives the reason why the river rose", NEWS, passed=False),
    case("is written in a neutral tone", NEWS, passed=True),
    case("is written in a neutral tone", ANGRY, passed=False),
    case("expresses anger", ANGRY, passed=True),
    case("expresses anger", POLITE, passed=False),
    case("asks for a refund", ANGRY, passed=True),
    case("supports its claims with figures", BRAG, passed=False),
    case("supports its claims with figures", NEWS, passed=True),
    case("is advertising", BRAG, passed=True),
    case("is advertising", MINUTES, passed=False),
    case("tells what to do when the light stays red", STEPS, passed=True),
    case("explains why the router must be unplugged", STEPS, passed=False),
    case("is an instruction for a technical device", STEPS, passed=True),
    case("is written in French", FRENCH, passed=True),
    case("is written in French", NEWS, passed=False),
    case("asks the reader to confirm", FRENCH, passed=True),
    case("asks the reader to confirm", STEPS, passed=False),
)
