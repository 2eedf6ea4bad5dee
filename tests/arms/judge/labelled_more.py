"""More labelled cases, on other texts; many of the unmet criteria are about what the text nearly says."""

from tests.arms.judge.labelled import EMAIL, INCIDENT, MINUTES, OFFER, RECIPE, WARNING, case

BUG = (
    "The export button does nothing in version 4.2 on Firefox. Steps: open any report, choose CSV, press "
    "Export. Expected: a file is downloaded. Instead the page stays as it is, and the console shows "
    '"TypeError: blob is undefined". In Chrome it works.'
)
CHANGES = (
    "Version 2.3\n- Faster start: 0.8 s instead of 2.1 s.\n- New: reports can be exported as PDF.\n"
    "- Removed: the old SOAP interface; use REST instead.\n- Fixed: the clock no longer jumps at midnight."
)
COMPARED = (
    "PostgreSQL checks types strictly and handles many writers at once; it needs a server that somebody "
    "looks after. SQLite is a single file without any server, but lets only one writer in at a time. For a "
    "phone app choose SQLite, for a shop with many users PostgreSQL."
)
VACANCY = (
    "We are looking for a gardener for our nursery in Leiden, four days a week, from 1 April. You know "
    "perennials and do not mind rain. We pay 2,900 euros a month. Send a short letter to Ms Visser."
)
COMPLAINT = (
    "Dear Sir or Madam, on 3 June I ordered a lamp from you, order 7731. It arrived yesterday with a broken "
    "shade. Please send me a new shade within two weeks. I enclose a photograph. Yours faithfully, T. Lind"
)
HIKE = (
    "From the station follow the yellow signs up to the chapel (40 minutes). Turn left at the oak and walk "
    "along the ridge to the inn, which is closed on Mondays. The way down takes an hour and is slippery "
    "after rain. There is no water on the way."
)
SKY = (
    "Sunlight holds all colours. Air molecules scatter blue light far more than red, so blue reaches our "
    "eyes from every direction. In the evening the light crosses more air, most of the blue is lost on "
    "the way, and the sky turns red."
)
LEAFLET = (
    "Take one tablet in the morning with a glass of water. Do not take more than two a day. Do not use it "
    "if you are pregnant. Tiredness is common in the first days. Keep it out of the reach of children."
)
PRESS = (
    'Oslo, 9 May. Nordlys AS has bought the battery maker Voltaq for 40 million euros. "Their cells are a '
    'generation ahead," said chief executive Ida Berg. All 120 jobs are kept. The purchase still has to be '
    "approved by the authorities."
)
ANSWER = (
    "To reset your password, open Settings, choose Security, and press Reset. You get a link by e-mail that "
    "holds for one hour. If no e-mail comes, look into your spam folder."
)
SUMMARY = (
    "The study followed 1,200 adults over five years. Those who walked at least an hour a day slept better "
    "and took fewer sick days. The authors note that healthy people may simply walk more, so the walking "
    "need not be the cause."
)
GERMAN = "Sehr geehrte Frau Weber, vielen Dank für Ihre Bestellung. Die Ware wird am Montag geliefert."
STORY = (
    "When the lighthouse went dark, only old Marta noticed. She rowed out alone, lit the lamp with her last "
    "matches, and saw three boats turn away from the rocks. In the morning nobody believed her."
)

MORE_CASES = (
    case("says how to reproduce the problem", BUG, passed=True),
    case("names the browser in which it works", BUG, passed=True),
    case("says which operating system is used", BUG, passed=False),
    case("proposes a correction of the program", BUG, passed=False),
    case("tells what was expected", BUG, passed=True),
    case("says how to reproduce the problem", COMPLAINT, passed=False),
    case("tells users what to use instead of what was removed", CHANGES, passed=True),
    case("mentions an improvement of speed", CHANGES, passed=True),
    case("says when the version was published", CHANGES, passed=False),
    case("names the developers of the new functions", CHANGES, passed=False),
    case("names an advantage of each of the two databases", COMPARED, passed=True),
    case("gives a recommendation", COMPARED, passed=True),
    case("compares the prices of the databases", COMPARED, passed=False),
    case("recommends SQLite for a shop with many users", COMPARED, passed=False),
    case("gives a recommendation", PRESS, passed=False),
    case("states the pay", VACANCY, passed=True),
    case("says to whom an application is sent", VACANCY, passed=True),
    case("says until when one can apply", VACANCY, passed=False),
    case("demands a university degree", VACANCY, passed=False),
    case("is a job advertisement", VACANCY, passed=True),
    case("is a job advertisement", HIKE, passed=False),
    case("sets a time limit", COMPLAINT, passed=True),
    case("threatens legal action", COMPLAINT, passed=False),
    case("asks for the money back", COMPLAINT, passed=False),
    case("stays polite", COMPLAINT, passed=True),
    case("warns of a difficulty on the way", HIKE, passed=True),
    case("says on which day the inn is closed", HIKE, passed=True),
    case("says how long the whole walk is in kilometres", HIKE, passed=False),
    case("recommends where to fill up water", HIKE, passed=False),
    case("explains why the sky is red in the evening", SKY, passed=True),
    case("explains how a rainbow comes about", SKY, passed=False),
    case("can be understood without formulas", SKY, passed=True),
    case("says what the highest dose is", LEAFLET, passed=True),
    case("names a side effect", LEAFLET, passed=True),
    case("says what to do after an overdose", LEAFLET, passed=False),
    case("tells which illness the tablets are for", LEAFLET, passed=False),
    case("says what was paid", PRESS, passed=True),
    case("announces that jobs are lost", PRESS, passed=False),
    case("says that the purchase is not final yet", PRESS, passed=True),
    case("quotes somebody from Voltaq", PRESS, passed=False),
    case("tells what to do when no e-mail comes", ANSWER, passed=True),
    case("gives a telephone number for help", ANSWER, passed=False),
    case("says how long the link can be used", ANSWER, passed=True),
    case("names a limit of the study", SUMMARY, passed=True),
    case("claims that walking was proved to be the cause", SUMMARY, passed=False),
    case("says how many people took part", SUMMARY, passed=True),
    case("names the journal in which the study appeared", SUMMARY, passed=False),
    case("is written in German", GERMAN, passed=True),
    case("says when the goods arrive", GERMAN, passed=True),
    case("states the price of the goods", GERMAN, passed=False),
    case("has a heroine", STORY, passed=True),
    case("ends with her being thanked", STORY, passed=False),
    case("is a story", STORY, passed=True),
    case("is a story", LEAFLET, passed=False),
    case("names everybody who was present", MINUTES, passed=True),
    case("says why the alert did not warn anybody", RECIPE, passed=False),
    case("says who caused the IAM clean-up", INCIDENT, passed=False),
    case("mentions that the room stays the same", EMAIL, passed=True),
    case("says from which day the licence counts", OFFER, passed=False),
    case("says what to do after a burn", WARNING, passed=False),
)
