import pytest

from arms.model.usage import Tariff, Usage


@pytest.mark.parametrize(
    ("tariff", "cost", "known"),
    [
        (Tariff(model="qwen"), 0, True),
        (Tariff(model="gpt-4o-mini", provider="openai"), 210, True),  # 0.15 and 0.60 dollars a million
        (Tariff(model="nobody-knows-me", provider="openai"), 0, False),
        (Tariff(model="gpt-4o-mini", provider="unknown"), 0, False),
    ],
)
def test_what_a_thousand_and_a_hundred_tokens_cost(tariff: Tariff, cost: int, known: bool) -> None:  # a table
    usage = tariff.usage(input_tokens=1000, output_tokens=100)
    assert (usage.cost_micros, usage.cost_known, usage.tokens, usage.requests) == (cost, known, 1100, 1)


def test_usages_add_up_and_one_unknown_price_spoils_the_sum() -> None:
    known = Usage(input_tokens=1, output_tokens=2, cost_micros=3, requests=1)
    total = known + Usage(input_tokens=10, output_tokens=20, cost_known=False, requests=2)
    assert total == Usage(input_tokens=11, output_tokens=22, cost_micros=3, cost_known=False, requests=3)
