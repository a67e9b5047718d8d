"""Constructed cases for every kind of sentence that a verdict may say, and those said beside it.

A case says it in the language of whoever reads when it is called: sentences made of `say`, so that they can be said again.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import pytest

from tests.learning_sentences_lab import ends, fairness, guessing, measures, times
from tests.sweep_sentences_lab import break_evens, sweeps
from tests.verdict_lab import FULL, SCRATCH, experiment, judge
from tests.verdict_sentences_lab import OUTCOMES, Case, claims, shapes
from tl.analysis import (
    names,
    power,
    references,
    settle_wording,
    unplanned,
)
from tl.analysis.verdict import check
from tl.config import Refused
from tl.store.queue.settle_plan import SettlePlan
from tl.strategies import STRATEGIES


def others() -> Iterator[Case]:
    """Looks, notes, what is refused, what a test set can show."""
    spec = replace(experiment(SCRATCH, FULL, seeds=range(10)), looks=(3, 5, 10))
    for seeds, outcome in product((3, 5, 10), OUTCOMES):
        yield "a look", lambda seeds=seeds, outcome=outcome: settle_wording.look(spec, seeds, outcome)
    yield (
        "a look, one more seed",
        lambda: settle_wording.look(replace(spec, seeds=(0, 1, 2, 3), looks=(3, 4)), 3, "undecided"),
    )
    yield "under way", lambda: settle_wording.under_way(spec, SettlePlan(), 725.0)
    for ended in ("decided", "seeds", "minutes", "pictures", "stopped", "failed"):
        for message in (None, "42."):
            yield (
                f"ended: {ended}",
                lambda ended=ended, message=message: settle_wording.why_ended(
                    spec, SettlePlan(ended=ended, message=message)
                ),
            )
    arms = experiment(SCRATCH, FULL, names=(SCRATCH, "mine")).arms
    runs = [
        SimpleNamespace(arm=arm, seed=seed, notes=notes)
        for arm, seed, notes in ((SCRATCH, 0, ("42.",)), ("mine", 0, ("42.",)), ("mine", 1, ("42.", "43.")))
    ]
    yield "notes", lambda: [*unplanned.notes(arms, runs), *unplanned.notes_of(runs[1:]), *unplanned.notes_of(runs[:1])]
    for pictures in (1, 5, 153, 20_000, 120_000, 118_000):
        yield f"{pictures} test pictures", lambda pictures=pictures: power.sentence(pictures)
    yield "published", lambda: [reference.label for reference in references.REFERENCES]

    def refused(**asked) -> str:
        with pytest.raises(Refused) as told:
            check(**asked)
        return told.value.args[0]

    for asked in ({"judge_by": "luck"}, {"margin": 2.0}, {"target": 0.0}):
        yield f"refused: {asked}", lambda asked=asked: refused(**asked)

    def no_arm() -> str:
        with pytest.raises(Refused) as told:
            judge(spec, [], baseline="luck")
        return told.value.args[0]

    yield "refused: a baseline", no_arm
    for name in (*STRATEGIES, "mine", "from nothing", "Linear probe, EfficientNet-Lite0, 128 px"):
        yield f"the arm {name}", lambda name=name: [names.title(name), names.inside(name), names.noun(name)]


PARTS = (shapes, claims, ends, measures, guessing, fairness, times, break_evens, sweeps, others)


def each_of(said: object) -> list[str]:
    """What a case says, one by one."""
    return [said] if isinstance(said, str) else [each for each in said if each]
