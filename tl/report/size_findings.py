"""What a sweep found at each size in words; `found` is what sweep_result gives. The page and reports show both."""

from tl.analysis.curves import MIN_SIZES
from tl.analysis.sweep_wording import begins, between, though_not
from tl.analysis.wording import title
from tl.words import NOT_AVAILABLE, about, count, duration, percent, points

BOUNDS = {"at_least": "at least ", "at_most": "at most ", None: ""}
SIZES_HEAD = (
    "Pictures",
    "Arm",
    "Test accuracy",
    "95 % interval",
    "n",
    "Gain",
    "Worth in pictures",
    "Time saved",
    "Computing time of a run",
)
BREAK_EVEN_HEAD = ("Arm", "Worth it up to", "95 % interval")


def gain(entry: dict | None) -> str:
    """ "+20.0 points (18.1 to 21.9)": a paired difference on the test set."""
    if entry is None:
        return NOT_AVAILABLE
    if entry["low"] is None:
        return points(entry["mean"])
    low, high = (points(entry[end]).removesuffix(" points") for end in ("low", "high"))
    return f"{points(entry['mean'])} ({low} to {high})"


def worth(entry: dict | None) -> str:
    """ "3.8 times (380; 3.1 to 4.6)": the ratio, what it is in pictures, its interval."""
    if entry is None:
        return NOT_AVAILABLE
    between = ""
    if entry["low"] is not None and entry["bound"] is None:
        between = f"; {entry['low']:.1f} " + ("or more" if entry["high"] is None else f"to {entry['high']:.1f}")
    return f"{BOUNDS[entry['bound']]}{entry['ratio']:.1f} times ({count(entry['pictures'])}{between})"


def saved(time: dict) -> str:
    """Share of the baseline's time to the target; a bound where one side never gets there."""
    if time["saved"] is not None:
        return (
            f"{percent(time['saved'], 0)}, {duration(time['arm_seconds'])} against {duration(time['baseline_seconds'])}"
        )
    if (time["speedup_at_least"] or 0) > 1:
        return f"at least {percent(1 - 1 / time['speedup_at_least'], 0)}"
    return NOT_AVAILABLE


def break_even_rows(found: dict) -> list[tuple[str, str, str]]:
    """Every arm against the baseline, columns BREAK_EVEN_HEAD."""
    return [(title(arm), *_break_even(found, arm)) for arm in found["comparisons"]]


def _break_even(found: dict, arm: str) -> tuple[str, str]:
    """Up to how many pictures an arm is worth it, and the interval of that."""
    compared = found["comparisons"][arm]
    even = compared["break_even"]
    if even is None:
        return f"{NOT_AVAILABLE}: curves are fitted from {MIN_SIZES} finished sizes on", ""
    exceptions = though_not(found, arm)
    if "beyond" in even:
        return f"beyond {count(even['beyond'])} pictures{exceptions}", f"from {begins(even)}" if even["low"] else ""
    number = f"at most {count(even['n'])}" if even.get("at_most") else f"about {about(even['n'])}"
    seeds = max(compared["seeds"].values())
    return f"{number} pictures{exceptions}", f"{between(even)}, {seeds} seeds" if even["low"] else ""


def size_rows(found: dict) -> list[tuple]:
    """Every size and arm, columns SIZES_HEAD; what is measured against the baseline stays empty for the baseline."""
    return [_size_row(found, size, arm) for size in map(str, found["sizes"]) for arm in found["arms"]]


def _size_row(found: dict, size: str, arm: str) -> tuple:
    entry, compared = found["arms"][arm][size], found["comparisons"].get(arm)
    between = "" if entry["low"] is None else f"{100 * entry['low']:.1f} to {percent(entry['high'])}"
    against = ("", "", "")
    if compared:
        against = (
            gain(compared["gain"][size]),
            worth(compared["worth_in_pictures"].get(size)),
            saved(compared["time_to_target"][size]),
        )
    number = count(int(size))
    return (number, title(arm), percent(entry["mean"]), between, entry["seeds"], *against, duration(entry["seconds"]))
