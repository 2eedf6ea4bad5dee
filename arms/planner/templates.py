"""Plans for the common shapes of goals: no model is asked."""

from collections.abc import Sequence
from dataclasses import replace

from arms.planner.acting import ANSWER, CODE, PROSE, SEARCH, acting_steps, computing_steps
from arms.planner.estimates import with_estimates
from arms.planner.naming import named_in
from arms.planner.plan import Offer, Plan, PlannedStep, PlanRequest
from arms.planner.shapes import Kind, Shape, code_shape, has_parts, shape_of

_SURE = 0.9
_NAMED = 0.8
_NEAR = 0.7
_GUESS = 0.5
_QUERY_CHARACTERS = 2000


def template_for(request: PlanRequest) -> Plan | None:
    """The plan of the goal's shape, or None when no template fits or something it needs is not offered."""
    named = named_in(request.brief.goal, request.offers)
    if named:
        return _named(named, request=request)
    acting = acting_steps(request)
    if acting is not None:
        return _plan(acting, request=request, why="The goal's words tell what is to be done")
    shape = shape_of(request.brief.goal)
    steps = _steps(shape, request=request)
    if steps is None or len(steps) > request.max_steps:
        return None
    return _plan(steps, request=request, why=f"The goal's words tell that it is {shape.kind.value}")


def _plan(steps: Sequence[PlannedStep], *, request: PlanRequest, why: str) -> Plan:
    return Plan(
        steps=tuple(with_estimates(step, request=request) for step in steps),
        rationale=f"{why}: {_names(steps)}.",
        method="rule",
        confidence=_SURE,
    )


def _named(named: Sequence[Offer], *, request: PlanRequest) -> Plan | None:
    """One step of the capability that the goal names; None when it names several or has parts."""
    if len(named) > 1 or has_parts(request.brief.goal):
        return None
    step = _one("do", capability=named[0].name, name=named[0].name.replace("_", " "), request=request)
    return Plan(
        steps=(with_estimates(step, request=request),),
        rationale=f"The goal names the capability {named[0].name}.",
        method="rule",
        confidence=_NAMED,
    )


def fallback_for(request: PlanRequest, *, why: str) -> Plan:
    """One step that does the whole goal, for when nothing better is known."""
    named = [offer.name for offer in named_in(request.brief.goal, request.offers)]
    general = [PROSE] if request.offers_capability(PROSE) else []
    wanted = (named + general + [request.offers[0].name])[0]
    step = _one("do", capability=wanted, name="Do the whole goal", request=request)
    return Plan(
        steps=(with_estimates(step, request=request),),
        rationale=f"One step for the whole goal: {why}.",
        method="rule",
        confidence=_GUESS,
    )


def plan_for_kind(kind: Kind, *, request: PlanRequest) -> Plan | None:
    """The plan for a goal of which only the kind is known, from the nearest example; None when none fits."""
    shape = code_shape(request.brief.goal) if kind is Kind.CODE else Shape(kind=kind)
    steps = _steps(shape, request=request)
    if steps is None or not all(request.offers_capability(step.capability) for step in steps):
        return None
    plan = _plan(steps, request=request, why=f"The goal is nearest to others that are {kind.value}")
    return replace(plan, confidence=_NEAR)


def plan_for_capability(name: str, *, request: PlanRequest) -> Plan:
    """The plan for a goal that one capability's description is nearest to."""
    step = _one("do", capability=name, name=name.replace("_", " "), request=request)
    plan = _plan([step], request=request, why="The goal is nearest to what this capability says of itself")
    return replace(plan, confidence=_NEAR)


def _steps(shape: Shape, *, request: PlanRequest) -> list[PlannedStep] | None:
    has = request.offers_capability
    match shape.kind:
        case Kind.COMPUTE:
            return computing_steps(request)
        case Kind.PROSE if has(PROSE):
            return [_one("write", capability=PROSE, name="Write the text", request=request)]
        case Kind.CODE if has(CODE):
            return [_code(shape, request=request)]
        case Kind.RESEARCH if has(ANSWER):
            return [_one("answer", capability=ANSWER, name="Answer from the documents", request=request)]
        case Kind.RESEARCH if has(SEARCH) and has(PROSE):
            return _research(request)
        case _:
            return None


def _one(step_id: str, *, capability: str, name: str, request: PlanRequest) -> PlannedStep:
    return PlannedStep(step_id=step_id, name=name, capability=capability, instruction=instruction_of(request))


def _code(shape: Shape, *, request: PlanRequest) -> PlannedStep:
    return PlannedStep(
        step_id="code",
        name=f"{shape.action.capitalize()} the code",
        capability=CODE,
        instruction=instruction_of(request),
        arguments={"action": shape.action, "language": shape.language},
    )


def _research(request: PlanRequest) -> list[PlannedStep]:
    search = PlannedStep(
        step_id="search",
        name="Find the passages",
        capability=SEARCH,
        instruction=request.brief.goal[:_QUERY_CHARACTERS],
    )
    answer = PlannedStep(
        step_id="answer",
        name="Answer from the passages",
        capability=PROSE,
        instruction=f"{instruction_of(request)}\n\n"
        "Use only the passages that were found, and name their titles.",
        depends_on=("search",),
    )
    return [search, answer]


def instruction_of(request: PlanRequest) -> str:
    """The goal, with what went wrong before."""
    if not request.feedback:
        return request.brief.goal
    return f"{request.brief.goal}\n\nAn earlier attempt failed; avoid this: {request.feedback}"


def _names(steps: Sequence[PlannedStep]) -> str:
    return ", then ".join(step.capability for step in steps)
