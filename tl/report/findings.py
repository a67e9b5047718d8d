"""The numbers of a verdict in words: measures of a comparison, the ledger of fairness. The page and reports show both."""

from dataclasses import dataclass

from tl.analysis import fairness
from tl.analysis.wording import about_equal, inside, title
from tl.words import (
    NOT_AVAILABLE,
    count,
    duration,
    energy,
    memory,
    operations,
    percent,
    points,
    rate,
)

COSTS = (  # label, key of the verdict's cost, how it is said
    ("Peak memory", "memory_bytes", memory),
    ("Computing time", "seconds", duration),
    ("Training pictures", "images", lambda number: NOT_AVAILABLE if number is None else count(round(number))),
    ("Operations", "flops", operations),
    ("Energy", "energy_joules", energy),
)
CHOSEN = {
    fairness.DEFAULT: "the strategy's usual one",
    fairness.GIVEN: "set by hand",
    fairness.FOUND: "found by a range test",
}
FAIRNESS_HEAD = (
    "Arm",
    "Steps",
    "Epochs",
    "Learning rate",
    "How it ended",
    "Validation curve at the end",
    "Converged",
)


@dataclass(frozen=True)
class Measure:
    """One number of a comparison."""

    label: str  # short
    value: str
    note: str  # what it is compared with
    help: str = ""  # how it is defined


def measures(found: dict, name: str) -> list[Measure]:
    """What the arm `name` gained, saved and cost against the baseline; what is not known is left out."""
    entry = found["arms"][name]
    candidates = [
        _gain(entry),
        _time(entry["time_to_target"]),
        _epochs_used(found, name),
        *(_cost(label, entry["cost"][key], say) for label, key, say in COSTS),
    ]
    return [measure for measure in candidates if measure]


def _gain(entry: dict) -> Measure | None:
    gain, sides, label = entry["test_accuracy_gain"], entry["test_accuracy"], "Test accuracy"
    if gain is None:
        gain, sides, label = entry["validation_accuracy_gain"], entry["validation_accuracy"], "Validation accuracy"
    if gain is None:
        return None
    change = f"{percent(sides['baseline'])} → {percent(sides['arm'])}"
    better = entry["probability_better"]
    share = (
        f" Better in {percent(better, 0)} of {entry['seeds']} pairs."
        if better is not None and entry["seeds"] > 1
        else ""
    )
    text = f"Mean of the paired differences per seed: {change}.{share}"
    if gain["low"] is None:
        return Measure(label, points(gain["mean"]), change, text)
    interval = _span(gain, points).rpartition(" ")[0]  # the unit stands above it
    return Measure(label, points(gain["mean"]), f"95 %: {interval}", f"{text} With its 95 % interval.")


def _span(interval: dict, say) -> str:
    """An interval: the unit once, at its end."""
    low, high = say(interval["low"]), say(interval["high"])
    number, _, unit = low.rpartition(" ")
    return f"{number} to {high}" if number and high.endswith(f" {unit}") else f"{low} to {high}"


def _time(time: dict) -> Measure | None:
    target = time["target_accuracy"]
    if target is None:
        return None
    note = f"{_side(time, 'arm')} vs {_side(time, 'baseline')}"
    if time["speedup"] and about_equal(time["speedup"]):
        value = "about equal"
    elif time["speedup"]:
        value = _times(time["speedup"])
        if time["saved"] > 0:
            note = f"saves {percent(time['saved'], 0)} of {duration(time['baseline_seconds'])}"
    elif time["speedup_at_least"]:
        value = _bound(time["speedup_at_least"], sooner=">", later="<")
    elif time["speedup_at_most"]:
        value = _bound(time["speedup_at_most"], sooner="<", later=">")
    else:
        value = "not reached"
    return Measure(f"Time to {percent(target, 0)}", value, note, _time_help(time))


def _time_help(time: dict) -> str:
    target = percent(time["target_accuracy"])
    text = f"Computing time until the first evaluation with a validation accuracy of {target} or more."
    if time["arm_seconds"] and time["baseline_seconds"]:
        text += f" On average: {duration(time['arm_seconds'])} against {duration(time['baseline_seconds'])}."
    if time["speedup_low"] is not None:
        interval = {"low": time["speedup_low"], "high": time["speedup_high"]}
        text += f" 95 % interval of the factor: {_span(interval, lambda value: f'{value:.1f}')}."
    if time["arm_epochs"] and time["baseline_epochs"]:
        text += f" Epochs: {time['arm_epochs']:.3g} against {time['baseline_epochs']:.3g}."
    if time["arm_images"] and time["baseline_images"]:
        pictures = [count(round(time[f"{side}_images"])) for side in ("arm", "baseline")]
        text += f" Pictures seen: {pictures[0]} against {pictures[1]}."
    return text


def _side(time: dict, side: str) -> str:
    if time[f"{side}_seconds"] is not None:
        return duration(time[f"{side}_seconds"])
    if time[f"{side}_reached"]:
        return f"{time[f'{side}_reached']} of {time['runs']} runs"
    return f"not in {duration(time[f'{side}_not_reached_in'])}"


def _times(ratio: float) -> str:
    return f"{ratio:.1f}× sooner" if ratio >= 1 else f"{1 / ratio:.1f}× later"


def _bound(ratio: float, *, sooner: str, later: str) -> str:
    """A bound of the factor: the sign for "so many times sooner" and, as that turns it round, for "later"."""
    return f"{sooner if ratio >= 1 else later}{_times(ratio)}"


def _epochs_used(found: dict, name: str) -> Measure | None:
    used = found["arms"][name]["cost"]["epochs"]
    if used["arm"] is None or used["baseline"] is None:
        return None
    sides = [found["summary"][side] for side in (name, found["baseline"])]
    stops = [own["stopped_early"] for own in sides]
    early = f", early {stops[0]} vs {stops[1]}" if any(stops) else ""
    ends = " against ".join(f"{own['stopped_early']} of {own['runs']} runs" for own in sides)
    text = f"Mean number of epochs a run used. Early stopping ended {ends}."
    return Measure("Epochs", f"{used['arm']:.3g}", f"vs {used['baseline']:.3g}{early}", text)


def _cost(label: str, cost: dict, say) -> Measure | None:
    if cost["arm"] is None or cost["baseline"] is None:
        return None
    note = f"vs {say(cost['baseline'])}"
    if cost["ratio"] is None:
        return Measure(label, say(cost["arm"]), note)
    text = f"{cost['ratio']:.2f} times the baseline's"
    if cost["low"] is not None:
        text += f", 95 % interval {_span(cost, lambda value: f'{value:.2f}')}"
    return Measure(label, say(cost["arm"]), f"{note} ({cost['ratio']:.2f}×)", f"{text}. Mean of a whole run.")


def fairness_rows(found: dict) -> list[tuple[str, ...]]:
    """What every arm was given and how far it got with it, columns FAIRNESS_HEAD."""
    return [
        (
            title(name),
            NOT_AVAILABLE if own["steps"] is None else count(round(own["steps"])),
            _epochs(own),
            f"{rate(own['learning_rate'])}, {CHOSEN[own['rate_chosen']]}",
            _ends(own),
            _slope(own),
            {True: "yes", False: "no", None: NOT_AVAILABLE}[own["converged"]],
        )
        for name, own in found["summary"].items()
    ]


def _epochs(own: dict) -> str:
    if own["epochs"] is None:
        return NOT_AVAILABLE
    best = f", best {own['best_epoch']:.3g}" if own["best_epoch"] else ""
    return f"{own['epochs']:.3g} of {own['budget']}{best}"


def _ends(own: dict) -> str:
    kinds = (("stopped_early", "stopped early"), ("out_of_budget", "used its budget"), ("cut_short", "was cut short"))
    found = [(own[key], words) for key, words in kinds if own[key]]
    if len(found) == 1 and own["runs"] == found[0][0]:
        return found[0][1]
    return ", ".join(f"{number} of {own['runs']} {words}" for number, words in found) or NOT_AVAILABLE


def _slope(own: dict) -> str:
    if own["late_slope"] is None or own["late_rise"] is None:
        return NOT_AVAILABLE
    return f"{points(own['late_slope'])} an epoch, best rose by {100 * own['late_rise']:.1f} in the last fifth"


def not_converged(found: dict) -> list[tuple[str, str]]:
    """(arm, sentence) of every arm whose comparison is not fair to it yet."""
    marks = []
    for name, own in found["summary"].items():
        rivals = [inside(other) for other in found["summary"] if other != name]
        if own["converged"] is False and rivals:
            whom = rivals[0] if len(rivals) == 1 else "the other arms"
            marks.append((name, f"Not converged: this comparison favours {whom}."))
    return marks
