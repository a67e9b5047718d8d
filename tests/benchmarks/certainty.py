"""How often intervals hold what is true of new pictures, and how often equal arms are told apart: simulated."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.special import stdtrit

from tests.benchmarks import simulated, simulated_looks, simulated_pictures
from tests.benchmarks.row import Row
from tests.benchmarks.scale import Scale
from tl.analysis.looks import confidence_of
from tl.config import PLANNED_LOOKS
from tl.store.home import Home

PICTURES, SEEDS = (75, 150, 550, 2500), (3, 5, 10)
LOWEST, HIGHEST = 93.0, 97.0  # percent in which a 95 % interval has to hold
OTHER_LOOKS = ((4, 5, 10, 20), (7, 10, 20), (3, 20), tuple(range(3, 21)))
RARE_PICTURES = 45


def certainty(home: Home, scale: Scale) -> list[Row]:
    """Simulated: how often intervals hold the gain on new pictures, and false alarms over all looks."""
    parts = (_held, _unlike, _rare, _resplit, _sweeps, _looks, _widths)
    return [row for part in parts for row in part(np.random.default_rng(13), scale)]


def _inside(what: str, held: simulated.Held, against: str) -> Row:
    percent = 100 * held.crossed
    limit = {"at_most": HIGHEST} if percent > (LOWEST + HIGHEST) / 2 else {"at_least": LOWEST}
    note = f"{against} {100 * held.seeds:.1f} %; ± {100 * held.half_width:.1f} points"
    return Row(what=what, measured=percent, unit="%", note=note, **limit)


def _held(random, scale: Scale) -> Iterator[Row]:
    for kind in simulated.KINDS:
        for pictures in PICTURES:
            for seeds in SEEDS:
                held = simulated.coverage(
                    kind, random, pictures=pictures, seeds=seeds, repeats=scale.simulated_comparisons
                )
                yield _inside(f"held, {kind.name}: {pictures} pictures, {seeds} seeds", held, "t over seeds")


def _unlike(random, scale: Scale) -> Iterator[Row]:
    """Pictures that belong together, uneven classes, and two splits with one network each."""
    for pictures in (150, 550):
        for seeds in SEEDS:
            known = {"pictures": pictures, "seeds": seeds, "repeats": scale.simulated_comparisons}
            told, untold = simulated_pictures.clusters_coverage(random, **known)
            name = f"{pictures} pictures, {seeds} seeds"
            yield _inside(f"held, 1 to 6 pictures belong together: {name}", told, "t over seeds")
            yield _plain(f"the same, not told so: {name}", untold)
    for pictures in (150, 550, 2500):
        for seeds in SEEDS:
            known = {"pictures": pictures, "seeds": seeds, "repeats": scale.simulated_comparisons}
            held = simulated_pictures.classes_coverage(random, **known)
            name = f"{pictures} pictures, {seeds} seeds"
            yield _inside(f"held, balanced accuracy, classes 10:1: {name}", held, "t over seeds")
    for tested in (75, 250):
        known = {"pictures": 500, "tested": tested, "repeats": scale.simulated_comparisons}
        together, apart = simulated_pictures.splits_of_two(random, **known)
        yield _plain(f"held, two splits of 500, one network each: {tested} test pictures", together)
        yield _plain(f"the same, as if they shared no picture: {tested} test pictures", apart)


def _rare(random, scale: Scale) -> Iterator[Row]:
    for looks in ((3,), (5,), (10,), PLANNED_LOOKS, tuple(range(3, 21))):
        known = {"pictures": RARE_PICTURES, "looks": looks, "repeats": scale.simulated_comparisons, "margin": 0.0}
        wrong, _, by_seeds = simulated_pictures.rare_disagreement(random, **known)
        yield Row(
            what=f"false alarms, {RARE_PICTURES} pictures, 10 % of answers change: {_seeds(looks)}",
            measured=100 * wrong,
            unit="%",
            at_most=5.0,
            note=f"t over seeds, at the last {100 * by_seeds[-1]:.0f} %",
        )


def _seeds(looks: tuple[int, ...]) -> str:
    if len(looks) == 1:
        return f"{looks[0]} seeds"
    return (
        f"looks at {looks[0]} to {looks[-1]}, every one" if len(looks) > 5 else f"looks at {', '.join(map(str, looks))}"
    )


def _plain(what: str, held: simulated.Held) -> Row:
    return Row(what=what, measured=100 * held.crossed, unit="%", note=f"± {100 * held.half_width:.1f} points")


def _resplit(random, scale: Scale) -> Iterator[Row]:
    for seeds in SEEDS:
        for sample in (simulated.TRAINED, 80):
            gains, truth = simulated.splits(random, seeds=seeds, repeats=scale.simulated_splits, sample=sample)
            held = simulated.splits_coverage(gains, truth, simulated.TRAINED)
            yield _inside(f"held, new splits: {seeds} seeds, {sample} of 280 training pictures", held, "t over seeds")
            if sample < simulated.TRAINED:
                held = simulated.splits_coverage(gains, truth, sample)
                yield _plain(f"the same, the {sample} counted instead of the 280", held)


def _sweeps(random, scale: Scale) -> Iterator[Row]:
    for seeds in (3, 5):
        for known in (True, False):
            held = simulated.sweeps_coverage(random, seeds=seeds, repeats=scale.simulated_sweeps, known=known)
            how = "seeds and pictures drawn" if known else "seeds alone drawn"
            for name, value in held.items():
                yield Row(
                    what=f"held, sweep, {name}: 300 pictures, {seeds} seeds, {how}", measured=100 * value, unit="%"
                )


def _looks(random, scale: Scale) -> Iterator[Row]:
    repeats = scale.simulated_comparisons
    for looks in (PLANNED_LOOKS, *OTHER_LOOKS):
        for arms in (1, 5):
            wrong, naive = (
                simulated.t_false_alarms(random, looks=looks, arms=arms, repeats=20 * repeats, planned=planned)
                for planned in (True, False)
            )
            note = f"at 95 % each time {100 * naive:.1f} %"
            yield _alarm(f"seeds alone, {arms + 1} arms: {_seeds(looks)}", wrong, note)
    for looks in (PLANNED_LOOKS, *OTHER_LOOKS):
        for mixture in simulated_looks.MIXTURES:
            wrong, naive, widths = simulated_looks.mixture_false_alarms(
                mixture, random, looks=looks, repeats=20 * repeats
            )
            note = f"at 95 % each time {100 * naive:.1f} %; last interval {widths[-1] / widths[0]:.2f} of the first"
            yield _alarm(f"{mixture.name}, 2 arms: {_seeds(looks)}", wrong, note)
    for kind in simulated.KINDS:
        for pictures, looks in (*((number, PLANNED_LOOKS) for number in PICTURES), (150, OTHER_LOOKS[-1])):
            for arms in (1, 5):
                equal = replace(kind, accuracies=(0.75,) * (arms + 1))
                few = max(repeats // (4 if pictures > 550 else 1), 1)
                planned, naive = simulated.false_alarms(equal, random, pictures=pictures, looks=looks, repeats=few)
                note = f"margin of 1 point {100 * planned[1]:.1f} %; at 95 % each time {100 * naive[0]:.1f} %"
                what = f"{kind.name}, {arms + 1} arms: {pictures} pictures, {_seeds(looks)}"
                yield _alarm(what, planned[0], note)


def _alarm(what: str, wrong: float, note: str) -> Row:
    return Row(what=f"false alarms, {what}", measured=100 * wrong, unit="%", at_most=5.0, note=note)


def _widths(random, scale: Scale) -> Iterator[Row]:
    for look, seeds in enumerate(PLANNED_LOOKS, start=1):
        single = float(stdtrit(seeds - 1, 0.975))
        planned = float(stdtrit(seeds - 1, 0.5 + confidence_of(look) / 2)) / single
        any_number = simulated.anytime_factor(seeds) / single
        what = f"width of the seeds' part at {seeds} seeds, planned looks, in widths of a single look"
        yield Row(
            what=what,
            measured=planned,
            unit="",
            against="any number of looks",
            reference=any_number,
            ratio=planned / any_number,
            at_most=1.0,
        )
