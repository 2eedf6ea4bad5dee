"""Several services' metrics on one page."""

from prometheus_client.parser import text_string_to_metric_families

from gateway.merge_metrics import merged
from servicekit.metrics import Metrics


def page(value: float) -> str:
    metrics = Metrics()
    metrics.counter("octollm_calls", "Calls.", ["method"]).labels('a "b c" {d}').inc(value)
    metrics.gauge("octollm_depth", "Depth.").set(value)
    metrics.histogram("octollm_time_seconds", "Time.", buckets=(1, 2)).observe(value)
    return metrics.text()


def test_it_is_one_valid_page_with_every_sample_of_every_service() -> None:
    text = merged({"one": page(1), "two": page(2), "three": None})
    families = {family.name: family for family in text_string_to_metric_families(text)}
    calls = [it for it in families["octollm_calls"].samples if it.name.endswith("_total")]
    assert {(it.labels["service"], it.labels["method"], it.value) for it in calls} == {
        ("one", 'a "b c" {d}', 1.0),
        ("two", 'a "b c" {d}', 2.0),
    }
    depth = {it.labels["service"]: it.value for it in families["octollm_depth"].samples}
    assert depth == {"one": 1.0, "two": 2.0}
    sums = [it for it in families["octollm_time_seconds"].samples if it.name.endswith("_sum")]
    assert {it.labels["service"]: it.value for it in sums} == {"one": 1.0, "two": 2.0}
    up = {it.labels["service"]: it.value for it in families["octollm_service_up"].samples}
    assert up == {"one": 1.0, "two": 1.0, "three": 0.0}


def test_each_family_has_one_head() -> None:
    lines = merged({"one": page(1), "two": page(2)}).splitlines()
    heads = [line.split(" ")[2] for line in lines if line.startswith("# TYPE")]
    assert len(heads) == len(set(heads))
