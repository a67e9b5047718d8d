"""Constructed cases for every kind of sentence that a verdict may say, and those said beside it.

A case says it in the language of whoever reads when it is called: sentences made of `say`, so that they can be said again.
"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from tests.verdict_lab import FULL, PROBE, SCRATCH, answered, experiment, judge, networks, run, three
from tl.analysis import (
    claim_wording,
    fairness_wording,
    names,
    power,
    references,
    settle_wording,
    sweep_wording,
    uncounted_runs,
    unplanned,
    wording,
)
from tl.analysis.guessing import Pictures
from tl.analysis.results import (
    NEW_PICTURES,
    NEW_TRAINING,
    NO_INTERVAL,
    THESE_NETWORKS,
    THESE_PICTURES,
    Interval,
    Learning,
    Verdict,
)
from tl.analysis.sweep_results import BreakEven, Curve, SizeResult, SweepComparison, SweepFinding, Worth
from tl.analysis.verdict import check
from tl.config import ArmConfig, Experiment, Refused
from tl.store.settle_plan import SettlePlan
from tl.strategies import STRATEGIES

TINY = "mobilenet_v2-tiny-imagenet-64"
LITE = {"backbone": "efficientnet_lite0"}
NO, MANY = {}, {"validation": Pictures((500, 500)), "test": Pictures((500, 500))}
TEN = {"validation": Pictures((90,) * 10), "test": Pictures((90,) * 10)}
TWELVE = {"validation": Pictures((10,) * 12), "test": Pictures((10,) * 12)}
LEARNED = [0.5, 0.7, 0.8]
OUTCOMES = ("helps", "hurts", "no_difference", "undecided")
Case = tuple[str, Callable[[], object]]  # what it is about; says it, in the reader's language


def right(share: float, seeds: int = 3, pictures: int = 300) -> np.ndarray:
    """(seeds, pictures): so many of the answers right, not the same ones in every seed."""
    found = np.zeros((seeds, pictures), bool)
    for seed in range(seeds):
        found[seed, np.random.default_rng(seed).permutation(pictures)[: round(share * pictures)]] = True
    return found


def of_arms(arms: dict[str, tuple[str, dict, float]], seeds: int = 3, **options) -> Verdict:
    """The verdict on arms: name -> (strategy, what it has of its own, share of right answers)."""
    own = tuple(ArmConfig(name=name, strategy=strategy, **own) for name, (strategy, own, _) in arms.items())
    runs = [
        answered(name, rows, seed)
        for name, (_, _, share) in arms.items()
        for seed, rows in enumerate(right(share, seeds))
    ]
    spec = Experiment(
        dataset="blossoms",
        weights=TINY,
        arms=own,
        seeds=tuple(range(seeds)),
        target_dataset=options.get("works_on"),
    )
    return judge(spec, runs, **options)


def of_two(base: float, arm: float, seeds: int = 3, **options) -> Verdict:
    return of_arms({SCRATCH: (SCRATCH, {}, base), FULL: (FULL, {}, arm)}, seeds, **options)


def shapes() -> Iterator[Case]:
    """What is compared, and with how many runs."""
    mine = ("mine", "Linear probe, EfficientNet-Lite0, 128 px", "from nothing")
    sets = {"works_on": "sketches"}
    source = "Source only, from scratch"
    compared = {
        "from scratch and another": {SCRATCH: (SCRATCH, {}, 0.6), FULL: (FULL, {}, 0.8)},
        "three arms": {SCRATCH: (SCRATCH, {}, 0.5), FULL: (FULL, {}, 0.8), PROBE: (PROBE, {}, 0.6)},
        "three arms, one hurts": {SCRATCH: (SCRATCH, {}, 0.6), FULL: (FULL, {}, 0.8), PROBE: (PROBE, {}, 0.4)},
        "two strategies": {PROBE: (PROBE, {}, 0.6), FULL: (FULL, {}, 0.8)},
        "two names": {"mine": (PROBE, {}, 0.6), "yours": (PROBE, {}, 0.8)},
        "two sources": {FULL: (FULL, {}, 0.6), "other": (FULL, {"weights": "imagenet"}, 0.8)},
        "two sources, two ways": {FULL: (FULL, {}, 0.6), "other": (PROBE, {"weights": "imagenet"}, 0.8)},
        "two sources and scratch": {
            SCRATCH: (SCRATCH, {}, 0.5),
            FULL: (FULL, {}, 0.6),
            "more": (FULL, {"weights": "imagenet"}, 0.8),
        },
        "two networks": {SCRATCH: (SCRATCH, {}, 0.6), "mine": (PROBE, LITE, 0.8)},
        "two networks and sizes": {
            mine[2]: (SCRATCH, {}, 0.6),
            mine[1]: (PROBE, LITE | {"resolution": 128}, 0.8),
        },
        "LoRA with another network": {SCRATCH: (SCRATCH, {}, 0.6), "lora": ("lora", LITE, 0.8)},
        "the same network from scratch": {
            SCRATCH: (SCRATCH, {}, 0.5),
            "plain": (SCRATCH, LITE, 0.4),
            FULL: (FULL, {}, 0.6),
            "probe": (PROBE, LITE, 0.8),
        },
        "three networks": {
            "a": (PROBE, {}, 0.8),
            "b": (PROBE, LITE, 0.6),
            "c": (PROBE, {"backbone": "resnet18"}, 0.5),
        },
        "one way to adapt": {"source_only": ("source_only", {}, 0.6), "mcc": ("mcc", {}, 0.8)},
        "ways to adapt": {
            "source_only": ("source_only", {}, 0.7),
            "adabn": ("adabn", {}, 0.72),
            "dann": ("dann", {}, 0.4),
            "target_few": ("target_few", {}, 0.8),
            "best": ("target_full", {}, 0.9),
        },
        "labels of the target": {"source_only": ("source_only", {}, 0.6), "few": ("target_few", {}, 0.8)},
        "all labels of the target": {"source_only": ("source_only", {}, 0.6), "target_full": ("target_full", {}, 0.9)},
        "began otherwise": {"source_only": ("source_only", {}, 0.8), "Mine": ("dann", {"weights": "random"}, 0.5)},
        "without pretrained weights": {
            source: ("source_only", {"weights": "random"}, 0.6),
            "mcc": ("mcc", {"weights": "random"}, 0.8),
        },
    }
    for (what, arms), seeds in product(compared.items(), (1, 3)):
        options = sets if "source_only" in arms or source in arms else NO
        last = list(arms)[-1]
        for share in (arms[last][2], 0.2, arms[next(iter(arms))][2]):
            changed = arms | {last: (*arms[last][:2], share)}
            yield (
                f"{what}, {seeds} seeds",
                lambda changed=changed, seeds=seeds, options=options: of_arms(changed, seeds, **options).text,
            )
    yield (
        "comparisons",
        lambda: [entry.text for entry in of_arms(compared["ways to adapt"], **sets).comparisons.values()],
    )
    yield (
        "against others",
        lambda: [
            names.open_question(found, name)
            for arms in compared.values()
            for found in [of_arms(arms, 1, **(sets if {"source_only", source} & set(arms) else NO))]
            for name in found.comparisons
        ],
    )
    yield "what it covers", lambda: claim_wording.covers(of_two(0.6, 0.8))


def claims() -> Iterator[Case]:
    """What may be said of a gain, and what would settle it."""
    arms = {"mine": (PROBE, LITE, 0.8)}
    sets = {"source_only": ("source_only", {}, 0.6), "mcc": ("mcc", {}, 0.8)}
    kinds: dict[str, Callable[[], Verdict]] = {
        "transfer": functools.cache(lambda: of_two(0.6, 0.8)),
        "two networks": functools.cache(lambda: of_arms({SCRATCH: (SCRATCH, {}, 0.6)} | arms)),
        "two sets": functools.cache(lambda: of_arms(sets, works_on="sketches")),
    }
    bases = (NEW_PICTURES, NEW_TRAINING, THESE_PICTURES)
    picked = ((1, 1), (2, 1), (1, 2), (3, 3))
    for (what, made), outcome, basis, (of, look), tested in product(
        kinds.items(), OUTCOMES, bases, picked, (None, 1000)
    ):

        def said(made=made, outcome=outcome, basis=basis, of=of, look=look, tested=tested) -> list[str]:
            found = made()
            name, claim = found.headline, found.headline_claim
            interval = replace(claim.interval, basis=basis)
            claim = replace(
                claim, outcome=outcome, of=of, look=look, test_pictures=tested, interval=interval, more_seeds=2
            )
            covers = claim_wording.covers(replace(found, headline_claim=claim))
            return [claim_wording.claim_sentence(found, name, claim), covers]

        yield f"{what}: {outcome}, {basis}, of {of}, look {look}", said
    hints = product(kinds.items(), (0.2, -0.2, 0.001), (NO_INTERVAL, THESE_NETWORKS), (1, 2, 3, 5), (True, False))
    for (what, made), mean, basis, seeds, clear in hints:

        def hinted(made=made, mean=mean, basis=basis, seeds=seeds, clear=clear) -> str:
            found = made()
            name, claim = found.headline, found.headline_claim
            low, high = (None, None) if basis == NO_INTERVAL else (mean - 0.01, mean + 0.01) if clear else (-0.3, 0.3)
            seeds = seeds if basis == NO_INTERVAL else min(seeds, 2)
            entry = replace(found.comparisons[name], seeds=seeds)
            found = replace(found, comparisons=found.comparisons | {name: entry})
            return claim_wording.claim_sentence(found, name, replace(claim, interval=Interval(mean, low, high, basis)))

        yield f"{what}: a hint of {mean}, {seeds} seeds", hinted
    prospects = [
        {"more_seeds": 1},
        {"more_seeds": 4},
        {"more_seeds": 4, "more_pictures": 640},
        {"more_seeds": 40},
        {"more_seeds": 40, "more_pictures": 640},
        {"more_seeds": None, "seeds_can_settle": False},
        {"more_seeds": None, "seeds_can_settle": False, "more_pictures": 640},
        {"more_seeds": None, "more_pictures": 640},
        {"more_seeds": None},
    ]
    for basis, prospect in product((NEW_PICTURES, NEW_TRAINING), prospects):

        def next_(basis=basis, prospect=prospect) -> str:
            found = of_two(0.6, 0.62)
            claim = found.headline_claim
            open_ = {"outcome": "undecided", "seeds_can_settle": None, "more_pictures": None, "test_pictures": 300}
            interval = replace(claim.interval, basis=basis)
            return claim_wording.what_next(found, FULL, replace(claim, **open_ | prospect, interval=interval))

        yield f"what next: {prospect}", next_


def ends() -> Iterator[Case]:
    """Runs that failed, were stopped, are to come; and what there is then."""
    statuses = ("failed", "stopped", "interrupted", "queued", "running")
    failed = {"reason": "diverged"}
    for status, seeds, lost in product(statuses, (1, 2, 3), (1, 2)):
        for reason in ("diverged", "out_of_gpu_memory", None) if status == "failed" else (None,):

            def told(status=status, seeds=seeds, lost=lost, reason=reason) -> str:
                runs = [run(SCRATCH, [0.5], 0.5, seed=seed) for seed in range(seeds)]
                for seed in range(seeds):
                    gone = seed >= seeds - lost
                    runs.append(
                        run(
                            FULL,
                            [0.6],
                            None if gone else 0.6,
                            seed=seed,
                            status=status if gone else "finished",
                            result={"reason": reason} if gone else None,
                        )
                    )
                return judge(experiment(SCRATCH, FULL, seeds=range(seeds)), runs).text

            yield f"{lost} of {seeds} {status}", told
    for status in statuses:
        yield (
            f"nothing of {status}",
            lambda status=status: (
                judge(
                    experiment(SCRATCH, FULL),
                    [
                        run(SCRATCH, [0.5], 0.5),
                        run(FULL, [], status=status, result=failed if status == "failed" else None),
                    ],
                ).text
            ),
        )
        yield (
            f"nothing of two {status}",
            lambda status=status: (
                judge(experiment(SCRATCH, FULL), [run(arm, [], status=status) for arm in (SCRATCH, FULL)]).text
            ),
        )
        yield (
            f"both {status}",
            lambda status=status: (
                judge(experiment(SCRATCH, FULL), [run(arm, [0.5], status=status) for arm in (SCRATCH, FULL)]).text
            ),
        )
    spec = experiment(SCRATCH, FULL, seeds=(0, 1))
    yield "no run", lambda: judge(spec, []).text
    yield "one without a run", lambda: judge(spec, [run(SCRATCH, [0.5], 0.5)]).text
    yield "no seed in common", lambda: judge(spec, [run(SCRATCH, [0.5], 0.5), run(FULL, [0.6], 0.6, seed=1)]).text
    yield (
        "two reasons",
        lambda: [
            uncounted_runs.state(replace(own, statuses={"failed": 2}, reasons=("diverged", "disk_full")))
            for own in judge(spec, []).summary.values()
        ],
    )
    alone = experiment(SCRATCH)
    for test, options in product((None, 0.5), (NO, MANY)):
        yield (
            "one arm alone",
            lambda test=test, options=options: (
                judge(alone, [run(SCRATCH, [0.5], test, status="finished" if test else "running")], **options).text
            ),
        )
    yield (
        "one arm alone, balanced",
        lambda: judge(alone, [answered(SCRATCH, right(0.8, 1)[0])], judge_by="balanced_accuracy").text,
    )
    two = {"works_on": "sketches"}
    arms = tuple(ArmConfig(name=key, strategy=key) for key in ("source_only", "mcc"))
    sets = Experiment(dataset="photos", target_dataset="sketches", arms=arms, seeds=(0,))
    yield "nobody labelled them", lambda: judge(sets, [run(arm.name, [0.5]) for arm in arms], **two).text
    yield "not tested yet", lambda: judge(sets, [run(arm.name, [0.5], status="running") for arm in arms], **two).text


def measures() -> Iterator[Case]:
    """By which measure, on which pictures, at which look."""
    for uneven in (True, False):
        yield (
            "balanced accuracy",
            lambda uneven=uneven: of_two(0.6, 0.8, judge_by="balanced_accuracy", uneven=uneven).text,
        )
    yield "balanced accuracy, one run", lambda: of_two(0.6, 0.8, 1, judge_by="balanced_accuracy").text
    spec, runs = three([0.12, 0.14, 0.16])
    yield "no predictions", lambda: judge(spec, runs, judge_by="balanced_accuracy", test=Pictures((250, 250))).text
    yield "nothing known of the pictures", lambda: judge(*three([1 / 45] * 3)).text
    sides = {SCRATCH: right(0.6, 5, 60), FULL: right(0.9, 5, 60)}
    for train in (280, None):

        def splits(train=train) -> str:
            spec, runs = networks(sides, {"resplit": True})
            moved = [
                replace(each, answers=replace(each.answers, picture=each.answers.picture + each.seed)) for each in runs
            ]
            return judge(spec, moved, train_pictures=train).text

        yield "splits drawn anew", splits
    yield (
        "looks",
        lambda: [
            said
            for found in [judge(*networks({SCRATCH: right(0.6, 5), FULL: right(0.8, 5)}, {"looks": (1, 3, 5)}))]
            for said in (found.text, claim_wording.covers(found))
        ],
    )


def right_of(number: int) -> list[bool]:
    return [True] * number + [False] * (120 - number)


def with_marks(found: Verdict) -> list[str]:
    return [found.text, *(fairness_wording.mark(own) for own in found.summary.values())]


def at_chance(*numbers: int, epochs: bool = False) -> Verdict:
    """Arms with so many of 120 answers right, after as many epochs or `epochs` that differ."""
    arms = dict(zip((SCRATCH, FULL, PROBE), numbers, strict=False))
    spec, runs = networks({arm: [right_of(number)] * 3 for arm, number in arms.items()}, labels=np.arange(120) % 12)
    if epochs:
        runs = [replace(each, metrics=run(FULL, [0.1] * (2 if each.arm == FULL else 4)).metrics) for each in runs]
    return judge(spec, runs, **TWELVE)


def moved(source_only: int, mcc: int, own: float) -> Verdict:
    """Of two data sets: so many of 120 pictures of the second right, after so large a share of the first's validation ones."""
    arms = tuple(ArmConfig(name=key, strategy=key) for key in ("source_only", "mcc"))
    spec = Experiment(dataset="photos", target_dataset="sketches", arms=arms, seeds=(0, 1, 2))
    runs = [
        replace(answered(arm, right_of(number), seed, labels=np.arange(120) % 12), metrics=run(arm, [own] * 3).metrics)
        for arm, number in (("source_only", source_only), ("mcc", mcc))
        for seed in range(3)
    ]
    return judge(spec, runs, works_on="sketches", **TWELVE)


def guessing() -> Iterator[Case]:
    """Arms that did no better than chance."""
    several = ((10, 11), (10, 16), (10, 10, 11), (10, 10, 16), (10, 80, 20), (10, 80), (80, 10))
    for numbers, epochs in product(several, (False, True)):
        yield (
            f"guessing {numbers}",
            lambda numbers=numbers, epochs=epochs: with_marks(at_chance(*numbers, epochs=epochs)),
        )
    for numbers in ((12, 80, 0.7), (12, 12, 0.7), (16, 16, 0.7), (12, 12, 0.1), (80, 12, 0.7)):
        yield f"two sets, guessing {numbers}", lambda numbers=numbers: with_marks(moved(*numbers))


@functools.cache
def fair() -> Verdict:
    return judge(experiment(SCRATCH, FULL), [run(SCRATCH, [0.5] * 3, 0.5), run(FULL, [0.8] * 3, 0.8)], **TEN)


def fairness() -> Iterator[Case]:
    """Diverged, not converged, cut short and the like, on either side; never unfrozen."""
    usual = {"steps": 48, "patience_steps": 300, "validation_pictures": 36}
    several = (NO, {"usual_rate": None}, {"lowest_rate": 1e-7}, {"validation_pictures": None})
    for learning, gain, known in product(product(Learning, Learning), (0.3, -0.3, 0.0), several):

        def told(learning=learning, gain=gain, known=known) -> list[str]:
            summary = {
                name: replace(own, epochs=epochs, ledger=replace(own.ledger, **usual | {"learning": state} | known))
                for (name, own), epochs, state in zip(fair().summary.items(), (2.5, 1.0), learning, strict=True)
            }
            found = replace(fair(), summary=summary)
            marks = [fairness_wording.mark(own) for own in summary.values()]
            return [fairness_wording.fairness_sentences(found, FULL, gain), *marks]

        yield f"{' and '.join(learning)}, {gain:+}", told
    for reached in ("only the head", "stage2 and above"):

        def frozen(reached=reached) -> list[str]:
            states = (Learning.STILL_IMPROVING, Learning.CONVERGED)
            summary = {
                name: replace(own, ledger=replace(own.ledger, reached=reached, learning=learning))
                for (name, own), learning in zip(fair().summary.items(), states, strict=True)
            }
            found = replace(fair(), summary=summary)
            return [wording.comparison(found, FULL), *(fairness_wording.mark(own) for own in summary.values())]

        yield "never unfrozen", frozen
    rising = [0.4, 0.5, 0.6, 0.7]
    late = ArmConfig(name="late", strategy="freeze_then_unfreeze", frozen_epochs=50)
    spec = replace(experiment(SCRATCH), arms=(*experiment(SCRATCH).arms, late), samples=500, patience_steps=0)
    runs = [run(SCRATCH, rising, 0.7), run("late", [each + 0.2 for each in rising], 0.9)]
    yield "both still learning", lambda: judge(spec, runs, **MANY).text


def times() -> Iterator[Case]:
    """How much sooner."""
    spec = experiment(SCRATCH, FULL)
    runs = [run(SCRATCH, [0.2, 0.3, 0.4], 0.4), run(FULL, LEARNED, 0.8)]
    yield "in vain", lambda: judge(spec, runs, target=0.6).text
    yield "arm in vain", lambda: judge(spec, [run(SCRATCH, [0.7], 0.7), run(FULL, [0.5, 0.5], 0.5)], target=0.6).text
    yield "both in vain", lambda: judge(spec, runs, target=0.99).text
    for seconds in (20.0, 10.0, 5.0):
        yield (
            "times",
            lambda seconds=seconds: (
                judge(
                    spec,
                    [run(SCRATCH, LEARNED, 0.8, seconds=seconds), run(FULL, LEARNED, 0.8, reused_seconds=2.0)],
                    target=0.8,
                ).text
            ),
        )

    def partly(late: str, quick: str) -> str:
        ways = [([0.5] * 3, 10.0), ([0.5] * 3, 12.0), ([0.1] * 3, 10.0)]
        runs = [run(late, rise, rise[-1], seed=seed, seconds=seconds) for seed, (rise, seconds) in enumerate(ways)]
        runs += [run(quick, [0.6] * 3, 0.6, seed=seed, seconds=5.0) for seed in range(3)]
        return judge(experiment(SCRATCH, FULL, seeds=range(3)), runs, target=0.4).text

    yield "some in vain", lambda: [partly(SCRATCH, FULL), partly(FULL, SCRATCH)]
    for change in (
        {"devices": ("CPU, A", "NVIDIA B")},
        {"comparable": False},
        {"disturbed_epochs": 1},
        {"disturbed_epochs": 3, "reused_seconds": 6.0},
    ):

        def told(change=change) -> str:
            found = judge(spec, [run(SCRATCH, LEARNED, 0.8, seconds=20.0), run(FULL, LEARNED, 0.8)], target=0.8)
            entry = found.comparisons[FULL]
            entry = replace(entry, time_to_target=replace(entry.time_to_target, **change))
            return claim_wording.claim_sentence(replace(found, comparisons={FULL: entry}), FULL, entry.claim)

        yield f"times, {change}", told
    yield (
        "target near chance",
        lambda: judge(spec, [run(SCRATCH, [0.5], 0.5), run(FULL, [0.6], 0.6)], target=0.12, **TEN).text,
    )
    for shares in ((0.22, 0.6), (0.22, 0.23), (0.6, 0.22)):
        yield (
            "learned little",
            lambda shares=shares: (
                judge(
                    spec, [run(arm, [share], share) for arm, share in zip((SCRATCH, FULL), shares, strict=True)], **TEN
                ).text
            ),
        )
    own = "Linear probe, EfficientNet-Lite0, 128 px"
    named = experiment(SCRATCH, PROBE, names=("mine", own))
    yield (
        "learned little, of other names",
        lambda: [
            judge(named, [run("mine", [low], low), run(own, [high], high)], **TEN).text
            for low, high in ((0.22, 0.6), (0.6, 0.22))
        ],
    )


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
