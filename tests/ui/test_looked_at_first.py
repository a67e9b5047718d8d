"""Which arms Inspect begins with: what it compares with is what the verdict holds the arm against."""

from types import SimpleNamespace
from typing import Any

import pytest

from tl.analysis.baselines import held_against
from tl.config import ArmConfig, Experiment
from tl.ui.inspect.choice import initial_choice

TWO_NETWORKS = (
    ArmConfig(name="small", strategy="scratch"),
    ArmConfig(name="large, tuned", strategy="full_finetuning", backbone="resnet50"),
    ArmConfig(name="large", strategy="scratch", backbone="resnet50"),
)


def looked_at(arms: tuple[ArmConfig, ...], target: str | None, finished: tuple[str, ...]) -> tuple[str, str | None]:
    spec = Experiment(dataset="photos", target_dataset=target, arms=arms)
    now: Any = SimpleNamespace(
        experiment=spec, experiment_id="x", answered=tuple(SimpleNamespace(arm=name) for name in finished)
    )
    first, other = initial_choice(now)
    assert other == held_against(spec).get(first) or held_against(spec).get(first) not in finished
    return first, other


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (("source_only", "mcc"), ("mcc", "source_only")),
        (("full_finetuning", "mcc", "source_only"), ("mcc", "source_only")),
        (("full_finetuning", "mcc"), ("mcc", "full_finetuning")),
        (("target_full", "source_only"), ("target_full", "source_only")),
    ],
)
def test_of_two_sets_what_adapts_is_compared_with_source_only(keys: tuple[str, ...], expected: tuple[str, str]) -> None:
    assert looked_at(tuple(ArmConfig(name=key, strategy=key) for key in keys), "sketches", keys) == expected


def test_of_two_networks_each_is_compared_with_itself_from_scratch() -> None:
    names = tuple(arm.name for arm in TWO_NETWORKS)
    assert looked_at(TWO_NETWORKS, None, names) == ("large, tuned", "large")
    assert looked_at(TWO_NETWORKS, None, names[:2]) == ("large, tuned", "small"), (
        "what it is held against has not finished"
    )
    assert looked_at(TWO_NETWORKS, None, names[:1]) == ("small", None)


def test_where_nothing_transfers_the_baseline_is_what_is_compared_with() -> None:
    arms = (
        ArmConfig(name="usual", strategy="scratch"),
        ArmConfig(name="slower", strategy="scratch", learning_rate=1e-4),
    )
    assert looked_at(arms, None, ("usual", "slower")) == ("slower", "usual")
