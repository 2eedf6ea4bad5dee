"""Plans for goals that act: compute, run what is given, write and run, fetch, look into documents.

Each shape is told by plain words and nothing else; what is told less plainly is left to the model.
"""

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace

from arms.planner.arithmetic import sum_in
from arms.planner.plan import PlannedStep, PlanRequest

PROSE, CODE = "text_generation", "code_generation"
SEARCH, ANSWER = "document_search", "document_answer"
RUN, SHELL, HTTP = "code_execution", "shell_command", "http_request"

_QUERY_CHARACTERS = 2000

_FENCE = re.compile(r"```[ \t]*(?P<language>[\w+-]*)[^\n]*\n(?P<code>.*?)```", re.DOTALL)
_RUN_GIVEN = re.compile(r"^(?:please\s+)?(?:run|execute)\b", re.IGNORECASE)
_RUNNABLE = {"": "python", "python": "python", "py": "python", "python3": "python"} | dict.fromkeys(
    ("javascript", "js", "node"), "javascript"
)

_SHELL_COMMAND = re.compile(
    r"^(?:please\s+)?(?:run|execute)\s+(?:the\s+(?:shell\s+)?command\s+)?`(?P<command>[^`\n]+)`\s*[.!]?\s*$",
    re.IGNORECASE,
)

_WRITE_AND_RUN = re.compile(
    r"^(?:please\s+)?(?:write|implement|create|code|develop|make|build)\b.{0,400}?"
    r"\b(?:function|program|script|code|class|module)\b.{0,400}?\b(?:and|then)\s+(?:then\s+)?(?:run|execute)s?\s+(?:it|them)\b|"
    r"^(?:please\s+)?write\s+and\s+(?:run|execute)\b",
    re.IGNORECASE | re.DOTALL,
)
_COMPUTE = re.compile(r"^(?:please\s+)?(?:compute|calculate|simulate)\b", re.IGNORECASE)
_JAVASCRIPT = re.compile(r"\b(?:java\s?script|node(?:\.js)?)\b", re.IGNORECASE)

_URL = re.compile(r"https://[^\s<>\"'`]{1,1900}[^\s<>\"'`.,;:!?)]", re.IGNORECASE)
_FETCH = re.compile(r"^(?:please\s+)?(?:fetch|download|get|retrieve|read|open|request)\b", re.IGNORECASE)
_THEN_WRITE = re.compile(
    r"\b(?:and|then|,)\s+(?:then\s+)?(?:summari[sz]e|explain|describe|list|extract|tell|answer|write|translate|name|give)\b",
    re.IGNORECASE,
)

_DOCUMENTS = (
    r"(?:the|our|my|all|all\s+the|all\s+our|your)?\s*(?:indexed|uploaded|stored|internal)?\s*"
    r"(?:documents|docs|documentation|knowledge\s+base|manuals|handbook|wiki|document\s+store)\b"
)
_FIND_PASSAGES = re.compile(
    rf"^(?:please\s+)?(?:find|show|list|get|which|what)\b.{{0,40}}\b(?:passages?|documents|sections?|places?)\b.*?"
    rf"\b(?:about|mention|on|that|in\s+{_DOCUMENTS})",
    re.IGNORECASE | re.DOTALL,
)
_WRITE_FROM = re.compile(
    rf"^(?:please\s+)?(?:draft|write|compose|prepare|produce)\b.*\b(?:based\s+on|using|from|with\s+the\s+help\s+of|"
    rf"according\s+to)\s+{_DOCUMENTS}",
    re.IGNORECASE | re.DOTALL,
)


def acting_steps(request: PlanRequest) -> list[PlannedStep] | None:
    """The steps of a goal that acts in one of the plain ways; None for any other."""
    for shape in _SHAPES:
        steps = shape(request)
        if steps is not None and all(request.offers_capability(step.capability) for step in steps):
            return steps
    return None


def _arithmetic(request: PlanRequest) -> list[PlannedStep] | None:
    """``What is 17 * 23?``: computed, not guessed."""
    source = sum_in(request.brief.goal)
    if source is None:
        return None
    run = _step("compute", RUN, name="Compute it", instruction=request.brief.goal)
    return [_with(run, source=source, language="expression")]


def _given_code(request: PlanRequest) -> list[PlannedStep] | None:
    """``Run this:`` and a block of code."""
    block = _FENCE.search(request.brief.goal)
    if block is None or not _RUN_GIVEN.match(request.brief.goal):
        return None
    language = _RUNNABLE.get(block["language"].lower())
    if language is None:
        return None
    run = _step("run", RUN, name="Run the code", instruction=request.brief.goal)
    return [_with(run, source=block["code"], language=language)]


def _shell(request: PlanRequest) -> list[PlannedStep] | None:
    """``Run `wc -l``` and nothing else."""
    match = _SHELL_COMMAND.match(request.brief.goal.strip())
    if match is None:
        return None
    try:
        argv = shlex.split(match["command"])
    except ValueError:
        return None
    return [_with(_step("run", SHELL, name="Run the command", instruction=request.brief.goal), argv=argv)]


def _write_and_run(request: PlanRequest) -> list[PlannedStep] | None:
    """A program is written and run: because the goal says so, or because only a program computes it right."""
    goal = request.brief.goal
    is_computed = _COMPUTE.match(goal) and not re.search(r"\bthen\b", goal)
    if _WRITE_AND_RUN.match(goal):
        return program_steps(request)
    return computing_steps(request) if is_computed else None


def computing_steps(request: PlanRequest) -> list[PlannedStep] | None:
    """A program that computes what is wanted; from the caller's own context only who reads that can."""
    return None if request.brief.context_json else program_steps(request)


def program_steps(request: PlanRequest) -> list[PlannedStep]:
    """A program is written, then run."""
    goal = request.brief.goal
    language = "javascript" if _JAVASCRIPT.search(goal) else "python"
    write = _step(
        "write",
        CODE,
        name="Write the program",
        instruction=f"{goal}\n\nWrite one complete program that prints the result when it is run.",
    )
    run = _step("run", RUN, name="Run the program", instruction="Run the program and return what it prints.")
    return [
        _with(write, action="generate", language=language),
        _with(_after(run, write), language=language),
    ]


def _fetch(request: PlanRequest) -> list[PlannedStep] | None:
    """A page is fetched, and something is written from it."""
    goal = request.brief.goal
    urls = _URL.findall(goal)
    if len(urls) != 1 or not _FETCH.match(goal):
        return None
    fetch = _with(_step("fetch", HTTP, name="Fetch the page", instruction=goal), url=urls[0])
    rest = goal.partition(urls[0])[2]
    if not _THEN_WRITE.search(rest):
        return [fetch] if len(rest.split()) <= 1 else None
    return [fetch, _after(_step("write", PROSE, name="Write from the page", instruction=goal), fetch)]


def _passages(request: PlanRequest) -> list[PlannedStep] | None:
    """The passages themselves are wanted, not an answer."""
    if not _FIND_PASSAGES.match(request.brief.goal) or _THEN_WRITE.search(request.brief.goal):
        return None
    return [_search(request)]


def _write_from_documents(request: PlanRequest) -> list[PlannedStep] | None:
    """A text is written, and what it says comes from the documents."""
    if not _WRITE_FROM.match(request.brief.goal):
        return None
    search = _search(request)
    write = _step(
        "write",
        PROSE,
        name="Write from the passages",
        instruction=f"{request.brief.goal}\n\nTake the facts from the passages that were found.",
    )
    return [search, _after(write, search)]


_SHAPES: Sequence[Callable[[PlanRequest], list[PlannedStep] | None]] = (
    _arithmetic,
    _given_code,
    _shell,
    _write_and_run,
    _fetch,
    _passages,
    _write_from_documents,
)
"""In this order: a sum is also something to compute."""


def _search(request: PlanRequest) -> PlannedStep:
    query = request.brief.goal[:_QUERY_CHARACTERS]
    return _step("search", SEARCH, name="Find the passages", instruction=query)


def _step(step_id: str, capability: str, *, name: str, instruction: str) -> PlannedStep:
    return PlannedStep(step_id=step_id, name=name, capability=capability, instruction=instruction)


def _with(step: PlannedStep, **arguments: object) -> PlannedStep:
    return replace(step, arguments=dict(arguments))


def _after(step: PlannedStep, *needed: PlannedStep) -> PlannedStep:
    return replace(step, depends_on=tuple(one.step_id for one in needed))
