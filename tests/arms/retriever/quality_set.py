"""Short passages of our own about a made-up town, and questions with the passages that answer them.

Questions of the kind WORDS name what they seek as the passage does; those of the kind MEANING say it in other
words. Several passages share words with each question, so that a common word is not enough.
"""

from dataclasses import dataclass

PASSAGES: dict[str, str] = {
    "Library cards": (
        "Anyone living in Harrowgate can get a library card free of charge. Bring proof of address. "
        "Children under twelve need the signature of a parent."
    ),
    "Library loans": (
        "Books may be kept for four weeks and renewed twice, unless another reader has reserved them. "
        "Films and music go out for one week only."
    ),
    "Library late fees": (
        "Overdue books cost twenty cents a day, at most five euros for each item. Whoever owes more than "
        "ten euros cannot borrow until the debt is settled."
    ),
    "Swimming pool hours": (
        "The indoor pool opens at seven in the morning on weekdays and at nine on weekends. The last "
        "swimmers leave at ten in the evening."
    ),
    "Swimming lessons": (
        "Lessons for beginners take place every Tuesday. Children should be at least five years old. A "
        "course has ten lessons and costs eighty euros."
    ),
    "Pool safety": (
        "Running beside the basins is forbidden. A lifeguard must be able to see every swimmer; "
        "inflatable toys are allowed in the shallow basin only."
    ),
    "Waste collection": (
        "Household rubbish is collected every Monday. Put the grey bin at the kerb before six o'clock; "
        "bins placed later stay full until the following week."
    ),
    "Recycling": (
        "Paper and cardboard go into the blue container, glass is sorted by colour at the depots, and "
        "packaging belongs in the yellow sack."
    ),
    "Hazardous waste": (
        "Paint, batteries, solvents and old medicine must never go into the household rubbish. The depot "
        "on Mill Lane takes them free of charge on Saturdays."
    ),
    "Bulky items": (
        "Sofas, mattresses and refrigerators are fetched from your door twice a year. Book a date by "
        "telephone; each pick-up may have up to three cubic metres."
    ),
    "Resident parking": (
        "A resident permit for one vehicle costs sixty euros a year. It is valid in your own zone only "
        "and does not reserve a place."
    ),
    "Visitor parking": (
        "Guests of residents may use day tickets, sold in blocks of ten at the town hall. The ticket must"
        " lie behind the windscreen."
    ),
    "Parking fines": (
        "A car without a valid ticket is fined twenty-five euros. An objection must reach the office in "
        "writing within fourteen days."
    ),
    "Electric charging": (
        "Twelve charging points stand in the garage under the market square. Charging costs forty cents a"
        " kilowatt-hour; after four hours a blocking fee is due."
    ),
    "Bus fares": (
        "A single ride in the centre costs two euros ten. Passengers under six travel free, students with"
        " a valid card pay half."
    ),
    "Night buses": (
        "On Fridays and Saturdays three lines run through the night, every hour from midnight until five."
        " Normal tickets are valid."
    ),
    "Lost property": (
        "Things found in buses are kept at the central station for three months, then they are auctioned."
        " Describe the object and where you sat."
    ),
    "Bicycle rental": (
        "Forty stations lend bicycles. The first thirty minutes are free, each further half hour costs "
        "one euro. Helmets are not provided."
    ),
    "Dog licence": (
        "Every dog older than three months must be registered within two weeks. The yearly tax is ninety "
        "euros, for guide dogs nothing is charged."
    ),
    "Dogs in parks": (
        "Dogs run free on the meadow behind the mill. Elsewhere in the parks they are kept on a lead, and"
        " on playgrounds they are not admitted."
    ),
    "Stray animals": (
        "If you find an injured or abandoned animal, ring the shelter at any hour. Do not feed wild birds"
        " that look ill, and do not touch bats."
    ),
    "Building permits": (
        "Garages, extensions and roof windows need a permit. Sheds under ten square metres do not, "
        "provided that they keep three metres from the boundary."
    ),
    "Noise rules": (
        "Between ten in the evening and six in the morning it must be quiet. Lawn mowers and drills rest "
        "on Sundays as well. Celebrations can be announced to the neighbours, which does not lift the "
        "rule."
    ),
    "Tree protection": (
        "Trees with a trunk of more than eighty centimetres round may be felled only with a permit. For "
        "each one taken down, two young ones must be planted."
    ),
    "Snow clearing": (
        "Owners keep the pavement before their house free of ice between seven and twenty o'clock. Use "
        "sand or grit; salt is prohibited because it harms the roots."
    ),
    "Water quality": (
        "The tap water comes from two wells and is medium hard, at eleven degrees. It contains three "
        "milligrams of nitrate a litre and needs no filter."
    ),
    "Water meter": (
        "Read the meter at the end of December and send the figure by post or through the portal. Whoever"
        " sends nothing is estimated."
    ),
    "Power cuts": (
        "When the light goes out, look first whether the neighbours have power. If the whole street is "
        "dark, call the emergency line of the grid operator."
    ),
    "Birth certificates": (
        "Newborns are registered within a week at the registry office. Bring the hospital's notice and "
        "the passports of both parents."
    ),
    "Marriage": (
        "A wedding at the town hall is booked at most six months ahead. Both partners appear in person, "
        "with birth certificates no older than half a year."
    ),
    "Passports": (
        "A new passport takes four weeks and costs seventy euros. An express application is ready after "
        "three working days for thirty-two euros more."
    ),
    "Moving house": (
        "Whoever takes a flat in town reports the new address within two weeks. The landlord confirms the"
        " date of moving in on a form."
    ),
    "Voting by post": (
        "You can ask for a postal ballot until two days before the election. The envelope must arrive by "
        "six in the evening on election day."
    ),
    "Kindergarten places": (
        "Places are given in March for the year that begins in September. Siblings and children of single"
        " parents come first."
    ),
    "School meals": (
        "Lunch is cooked in the school kitchen and costs three euros forty. One dish a day is without "
        "meat. Tell the kitchen about allergies at the beginning of term."
    ),
    "Music school": (
        "Lessons in piano, violin and guitar are given singly or in pairs. Instruments can be hired for "
        "fifteen euros a month."
    ),
    "Market days": (
        "Farmers sell vegetables, cheese and flowers on the square on Wednesdays and Saturdays from eight"
        " until one. Stalls are let by the year."
    ),
    "Emergency numbers": (
        "Fire and rescue answer at 112, the police at 110. The pharmacy that is open at night is posted "
        "on every pharmacy's door."
    ),
    "Street lights": (
        "Report a broken lamp with the number on its post. Repairs take about five days; the lamps burn "
        "at half strength after eleven in the evening."
    ),
    "Allotment gardens": (
        "The town lets two hundred small gardens of about three hundred square metres. The waiting list "
        "is four years long. Living in the hut is not permitted."
    ),
}
"""Text by title; the titles are not part of it."""

WORDS = "words"
MEANING = "meaning"


@dataclass(frozen=True)
class Question:
    """A question, the title of the passage that answers it, and how it is put."""

    text: str
    answer: str
    kind: str


QUESTIONS: tuple[Question, ...] = (
    Question("How much does a resident permit cost a year?", "Resident parking", WORDS),
    Question("When is household rubbish collected?", "Waste collection", WORDS),
    Question("Which trees may be felled only with a permit?", "Tree protection", WORDS),
    Question("How long does a new passport take?", "Passports", WORDS),
    Question("What do the charging points cost per kilowatt-hour?", "Electric charging", WORDS),
    Question("nitrate in the tap water", "Water quality", WORDS),
    Question("Until when can I ask for a postal ballot?", "Voting by post", WORDS),
    Question("Can instruments be hired at the music school?", "Music school", WORDS),
    Question("tax for guide dogs", "Dog licence", WORDS),
    Question("How many stations lend bicycles?", "Bicycle rental", WORDS),
    Question("Where do I throw away leftover paint?", "Hazardous waste", MEANING),
    Question("I forgot my umbrella on public transport", "Lost property", MEANING),
    Question("penalty for returning a novel too late", "Library late fees", MEANING),
    Question("at what time can I go for a swim on Sunday morning", "Swimming pool hours", MEANING),
    Question("getting rid of an old couch", "Bulky items", MEANING),
    Question("my puppy needs to be declared to the authorities", "Dog licence", MEANING),
    Question("is a loud party at midnight allowed", "Noise rules", MEANING),
    Question("do I have to sweep ice off the sidewalk", "Snow clearing", MEANING),
    Question("my kid cannot swim yet, who teaches it", "Swimming lessons", MEANING),
    Question("appeal against a penalty for my automobile", "Parking fines", MEANING),
    Question("electricity outage in our house", "Power cuts", MEANING),
    Question("vegetarian food for pupils", "School meals", MEANING),
    Question("how do I get home from a bar at three in the morning", "Night buses", MEANING),
    Question("buying fresh produce outdoors", "Market days", MEANING),
    Question("registering my new baby", "Birth certificates", MEANING),
    Question("found a hurt hedgehog, whom do I phone", "Stray animals", MEANING),
    Question("do I need permission to put up a small tool shed", "Building permits", MEANING),
    Question("friends come with their car, where can it stand", "Visitor parking", MEANING),
    Question("the lantern in front of our home is broken", "Street lights", MEANING),
    Question("day care for toddlers, when are applications decided", "Kindergarten places", MEANING),
)
