"""The numbers of a verdict in words: measures of a comparison, the ledger of fairness. The page and reports show both."""

from collections.abc import Callable

from tl.analysis import claim_wording, fairness, fairness_wording
from tl.analysis.cost_results import Cost
from tl.analysis.names import title
from tl.analysis.records import FAR_ABOVE
from tl.analysis.results import ArmSummary, Interval, Learning, Ledger, Verdict
from tl.backbones import BACKBONES
from tl.config import BALANCED_ACCURACY, TRANSFERRED
from tl.differences import source_title
from tl.measures import GUESSING_ERRORS
from tl.report.measure import Measure, pictures, span
from tl.report.time_findings import time_measure
from tl.words import (
    NOT_AVAILABLE,
    count,
    duration,
    energy,
    mean_count,
    memory,
    number_of,
    operations,
    percent,
    points,
    rate,
)

CHOSEN = {
    fairness.DEFAULT: "the strategy's usual one",
    fairness.GIVEN: "set by hand",
    fairness.FOUND: "found by a range test",
    fairness.PARTLY_FOUND: "found by a range test, the usual one where that showed none",
    fairness.NOT_FOUND: "the usual one, as a range test showed none",
    fairness.NO_RATE: "none: nothing trains by gradient",
}
_FAIRNESS_HEAD = (
    "Steps",
    "Epochs",
    "Learning rate",
    "Early stopping",
    "How it ended",
    "Validation curve at the end",
    "Learning",
)
TRANSFERRED_HEADS = {"backbone": "Network", "weights": "Pretrained weights", "resolution": "Resolution"}
NONE_TRANSFERRED = "none"
LEARNING = {
    Learning.CONVERGED: "converged",
    Learning.STILL_IMPROVING: "still improving",
    Learning.LEARNED_NOTHING: "no better than chance",
    Learning.ONLY_ITS_OWN: "only pictures like its own",
    Learning.TOO_FEW_STEPS: "too few steps",
    Learning.TOO_NOISY: "too few validation pictures to tell",
    Learning.DIVERGED: "diverged",
    Learning.STOPPED: "cut short",
    Learning.UNKNOWN: NOT_AVAILABLE,
}
FAIRNESS_NOTE = (
    "Early stopping: after so many epochs with a validation loss above the lowest, by more than so many standard errors. "
    f"No better than chance: the accuracy, on the test set where it was measured, is at most {GUESSING_ERRORS} "
    "standard errors above that of always naming the commonest class (balanced accuracy: of guessing each class alike). "
    "Only pictures like its own: of two data sets, no better than chance on the one it works on, but better on validation "
    "pictures of the one it learned from. "
    f"Diverged: training and validation loss ended at more than {FAR_ABOVE} times that of guessing. Too few steps: with "
    "random weights fewer than early stopping waits for. Still improving: the best validation accuracy rose by more than "
    "the margin over the last fifth of the epochs. Too few validation pictures: it did not, but its standard error, "
    f"binomial, over all runs is above {100 * fairness.NOISE:.0f} points."
)


def measures(found: Verdict, name: str) -> list[Measure]:
    """What the arm `name` gained, saved and cost against the baseline; what is not known is left out."""
    entry = found.comparisons[name]
    cost = entry.cost
    candidates = [
        _gain(found, name),
        None if found.works_on else time_measure(entry.time_to_target),  # on the source's pictures: not what counts
        _epochs_used(cost.epochs, found.summary[name], found.summary[entry.against]),
        _cost("Peak memory", cost.memory_bytes, memory),
        _cost("Computing time", cost.seconds, duration),
        _cost("Pictures seen", cost.images, pictures),
        _cost("Operations", cost.flops, operations),
        _cost("Energy", cost.energy_joules, energy),
    ]
    return [measure for measure in candidates if measure]


def _gain(found: Verdict, name: str) -> Measure | None:
    entry, gain = found.comparisons[name], decisive(found, name)
    if gain is None:
        return None
    sides = entry.test_accuracy if entry.tested else entry.validation_accuracy
    label = "Test accuracy" if entry.tested else "Validation accuracy"
    if entry.tested and found.judge_by == BALANCED_ACCURACY:
        label = "Balanced accuracy"
    change = f"{percent(sides.baseline)} → {percent(sides.arm)}"
    better = entry.probability_better
    share = f" Better in {percent(better, 0)} of {entry.seeds} pairs." if better is not None and entry.seeds > 1 else ""
    text = f"Mean of the paired differences per seed: {change}.{share}"
    if gain.low is None or gain.high is None:
        return Measure(label, points(gain.mean), change, text)
    return Measure(
        label, points(gain.mean), f"95 %: {claim_wording.span(gain)}", f"{text} {claim_wording.COVERS[gain.basis]}"
    )


def decisive(found: Verdict, name: str) -> Interval | None:
    """The gain with the interval that decides: for the arm with the largest gain, as its claim has it."""
    claim = found.headline_claim
    chosen = claim.interval if claim and name == found.headline else None
    return chosen or found.comparisons[name].gain


def _epochs_used(used: Cost, arm: ArmSummary, baseline: ArmSummary) -> Measure | None:
    if used.arm is None or used.baseline is None:
        return None
    stops = [own.ledger.stopped_early for own in (arm, baseline)]
    early = f", early {stops[0]} vs {stops[1]}" if any(stops) else ""
    ends = " against ".join(f"{own.ledger.stopped_early} of {number_of(own.runs, 'run')}" for own in (arm, baseline))
    text = f"Mean number of epochs a run used. Early stopping ended {ends}."
    return Measure("Epochs", mean_count(used.arm), f"vs {mean_count(used.baseline)}{early}", text)


def _cost(label: str, cost: Cost, say: Callable[[float], str]) -> Measure | None:
    if cost.arm is None or cost.baseline is None:
        return None
    note, ratio = f"vs {say(cost.baseline)}", cost.ratio
    if ratio is None:
        return Measure(label, say(cost.arm), note)
    text = f"{ratio.value:.2f} times the baseline's"
    if ratio.low is not None and ratio.high is not None:
        text += f", 95 % interval {span(ratio.low, ratio.high, lambda value: f'{value:.2f}')}"
    return Measure(label, say(cost.arm), f"{note} ({ratio.value:.2f}×)", f"{text}. Mean of a whole run.")


def fairness_head(found: Verdict) -> tuple[str, ...]:
    """Columns of `fairness_rows`: what arms transfer where that differs, and what they were given."""
    return ("Arm", *(TRANSFERRED_HEADS[name] for name in _differing(found)), *_FAIRNESS_HEAD)


def fairness_rows(found: Verdict) -> list[tuple[str, ...]]:
    """What every arm was given and how far it got with it, columns `fairness_head`."""
    return [_fairness_row(name, own, _differing(found)) for name, own in found.summary.items()]


def _differing(found: Verdict) -> list[str]:
    """Which of TRANSFERRED differ between arms."""
    values = [_transferred(own) for own in found.summary.values()]
    several = {name: {own[name] for own in values} - {NONE_TRANSFERRED} for name in TRANSFERRED}
    return [name for name in TRANSFERRED if len(several[name]) > 1]


def _transferred(own: ArmSummary) -> dict[str, str]:
    """By TRANSFERRED, in words."""
    weights = NONE_TRANSFERRED if own.weights is None else source_title(own.weights)
    return {"backbone": BACKBONES[own.backbone].title, "weights": weights, "resolution": f"{own.resolution} px"}


def _fairness_row(name: str, own: ArmSummary, differing: list[str]) -> tuple[str, ...]:
    given, transferred = own.ledger, _transferred(own)
    return (
        title(name),
        *(transferred[each] for each in differing),
        NOT_AVAILABLE if given.steps is None else count(round(given.steps)),
        _epochs(own),
        _learning_rate(given),
        _early_stopping(given),
        _ends(own),
        _slope(own),
        _learning(given),
    )


def _learning(given: Ledger) -> str:
    if given.learning == Learning.LEARNED_NOTHING:  # or too few pictures show it
        return (
            fairness_wording.over_chance(given.counted_accuracy, given.chance).removeprefix("was ").removeprefix("did ")
        )
    return LEARNING[given.learning]


def _learning_rate(given: Ledger) -> str:
    if given.rate_chosen == fairness.NO_RATE:
        return CHOSEN[given.rate_chosen]
    used, lowest = rate(given.learning_rate), rate(given.lowest_rate)
    used, one = (used, "") if used == lowest else (f"{used} on average, {lowest} at the lowest", "the lowest ")
    far = f", {one}far below the usual {rate(given.usual_rate)}" if fairness.rate_far_below(given) else ""
    return f"{used}, {CHOSEN[given.rate_chosen]}{far}"


def _early_stopping(given: Ledger) -> str:
    """ "after 3 epochs beyond 1 standard error, from epoch 6 and step 300 on"."""
    if not given.patience:
        return "off"
    errors = given.patience_errors
    over = f" beyond {errors:g} standard error{'' if errors == 1 else 's'}" if errors else ""
    begins = f"epoch {given.patience_start + 1:,}"
    if given.patience_steps:
        begins += f" and step {given.patience_steps:,}"
    return f"after {number_of(given.patience, 'epoch')}{over}, from {begins} on"


def _epochs(own: ArmSummary) -> str:
    if own.epochs is None:
        return NOT_AVAILABLE
    best = f", best {mean_count(own.best_epoch)}" if own.best_epoch else ""
    return f"{mean_count(own.epochs)} of {own.ledger.budget:,}{best}"


def _ends(own: ArmSummary) -> str:
    kinds = (
        (own.ledger.stopped_early, "stopped early"),
        (own.ledger.out_of_budget, "used its budget"),
        (own.ledger.cut_short, "was cut short"),
    )
    found = [(number, words) for number, words in kinds if number]
    if len(found) == 1 and own.runs == found[0][0]:
        return found[0][1]
    return ", ".join(f"{number} of {own.runs} {words}" for number, words in found) or NOT_AVAILABLE


def _slope(own: ArmSummary) -> str:
    slope, rise = own.ledger.late_slope, own.ledger.late_rise
    if slope is None or rise is None:
        return NOT_AVAILABLE
    return f"{points(slope)} an epoch, best rose by {100 * rise:.1f} in the last fifth"


def marks(found: Verdict) -> list[tuple[str, str]]:
    """(arm, what is unfair to it) of every arm that had no fair chance yet: "had not converged: more epochs may help."."""
    said = {name: fairness_wording.mark(own) for name, own in found.summary.items()}
    return [(name, f"{words}.") for name, words in said.items() if words]
