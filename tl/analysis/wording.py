"""The verdict in plain words: one to three sentences that never claim more than the numbers."""

from tl.analysis import fairness_wording, losses, time_wording
from tl.analysis.names import inside, title
from tl.analysis.results import ArmSummary, Claim, Interval, Verdict
from tl.analysis.statistics import HELPS, HURTS, MAX_PAIRS, MIN_PAIRS, NO_DIFFERENCE, UNDECIDED
from tl.strategies import PRETRAINED, STRATEGIES
from tl.words import percent, points


def whole(found: Verdict) -> str:
    """The text of the whole verdict."""
    if found.headline is None:
        return _alone(found.baseline, found.summary[found.baseline])
    text = comparison(found, found.headline, found.headline_claim)
    measured = [name for name, entry in found.comparisons.items() if entry.gain]
    if len(measured) > 1:
        baseline = inside(found.baseline)
        text = f"Of {len(measured)} arms compared with {baseline}, {inside(found.headline)} did best. {text}"
    return text


def comparison(found: Verdict, name: str, claim: Claim | None = None) -> str:
    """The text on one arm against the baseline; `claim`: what may be said of it, where it isn't judged by itself."""
    entry = found.comparisons[name]
    if entry.gain is None:
        return _nothing_to_compare(found, name)
    if not entry.tested:
        sentences = [_by_validation(found, name)]
    elif entry.gain.low is None or entry.gain.high is None:
        sentences = [_few_runs(found, name, entry.gain.mean), _caution(entry.seeds), losses.told(found, name)]
    else:
        claim = claim or entry.claim
        sentences = [
            _with_interval(found, name, entry.gain.mean, (entry.gain.low, entry.gain.high), claim),
            _what_would_settle(found.margin, claim),
            losses.told(found, name),
        ]
    sentences.append(_fairness(found, name, entry.gain))
    return " ".join(sentence for sentence in sentences if sentence)


def _alone(name: str, own: ArmSummary) -> str:
    if own.best_val_accuracy is None:
        return "No epoch is finished yet."
    return f"{title(name)} {_reached(own)}; without a second arm there is nothing to compare it with."


def _reached(own: ArmSummary) -> str:
    if own.test_accuracy:
        return f"reached {percent(own.test_accuracy.mean)} on the test set"
    return f"reached {percent(own.best_val_accuracy)} on the validation pictures"


def _nothing_to_compare(found: Verdict, name: str) -> str:
    sides = {side: found.summary[side] for side in (name, found.baseline)}
    known = [side for side, own in sides.items() if own.best_val_accuracy is not None]
    if not known:
        return " ".join(["No epoch is finished yet.", losses.told(found, name)]).strip()
    missing = [side for side in sides if side not in known]
    if not missing:
        return "The two arms have no seed in common, so there is nothing to compare."
    return (
        f"{title(missing[0])} has no finished epoch{losses.because(sides[missing[0]])}, so there is nothing to "
        f"compare; {inside(known[0])} {_reached(sides[known[0]])}."
    )


def _by_validation(found: Verdict, name: str) -> str:
    untested = [side for side in (found.baseline, name) if not found.summary[side].test_accuracy]
    why = " and ".join(f"{inside(side)} {losses.state(found.summary[side])}" for side in untested)
    sides = found.comparisons[name].validation_accuracy
    return (
        f"There is no comparison on the test set{f', because {why}' if why else ''}. By the best validation accuracy so "
        f"far, {inside(name)} is at {percent(sides.arm)} and {inside(found.baseline)} at "
        f"{percent(sides.baseline)}."
    )


def _few_runs(found: Verdict, name: str, gain: float) -> str:
    entry = found.comparisons[name]
    runs = "In this one run" if entry.seeds == 1 else "In these two runs"
    subject, sides = _subject(found, name), entry.test_accuracy
    accuracies = f"({percent(sides.arm)} against {percent(sides.baseline)})"
    if abs(gain) < found.margin:
        claim = f"{runs} {subject} made hardly a difference: {points(gain)} on the test set {accuracies}"
    else:
        better = "better" if gain > 0 else "worse"
        claim = f"{runs} {subject} was {better}: {points(gain)} on the test set {accuracies}"
    return claim + time_wording.clause(found, name) + "."


def _with_interval(found: Verdict, name: str, gain: float, ends: tuple[float, float], claim: Claim) -> str:
    entry, subject = found.comparisons[name], _subject(found, name)
    claims = {
        HELPS: f"{subject} helps",
        HURTS: f"{subject} hurts here",
        NO_DIFFERENCE: f"{subject} makes no difference that matters here",
        UNDECIDED: f"it is undecided whether {subject} helps here",
    }
    words = claims[claim.outcome]
    if claim.outcome != entry.claim.outcome:
        words += f" once one allows for its having been picked as the best of {claim.of}"
    low, high = (f"{100 * value:.1f}".replace("-", "−") for value in ends)
    certainty = f"95 % interval {low} to {high}, {entry.seeds} seeds"
    words = f"{words[0].upper()}{words[1:]}: {points(gain)} on the test set ({certainty})"
    return words + time_wording.clause(found, name) + "."


def _subject(found: Verdict, name: str) -> str:
    """ "transfer" where the one side starts from pretrained weights and the other doesn't, else the two names."""
    pretrained = {arm: STRATEGIES[own.strategy].initialisation == PRETRAINED for arm, own in found.summary.items()}
    if not pretrained[name] or pretrained[found.baseline]:
        return f"{inside(name)} instead of {inside(found.baseline)}"
    return "transfer" if len(found.comparisons) == 1 else f"transfer ({inside(name)})"


def _caution(seeds: int) -> str:
    runs = "One run each is" if seeds == 1 else "Two runs each are"
    more = "Two more seeds give" if MIN_PAIRS - seeds == 2 else "One more seed gives"
    return f"{runs} a hint, not a proof. {more} an interval."


def _what_would_settle(margin: float, claim: Claim) -> str:
    if claim.outcome != UNDECIDED:
        return ""
    more = claim.more_seeds
    if more is None:
        width = points(margin).lstrip("+")
        return (
            f"Even {MAX_PAIRS} seeds would hardly settle it: that is too close to the margin of {width}, or too uneven."
        )
    return f"About {more} more {'seeds' if more > 1 else 'seed'} would probably settle it."


def _fairness(found: Verdict, name: str, gain: Interval) -> str:
    """Whether both sides, above all the one that lost, had been given a fair chance."""
    return fairness_wording.told(found, name, gain.mean)
