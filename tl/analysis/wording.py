"""The verdict in plain words: one to three sentences that never claim more than the numbers."""

from tl.analysis.statistics import HELPS, HURTS, MAX_PAIRS, MIN_PAIRS, NO_DIFFERENCE, UNDECIDED
from tl.config import Experiment
from tl.strategies import PRETRAINED, STRATEGIES
from tl.strategies import arm_title as title
from tl.words import duration, percent, points

ABOUT_EQUAL = 1.05  # times that differ by a smaller factor are called about equal
ENDS = {"failed": "failed", "stopped": "was stopped", "interrupted": "was interrupted"}


def inside(name: str) -> str:
    """The same inside a sentence."""
    text = title(name)
    return text[0].lower() + text[1:] if name in STRATEGIES else text


def about_equal(factor: float) -> bool:
    """Whether two times that differ by this factor are called about equal."""
    return 1 / ABOUT_EQUAL < factor < ABOUT_EQUAL


def whole(experiment: Experiment, found: dict) -> str:
    """The text of the whole verdict."""
    if not found["arms"]:
        return _alone(found)
    headline = found["headline"]
    text = comparison(experiment, found, headline, found["headline_claim"])
    measured = [name for name, entry in found["arms"].items() if _gain(entry)[0]]
    if len(measured) > 1:
        baseline = inside(found["baseline"])
        text = f"Of {len(measured)} arms compared with {baseline}, {inside(headline)} did best. {text}"
    return text


def comparison(experiment: Experiment, found: dict, name: str, claim: dict | None = None) -> str:
    """The text on one arm against the baseline; `claim`: what may be said of it, where it isn't judged by itself."""
    entry = found["arms"][name]
    claim = claim or entry
    gain, tested = _gain(entry)
    if gain is None:
        return _nothing_to_compare(found, name)
    if not tested:
        sentences = [_by_validation(found, name)]
    elif gain["low"] is None:
        sentences = [_few_runs(experiment, found, name), _caution(entry["seeds"])]
    else:
        sentences = [_with_interval(experiment, found, name, claim), _what_would_settle(found, claim)]
    sentences += [_losses(found, name) if tested else "", _fairness(found, name, gain)]
    return " ".join(sentence for sentence in sentences if sentence)


def _gain(entry: dict) -> tuple[dict | None, bool]:
    """The gain to speak of, and whether it was measured on the test set."""
    tested = entry["test_accuracy_gain"]
    return tested or entry["validation_accuracy_gain"], tested is not None


def _alone(found: dict) -> str:
    name, alone = found["baseline"], found["summary"][found["baseline"]]
    if alone["best_val_accuracy"] is None:
        return "No epoch is finished yet."
    return f"{title(name)} {_reached(alone)}; without a second arm there is nothing to compare it with."


def _reached(own: dict) -> str:
    if own["test_accuracy"]:
        return f"reached {percent(own['test_accuracy']['mean'])} on the test set"
    return f"reached {percent(own['best_val_accuracy'])} on the validation pictures"


def _nothing_to_compare(found: dict, name: str) -> str:
    sides = {side: found["summary"][side]["best_val_accuracy"] for side in (name, found["baseline"])}
    known = [side for side, accuracy in sides.items() if accuracy is not None]
    if not known:
        return " ".join(["No epoch is finished yet.", _losses(found, name)]).strip()
    missing = [side for side in sides if side not in known]
    if not missing:
        return "The two arms have no seed in common, so there is nothing to compare."
    return (
        f"{title(missing[0])} has no finished epoch{_because(found, missing[0])}, so there is nothing to "
        f"compare; {inside(known[0])} {_reached(found['summary'][known[0]])}."
    )


def _by_validation(found: dict, name: str) -> str:
    untested = [side for side in (found["baseline"], name) if not found["summary"][side]["test_accuracy"]]
    why = " and ".join(f"{inside(side)} {_state(found['summary'][side])}" for side in untested)
    sides = found["arms"][name]["validation_accuracy"]
    return (
        f"There is no comparison on the test set{f', because {why}' if why else ''}. By the best validation accuracy so "
        f"far, {inside(name)} is at {percent(sides['arm'])} and {inside(found['baseline'])} at "
        f"{percent(sides['baseline'])}."
    )


def _few_runs(experiment: Experiment, found: dict, name: str) -> str:
    entry = found["arms"][name]
    gain, sides = entry["test_accuracy_gain"]["mean"], entry["test_accuracy"]
    runs = "In this one run" if entry["seeds"] == 1 else "In these two runs"
    subject = _subject(experiment, found, name)
    accuracies = f"({percent(sides['arm'])} against {percent(sides['baseline'])})"
    if abs(gain) < found["margin"]:
        claim = f"{runs} {subject} made hardly a difference: {points(gain)} on the test set {accuracies}"
    else:
        better = "better" if gain > 0 else "worse"
        claim = f"{runs} {subject} was {better}: {points(gain)} on the test set {accuracies}"
    return claim + _time(found, name) + "."


def _with_interval(experiment: Experiment, found: dict, name: str, claim: dict) -> str:
    entry = found["arms"][name]
    gain = entry["test_accuracy_gain"]
    subject = _subject(experiment, found, name)
    claims = {
        HELPS: f"{subject} helps",
        HURTS: f"{subject} hurts here",
        NO_DIFFERENCE: f"{subject} makes no difference that matters here",
        UNDECIDED: f"it is undecided whether {subject} helps here",
    }
    words = claims[claim["outcome"]]
    if claim["outcome"] != entry["outcome"]:
        words += f" once one allows for its having been picked as the best of {claim['of']}"
    low, high = (f"{100 * value:.1f}".replace("-", "−") for value in (gain["low"], gain["high"]))
    certainty = f"95 % interval {low} to {high}, {entry['seeds']} seeds"
    words = f"{words[0].upper()}{words[1:]}: {points(gain['mean'])} on the test set ({certainty})"
    return words + _time(found, name) + "."


def _subject(experiment: Experiment, found: dict, name: str) -> str:
    """ "transfer" where the one side starts from pretrained weights and the other doesn't, else the two names."""
    pretrained = {arm.name: STRATEGIES[arm.strategy].initialisation == PRETRAINED for arm in experiment.arms}
    if not pretrained[name] or pretrained[found["baseline"]]:
        return f"{inside(name)} instead of {inside(found['baseline'])}"
    return "transfer" if len(found["arms"]) == 1 else f"transfer ({inside(name)})"


def _time(found: dict, name: str) -> str:
    """A clause on the time to the target accuracy."""
    time = found["arms"][name]["time_to_target"]
    if time["near_chance"]:
        return _nothing_to_time(found, name)
    if time["target_accuracy"] is None:
        return ""
    target, baseline = percent(time["target_accuracy"], 0), inside(found["baseline"])
    slow, quick = time["baseline_seconds"], time["arm_seconds"]
    in_vain, arm_in_vain = time["baseline_not_reached_in"], time["arm_not_reached_in"]
    reached, arm_reached = time["baseline_reached"], time["arm_reached"]
    if quick and slow:
        factor, seconds = slow / quick, f"({duration(quick)} against {duration(slow)})"
        if about_equal(factor):
            return f"; both reached {target} after about the same time {seconds}"
        if factor > 1:
            return f"; it reached {target} {factor:.1f} times sooner {seconds}"
        return f"; it took {1 / factor:.1f} times as long to reach {target} {seconds}"
    if quick and in_vain:
        where = f"in {reached} of {time['runs']} runs, in the rest not" if reached else "not"
        return f"; it reached {target} after {duration(quick)}, {baseline} did {where} in {duration(in_vain)}"
    if slow and arm_in_vain:
        some = f"reached {target} in {arm_reached} of {time['runs']} runs, in the rest not"
        where = some if arm_reached else f"did not reach {target}"
        return f"; it {where} in {duration(arm_in_vain)}, {baseline} did after {duration(slow)}"
    if in_vain and arm_in_vain:
        return f"; not every run reached {target}, on either side"
    return ""


def _nothing_to_time(found: dict, name: str) -> str:
    """Why no time is compared: an accuracy that guessing reaches says nothing of what was learnt."""
    sides, chance = (name, found["baseline"]), percent(found["chance"], 0)
    guessed = [inside(side) for side in sides if found["summary"][side]["above_guessing"] is False]
    if not guessed:
        return f"; guessing could reach the target too (chance is {chance}), so there is nothing to time"
    who = "neither did" if len(guessed) > 1 else f"{guessed[0]} did no"
    return f"; {who} better than guessing could (chance is {chance}), so there is nothing to time"


def _caution(seeds: int) -> str:
    runs = "One run each is" if seeds == 1 else "Two runs each are"
    more = "Two more seeds give" if MIN_PAIRS - seeds == 2 else "One more seed gives"
    return f"{runs} a hint, not a proof. {more} an interval."


def _what_would_settle(found: dict, claim: dict) -> str:
    if claim["outcome"] != UNDECIDED:
        return ""
    more = claim["more_seeds"]
    if more is None:
        margin = points(found["margin"]).lstrip("+")
        return f"Even {MAX_PAIRS} seeds would hardly settle it: that is too close to the margin of {margin}, or too uneven."
    return f"About {more} more {'seeds' if more > 1 else 'seed'} would probably settle it."


def _losses(found: dict, name: str) -> str:
    """Runs that can't take part: failed, stopped, interrupted; and those still to come."""
    clauses = []
    for side in (found["baseline"], name):
        own = found["summary"][side]
        for status, words in ENDS.items():
            if number := own["statuses"].get(status, 0):
                why = f" ({_reasons(own)})" if status == "failed" and own["reasons"] else ""
                clauses.append(f"{title(side)}: {number} of {own['runs']} runs {words}{why}, not counted.")
        if number := own["statuses"].get("queued", 0) + own["statuses"].get("running", 0):
            clauses.append(f"{title(side)}: {number} of {own['runs']} runs not finished yet.")
    return " ".join(clauses)


def _fairness(found: dict, name: str, gain: dict) -> str:
    """Whether the side that lost had been given long enough."""
    if abs(gain["mean"]) < found["margin"]:
        return ""
    loser = found["baseline"] if gain["mean"] > 0 else name
    converged = found["summary"][loser]["converged"]
    if converged is None:
        return ""
    if converged:
        return f"{title(loser)} had converged."
    return f"{title(loser)} had not converged: more epochs may narrow the gap."


def _state(own: dict) -> str:
    """What keeps an arm from having a test accuracy."""
    statuses = own["statuses"]
    if not statuses:
        return "has no run"
    if statuses.get("running") or statuses.get("queued"):
        return "has not finished"
    (status,) = list(statuses) if len(statuses) == 1 else [max(statuses, key=statuses.get)]
    return ENDS.get(status, "has no test result") + (
        f" ({_reasons(own)})" if status == "failed" and own["reasons"] else ""
    )


def _because(found: dict, side: str) -> str:
    own = found["summary"][side]
    return f" because it {_state(own)}" if own["statuses"].keys() & ENDS.keys() else ""


def _reasons(own: dict) -> str:
    return ", ".join(reason.replace("_", " ") for reason in own["reasons"])
