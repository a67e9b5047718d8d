"""Cases of what is compared in a verdict and what may be said of a gain; see tests.sentences_lab."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

import numpy as np

from tests.verdict_lab import FULL, PROBE, SCRATCH, answered, judge
from tl.analysis import (
    claim_wording,
    names,
    open_outcome,
)
from tl.analysis.guessing import Pictures
from tl.analysis.results import (
    NEW_PICTURES,
    NEW_TRAINING,
    NO_INTERVAL,
    THESE_NETWORKS,
    THESE_PICTURES,
    Interval,
    Verdict,
)
from tl.config import ArmConfig, Experiment

TINY = "mobilenet_v2-tiny-imagenet-64"
LITE = {"backbone": "efficientnet_lite0"}
NO, MANY = {}, {"validation": Pictures((500, 500)), "test": Pictures((500, 500))}
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
    close = functools.cache(lambda: of_two(0.6, 0.62))
    for basis, prospect in product((NEW_PICTURES, NEW_TRAINING), prospects):

        def next_(basis=basis, prospect=prospect) -> str:
            found = close()
            claim = found.headline_claim
            open_ = {"outcome": "undecided", "seeds_can_settle": None, "more_pictures": None, "test_pictures": 300}
            interval = replace(claim.interval, basis=basis)
            return open_outcome.what_next(found, FULL, replace(claim, **open_ | prospect, interval=interval))

        yield f"what next: {prospect}", next_
