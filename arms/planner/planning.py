"""Makes a plan: by template when the goal's words tell its shape, else by the model, else one step."""

from arms.model.session import ModelSession
from arms.planner.modelled import ask_for_plan
from arms.planner.needs import with_needed_offers
from arms.planner.plan import Plan, PlanRequest
from arms.planner.templates import fallback_for, template_for
from servicekit.errors import ConflictError, DeadlineError, OctoError


async def make_plan(request: PlanRequest, *, model: ModelSession) -> Plan:
    """Return a valid plan; a model that is away or plans nonsense is no reason to have none.

    Raises:
        DeadlineError: the caller's deadline passed.
        ConflictError: reason BUDGET_EXCEEDED: nothing is left to ask the model with.
    """
    plan = template_for(request)
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
