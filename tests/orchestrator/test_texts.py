"""The texts of a spec: found with their JSON paths, replaced one by one, the rest untouched."""

import json

import pytest

from orchestrator.model.task import TaskSpec
from orchestrator.texts import Place, parse_context, texts_of, with_texts
from servicekit.errors import ValidationFailedError

CONTEXT = '{"a": {"b": ["x", 1.0, 9007199254740993]}, "card": 4111111111111111, "k@x.org": true, "n": null}'


def test_every_text_has_its_path() -> None:
    spec = TaskSpec(
        goal="g", constraints=("c",), acceptance_criteria=("k",), context_json=CONTEXT, labels={"l": "v"}
    )
    found = {(str(p), p.key): t for p, t in texts_of(spec, parse_context(CONTEXT)).items()}
    assert found[("goal", False)] == "g"
    assert found[("constraints[0]", False)] == "c"
    assert found[("acceptance_criteria[0]", False)] == "k"
    assert found[("metadata.l", False)] == "v"
    assert found[("context.a.b[0]", False)] == "x"
    assert found[("context.card", False)] == "4111111111111111"
    assert found[("context.k@x.org", True)] == "k@x.org"


def test_only_the_replaced_leaf_changes() -> None:
    spec = TaskSpec(goal="g", context_json=CONTEXT)
    place = Place(path=("context", "a", "b", 0))
    key = Place(path=("context", "k@x.org"), key=True)
    new = with_texts(spec, parse_context(CONTEXT), {place: "[EMAIL]", key: "[KEY]"})
    assert new.context_json == CONTEXT.replace('"x"', '"[EMAIL]"').replace("k@x.org", "[KEY]")


def test_fields_whose_names_become_equal_are_all_kept() -> None:
    names = ("a@x.org", "[EMAIL]", "b@x.org")
    context = json.dumps({name: number for number, name in enumerate(names)})
    places = {Place(path=("context", name), key=True): "[EMAIL]" for name in names if "@" in name}
    new = with_texts(TaskSpec(goal="g", context_json=context), parse_context(context), places)
    assert json.loads(new.context_json) == {"[EMAIL] (2)": 0, "[EMAIL]": 1, "[EMAIL] (3)": 2}


@pytest.mark.parametrize(
    ("context", "rule"),
    [
        ("[]", "must be a JSON object"),
        ("{", "must be a JSON object"),
        ('{"a": NaN}', "must be a JSON object"),
        ('{"a": 1, "a": 2}', "must be a JSON object"),
        ("[" * 60_000, "must be a JSON object"),
        (json.dumps({"a": [[[[[[[[1]]]]]]]]}), "must be at most 8 levels deep"),
    ],
)
def test_what_is_no_context_is_refused(context: str, rule: str) -> None:
    with pytest.raises(ValidationFailedError) as caught:
        parse_context(context)
    assert (caught.value.field, caught.value.constraint) == ("context", rule)
