"""Cases for every kind of sentence that a sweep may say; see tests.sentences_lab."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from tests.verdict_lab import FULL, SCRATCH
from tests.verdict_sentences_lab import Case
from tl.analysis import (
    sweep_wording,
)
from tl.analysis.results import (
    NEW_PICTURES,
    NEW_TRAINING,
    NO_INTERVAL,
    THESE_NETWORKS,
    THESE_PICTURES,
    Interval,
    Learning,
)
from tl.analysis.sweep_results import BreakEven, Curve, SizeResult, SweepComparison, SweepFinding, Worth

SIZES = (100, 300, 1000, 3000)


EVENS: list[BreakEven | None] = [
    None,
    BreakEven(n=4510, low=100, low_at_most=True, high_beyond=6000),
    BreakEven(n=802, low=300, high=1900),
    BreakEven(n=802, low=None),
    BreakEven(n=802, low=802, high=802),
    BreakEven(n=100, low=100, at_most=True),
    BreakEven(n=None, beyond=6000, low=None),
    BreakEven(n=None, beyond=6000, low=1200),
    BreakEven(n=None, beyond=6000, low=100, low_at_most=True),
]


def finding(gains=(0.1, 0.05, 0.03, 0.02), blind=(), seeds=3, even=None, **changed) -> SweepFinding:
    one = changed.pop("one", {})
    reached = {
        size: SizeResult(
            accuracy=Interval(0.7 if size not in blind else 0.08, 0.6, 0.8, NEW_PICTURES),
            seconds=None,
            seeds=seeds,
            test_accuracies={0: 0.7, 1: 0.701, 2: 0.699},
            learning=changed.get("learning", Learning.CONVERGED),
            above_guessing=size not in blind,
            reached=changed.get("reached"),
            budget=4,
        )
        for size in SIZES
    }
    compared = SweepComparison(
        gain={
            size: None if gain is None else Interval(gain, None, None, "none")
            for size, gain in zip(SIZES, gains, strict=True)
        },
        seeds=dict.fromkeys(SIZES, seeds),
        break_even=even,
        worth_in_pictures=changed.get("worth", {}),
        basis=changed.get("basis", NEW_PICTURES),
        time_to_target={},
    )
    return SweepFinding(
        sweep_id="x",
        setting=None,  # words don't need it
        experiments=dict.fromkeys(SIZES, "x"),
        statuses=changed.get("statuses", {"finished": 24}),
        baseline=SCRATCH,
        margin=changed.get("margin", 0.01),
        chance=0.083,
        judge_by=changed.get("judge_by", "accuracy"),
        arms={arm: reached for arm in (SCRATCH, FULL)} | {arm: own(reached) for arm, own in one.items()},
        curves={arm: changed.get("curve") for arm in (SCRATCH, FULL)},
        headline=changed.get("headline", FULL),
        comparisons=changed.get("comparisons", {FULL: compared}),
        works_on=changed.get("works_on"),
    )


def swept(**changed) -> list[str]:
    found = finding(**changed)
    return [sweep_wording.text(found), sweep_wording.covers(found)]


def break_evens() -> Iterator[Case]:
    """Up to how many pictures an arm is worth it."""
    late = (0.003, 0.05, 0.03, 0.02)
    for even, gains in product(EVENS, ((0.1, 0.05, 0.03, 0.02), late, (0.003, 0.002, 0.03, None))):
        yield f"break-even {even and even.n}", lambda even=even, gains=gains: swept(even=even, gains=gains)
    for basis, even in product((NEW_TRAINING, THESE_NETWORKS, THESE_PICTURES, NO_INTERVAL), (EVENS[2], EVENS[7])):
        yield f"break-even, {basis}", lambda basis=basis, even=even: swept(even=even, basis=basis)
    for margin in (0.01, 0.02, 0.025, 0.3):
        yield f"margin {margin}", lambda margin=margin: swept(even=EVENS[2], margin=margin)
    yield "no second arm", lambda: swept(comparisons={}, headline=None)
    yield "nothing finished", lambda: swept(headline=None, statuses={"queued": 24})
    for blind in ((100,), (100, 300), SIZES):
        yield f"nothing learned with {blind}", lambda blind=blind: swept(even=EVENS[2], blind=blind)
        yield f"no lead with {blind}", lambda blind=blind: swept(even=EVENS[2], blind=blind, gains=(0.001,) * 4)
    yield (
        "one of them seen",
        lambda: swept(
            even=EVENS[2],
            one={
                SCRATCH: lambda reached: {
                    size: replace(entry, above_guessing=size > 300, accuracy=Interval(0.15, 0.1, 0.2, NEW_PICTURES))
                    for size, entry in reached.items()
                }
            },
        ),
    )


def sweeps() -> Iterator[Case]:
    """What else is said of a sweep."""
    worths = [
        Worth(pictures=290, ratio=2.9, low=2.1, high=3.3, bound=None),
        Worth(pictures=100, ratio=1.0, low=None, high=None, bound="at_most"),
        Worth(pictures=6000, ratio=60.0, low=None, high=None, bound="at_least"),
    ]
    for worth in worths:
        yield f"worth, {worth.bound}", lambda worth=worth: swept(even=EVENS[2], worth={100: worth})
    bent = Curve(a=1.0, b=0.5, c=0.1, largest=3000, residuals={100: 0.0, 1000: 0.1})
    yield "bent", lambda: swept(even=EVENS[2], curve=bent)
    for learning, gain in product(Learning, (0.1, -0.1)):
        yield (
            f"{learning}",
            lambda learning=learning, gain=gain: swept(even=EVENS[2], learning=learning, gains=(gain, 0.0, gain, gain)),
        )
    for seeds in (1, 2):
        yield f"{seeds} runs", lambda seeds=seeds: swept(even=EVENS[3], seeds=seeds)
    for reached in ("only the head", "stage2 and above"):
        yield "never unfrozen", lambda reached=reached: swept(even=EVENS[2], reached=reached)
    yield "two sets, balanced", lambda: swept(even=EVENS[2], works_on="sketches", judge_by="balanced_accuracy")
    for statuses in (
        {"finished": 12, "queued": 12},
        {"finished": 1, "running": 1, "stopped": 2, "failed": 1, "interrupted": 3},
        {"finished": 3, "stopped": 1},
        {"finished": 3, "failed": 2},
        {"finished": 3, "failed": 2, "queued": 1},
        {"finished": 3, "stopped": 2, "queued": 1},
        {"finished": 1, "stopped": 2, "failed": 1},
    ):
        yield f"{statuses}", lambda statuses=statuses: swept(even=EVENS[2], statuses=statuses)
    yield (
        "accuracies",
        lambda: [
            sweep_wording.accuracy_with_interval(Interval(0.7, low, high, NEW_PICTURES), 3)
            for low, high in ((None, None), (0.65, 0.74))
        ],
    )
    for bases in product((NEW_PICTURES, NEW_TRAINING, THESE_NETWORKS, THESE_PICTURES, NO_INTERVAL), repeat=2):

        def covers(bases=bases) -> str:
            found = finding(even=EVENS[2])
            arms = {
                arm: {
                    size: replace(entry, accuracy=Interval(0.7, None if basis == NO_INTERVAL else 0.6, 0.8, basis))
                    for size, entry in own.items()
                }
                for (arm, own), basis in zip(found.arms.items(), bases, strict=True)
            }
            return sweep_wording.covers(replace(found, arms=arms))

        yield f"intervals of {bases}", covers
