"""The numbers of a verdict in words: measures of a comparison, the ledger of fairness. The page and reports show both."""

from collections.abc import Callable

from tl.analysis import claim_wording, fairness, fairness_wording
from tl.analysis.cost_results import Cost
from tl.analysis.names import title
from tl.analysis.results import ArmSummary, Interval, Learning, Ledger, Verdict
from tl.backbones import BACKBONES
from tl.config import BALANCED_ACCURACY, TRANSFERRED
from tl.differences import source_title
from tl.languages import commas, joined, later, plural, say
from tl.report.measure import Measure, pictures, span
from tl.report.time_findings import time_measure
from tl.words import (
    NOT_AVAILABLE,
    count,
    duration,
    energy,
    mean_count,
    memory,
    not_available,
    number_of,
    operations,
    percent,
    points,
    rate,
)

CHOSEN = {
    fairness.DEFAULT: later("the strategy's usual one"),
    fairness.GIVEN: later("set by hand"),
    fairness.FOUND: later("found by a range test"),
    fairness.PARTLY_FOUND: later("found by a range test, the usual one where that showed none"),
    fairness.NOT_FOUND: later("the usual one, as a range test showed none"),
    fairness.NO_RATE: later("none: nothing trains by gradient"),
}
ARM = later("Arm")
TRANSFERRED_HEADS = {
    "backbone": later("Network"),
    "weights": later("Pretrained weights"),
    "resolution": later("Resolution"),
}
LEARNING = {
    Learning.CONVERGED: later("converged"),
    Learning.STILL_IMPROVING: later("still improving"),
    Learning.LEARNED_NOTHING: later("no better than chance"),
    Learning.ONLY_ITS_OWN: later("only pictures like its own"),
    Learning.TOO_FEW_STEPS: later("too few steps"),
    Learning.TOO_NOISY: later("too few validation pictures to tell"),
    Learning.DIVERGED: later("diverged"),
    Learning.STOPPED: later("cut short"),
    Learning.UNKNOWN: NOT_AVAILABLE,
}

FAIRNESS_NOTE = later(  # its numbers: GUESSING_ERRORS, FAR_ABOVE and NOISE
    "Early stopping: after so many epochs with a validation loss above the lowest, by more than so many standard "
    "errors. No better than chance: the accuracy, on the test set where it was measured, is at most 3 standard errors "
    "above that of always naming the commonest class (balanced accuracy: of guessing each class alike). Only pictures "
    "like its own: with two data sets, no better than chance on the one it works on, but better on validation pictures "
    "of the one it learned from. Diverged: training and validation loss ended at more than 3 times that of guessing. "
    "Too few steps: with random weights, fewer than early stopping waits for. Still improving: the best validation "
    "accuracy rose by more than the margin over the last fifth of the epochs (the last two at least, if there are five "
    "or more). Too few validation pictures: it did not rise by more than the margin, but its binomial standard error "
    "over all runs is above 3 points."
)


def measures(found: Verdict, name: str) -> list[Measure]:
    """What the arm `name` gained, saved and cost against the baseline; what is not known is left out."""
    entry = found.comparisons[name]
    cost = entry.cost
    candidates = [
        _gain(found, name),
        None if found.works_on else time_measure(entry.time_to_target),  # on the source's pictures: not what counts
        _epochs_used(cost.epochs, found.summary[name], found.summary[entry.against]),
        _cost(say("Peak memory"), cost.memory_bytes, memory),
        _cost(say("Computing time"), cost.seconds, duration),
        _cost(say("Pictures seen"), cost.images, pictures),
        _cost(say("Operations"), cost.flops, operations),
        _cost(say("Energy"), cost.energy_joules, energy),
    ]
    return [measure for measure in candidates if measure]


def _gain(found: Verdict, name: str) -> Measure | None:
    entry, gain = found.comparisons[name], decisive(found, name)
    if gain is None:
        return None
    sides = entry.test_accuracy if entry.tested else entry.validation_accuracy
    label = say("Test accuracy") if entry.tested else say("Validation accuracy")
    if entry.tested and found.judge_by == BALANCED_ACCURACY:
        label = say("Balanced accuracy")
    change = f"{percent(sides.baseline)} → {percent(sides.arm)}"
    told = [say("Mean of the paired differences per seed: {change}.", change=change)]
    if (better := entry.probability_better) is not None and entry.seeds > 1:
        told.append(say("Better in {share} of {seeds} pairs.", share=percent(better, 0), seeds=entry.seeds))
    if gain.low is None or gain.high is None:
        return Measure(label, points(gain.mean), change, joined(told))
    note = say("95 %: {interval}", interval=claim_wording.span(gain))
    return Measure(label, points(gain.mean), note, joined([*told, say(claim_wording.COVERS[gain.basis])]))


def decisive(found: Verdict, name: str) -> Interval | None:
    """The gain with the interval that decides: for the arm with the largest gain, as its claim has it."""
    claim = found.headline_claim
    chosen = claim.interval if claim and name == found.headline else None
    return chosen or found.comparisons[name].gain


def _epochs_used(used: Cost, arm: ArmSummary, baseline: ArmSummary) -> Measure | None:
    if used.arm is None or used.baseline is None:
        return None
    stops = [own.ledger.stopped_early for own in (arm, baseline)]
    note = say("vs {baseline}", baseline=mean_count(used.baseline))
    if any(stops):
        number = mean_count(used.baseline)
        note = say("vs {number}, early {arm} vs {baseline}", number=number, arm=stops[0], baseline=stops[1])
    ended, others = (
        say("{number} of {runs}", number=own.ledger.stopped_early, runs=number_of(own.runs, "run"))
        for own in (arm, baseline)
    )
    text = [
        say("Mean number of epochs a run used."),
        say("Early stopping ended {arm} against {baseline}.", arm=ended, baseline=others),
    ]
    return Measure(say("Epochs"), mean_count(used.arm), note, joined(text))


def _cost(label: str, cost: Cost, shown: Callable[[float], str]) -> Measure | None:
    if cost.arm is None or cost.baseline is None:
        return None
    other, ratio = shown(cost.baseline), cost.ratio
    if ratio is None:
        return Measure(label, shown(cost.arm), say("vs {baseline}", baseline=other))
    times = say("{ratio:.2f} times the baseline's.", ratio=ratio.value)
    if ratio.low is not None and ratio.high is not None:
        between = span(ratio.low, ratio.high, lambda value: f"{value:.2f}")
        times = say("{ratio:.2f} times the baseline's, 95 % interval {interval}.", ratio=ratio.value, interval=between)
    note = say("vs {baseline} ({ratio:.2f}×)", baseline=other, ratio=ratio.value)
    return Measure(label, shown(cost.arm), note, joined([times, say("Mean of a whole run.")]))


def fairness_rows(found: Verdict) -> list[dict[str, str]]:
    """What every arm was given, what it transfers where that differs, and how far it got: title (to be said) -> value."""
    return [_fairness_row(name, own, _differing(found)) for name, own in found.summary.items()]


def _differing(found: Verdict) -> list[str]:
    """Which of TRANSFERRED differ between arms."""
    values = [_transferred(own) for own in found.summary.values()]
    several = {name: {own[name] for own in values} - {None} for name in TRANSFERRED}
    return [name for name in TRANSFERRED if len(several[name]) > 1]


def _transferred(own: ArmSummary) -> dict[str, str | None]:
    """By TRANSFERRED, in words; None for no weights."""
    weights = None if own.weights is None else source_title(own.weights)
    return {"backbone": BACKBONES[own.backbone].title, "weights": weights, "resolution": f"{own.resolution} px"}


def _fairness_row(name: str, own: ArmSummary, differing: list[str]) -> dict[str, str]:
    given, transferred = own.ledger, _transferred(own)
    return {
        ARM: title(name),
        **{TRANSFERRED_HEADS[each]: transferred[each] or say("none") for each in differing},
        later("Steps"): not_available() if given.steps is None else count(round(given.steps)),
        later("Epochs"): _epochs(own),
        later("Learning rate"): _learning_rate(given),
        later("Early stopping"): _early_stopping(given),
        later("How it ended"): _ends(own),
        later("Validation curve at the end"): _slope(own),
        later("Learning"): _learning(given),
    }


def _learning(given: Ledger) -> str:
    seen = fairness_wording.unclear(given.counted_accuracy, given.chance)
    if seen and given.learning == Learning.LEARNED_NOTHING:  # too few pictures show it
        return say("not clearly better than chance")
    return say(LEARNING[given.learning])


def _learning_rate(given: Ledger) -> str:
    if given.rate_chosen == fairness.NO_RATE:
        return say(CHOSEN[given.rate_chosen])
    used, lowest, usual = rate(given.learning_rate), rate(given.lowest_rate), rate(given.usual_rate)
    how, far = say(CHOSEN[given.rate_chosen]), fairness.rate_far_below(given)
    if used == lowest:
        if far:
            return say("{rate}, {how}, far below the usual {usual}", rate=used, how=how, usual=usual)
        return say("{rate}, {how}", rate=used, how=how)
    mean = say("{rate} on average, {lowest} at the lowest", rate=used, lowest=lowest)
    if far:
        return say("{rate}, {how}, the lowest far below the usual {usual}", rate=mean, how=how, usual=usual)
    return say("{rate}, {how}", rate=mean, how=how)


def _early_stopping(given: Ledger) -> str:
    """ "after 3 epochs beyond 1 standard error, from epoch 6 and step 300 on"."""
    if not given.patience:
        return say("off")
    errors = given.patience_errors
    limit = plural("{number:g} standard error", "{number:g} standard errors", errors)
    told = {
        (False, False): later("after {epochs}, from epoch {start:,} on"),
        (False, True): later("after {epochs}, from epoch {start:,} and step {step:,} on"),
        (True, False): later("after {epochs} beyond {errors}, from epoch {start:,} on"),
        (True, True): later("after {epochs} beyond {errors}, from epoch {start:,} and step {step:,} on"),
    }[bool(errors), bool(given.patience_steps)]
    epochs, start = number_of(given.patience, "epoch"), given.patience_start + 1
    return say(told, epochs=epochs, errors=limit, start=start, step=given.patience_steps)


def _epochs(own: ArmSummary) -> str:
    if own.epochs is None:
        return not_available()
    done, budget = mean_count(own.epochs), own.ledger.budget
    if own.best_epoch:
        return say("{done} of {budget:,}, best {best}", done=done, budget=budget, best=mean_count(own.best_epoch))
    return say("{done} of {budget:,}", done=done, budget=budget)


def _ends(own: ArmSummary) -> str:
    kinds = (
        (own.ledger.stopped_early, later("stopped early"), later("{number} of {runs} stopped early")),
        (own.ledger.out_of_budget, later("used its budget"), later("{number} of {runs} used its budget")),
        (own.ledger.cut_short, later("was cut short"), later("{number} of {runs} was cut short")),
    )
    found = [kind for kind in kinds if kind[0]]
    if len(found) == 1 and own.runs == found[0][0]:
        return say(found[0][1])
    return commas(say(some, number=number, runs=own.runs) for number, _, some in found) or not_available()


def _slope(own: ArmSummary) -> str:
    slope, rise = own.ledger.late_slope, own.ledger.late_rise
    if slope is None or rise is None:
        return not_available()
    return say("{slope} an epoch, best rose by {rise:.1f} in the last epochs", slope=points(slope), rise=100 * rise)


def marks(found: Verdict) -> list[tuple[str, str]]:
    """(arm, what is unfair to it) of every arm that had no fair chance yet: "had not converged: more epochs may help."."""
    said = {name: fairness_wording.mark(own) for name, own in found.summary.items()}
    return [(name, say("{predicate}.", predicate=words)) for name, words in said.items() if words]
