"""Makes a plan: by the goal's words, else by its nearest example, else by the model, else one step."""

from arms.model.session import ModelSession
from arms.planner.modelled import ask_for_plan
from arms.planner.naming import named_in
from arms.planner.nearest import Nearest
from arms.planner.needs import with_needed_offers
from arms.planner.plan import Plan, PlanRequest
from arms.planner.shapes import Kind, has_parts
from arms.planner.templates import fallback_for, plan_for_capability, plan_for_kind, template_for
from servicekit.errors import ConflictError, DeadlineError, OctoError, UnavailableError


async def make_plan(request: PlanRequest, *, model: ModelSession, nearest: Nearest | None = None) -> Plan:
    """Return a valid plan; a model that is away or plans nonsense is no reason to have none.

    Args:
        request: what is to be planned.
        model: for what neither words nor examples tell.
        nearest: finds the nearest example; None goes without.

    Raises:
        DeadlineError: the caller's deadline passed.
        ConflictError: reason BUDGET_EXCEEDED: nothing is left to ask the model with.
    """
    plan = template_for(request) or await _by_example(request, nearest=nearest)
    # What the rules made did not do when there is feedback: then the model gets its say.
    if plan is not None and not request.feedback:
        return plan
    request = with_needed_offers(request)
    if len(request.offers) == 1:
        return plan or fallback_for(request, why="only one capability comes into question")
    try:
        return await ask_for_plan(request, model=model)
    except DeadlineError:
        raise
    except OctoError as error:
        if isinstance(error, ConflictError) and error.reason == "BUDGET_EXCEEDED":
            raise
        return plan or fallback_for(request, why=f"the model gave no usable plan ({error.reason})")


async def _by_example(request: PlanRequest, *, nearest: Nearest | None) -> Plan | None:
    """The plan that the nearest example tells; a goal of several parts is like none."""
    goal = request.brief.goal
    if nearest is None or has_parts(goal) or named_in(goal, request.offers):
        return None
    try:
        found = await nearest.kind_of(goal, offers=request.offers)
    except UnavailableError:
        return None
    match found:
        case Kind():
            return plan_for_kind(found, request=request)
        case str():
            return plan_for_capability(found, request=request)
        case None:
            return None
