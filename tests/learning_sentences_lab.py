"""Cases of a verdict on runs that ended otherwise, guessed or had no fair chance, and on times; see tests.sentences_lab."""

import functools
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np

from tests.verdict_lab import FULL, PROBE, SCRATCH, answered, experiment, judge, networks, run, three
from tests.verdict_sentences_lab import MANY, NO, Case, of_two, right
from tl.analysis import (
    claim_wording,
    fairness_wording,
    uncounted_runs,
    wording,
)
from tl.analysis.guessing import Pictures
from tl.analysis.results import (
    Learning,
    Verdict,
)
from tl.config import ArmConfig, Experiment

TEN = {"validation": Pictures((90,) * 10), "test": Pictures((90,) * 10)}


TWELVE = {"validation": Pictures((10,) * 12), "test": Pictures((10,) * 12)}


LEARNED = [0.5, 0.7, 0.8]


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
