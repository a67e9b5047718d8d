"""A sweep in plain words: up to how many pictures an arm is worth it, and how much; never more than the numbers say."""

import math

from tl.analysis.curves import MIN_SIZES
from tl.analysis.statistics import MIN_PAIRS
from tl.analysis.wording import inside, title
from tl.store.database import ACTIVE
from tl.words import about, count, percent, points

FAILED = ("failed", "interrupted")


def text(found: dict) -> str:
    """The claim first, then what it rests on; `found` as `sweep_result` makes it."""
    sentences = [_claim(found)]
    if found["headline"] is not None:
        sentences += [_worth(found), _misfit(found), _guessed(found), _unfair(found), _caution(found)]
    return " ".join(sentence for sentence in [*sentences, _losses(found)] if sentence)


def _claim(found: dict) -> str:
    if not found["comparisons"]:
        return f"Without a second arm there is nothing to compare {inside(found['baseline'])} with."
    if found["headline"] is None:
        return "No size has a finished run of both arms yet, so there is nothing to compare."
    arm, baseline, even = found["headline"], inside(found["baseline"]), found["break_even"]
    margin = _margin(found)
    if even is None:
        return _without_fit(found)
    exceptions = though_not(found, arm)
    if "beyond" in even:
        surely = f" (the 95 % interval begins at {begins(even)})" if even["low"] else ""
        where = f"is worth it{exceptions}" if exceptions else "stays worth it at every size that was tried"
        return (
            f"{title(arm)} {where}: its advantage over {baseline} does not fall "
            f"below {margin} up to {count(even['beyond'])} pictures, twice the most that were tried{surely}."
        )
    if even.get("at_most"):
        fewest = f"Already with {count(even['n'])} pictures, the fewest that were tried,"
        return f"{fewest} {inside(arm)} is less than {margin} better than {baseline}."
    reach = f"{exceptions and f'{exceptions},'} up to about {about(even['n'])} pictures{_interval(found, even)}"
    return f"{title(arm)} is worth it{reach}; with more, {baseline} comes within {margin} of it."


def though_not(found: dict, arm: str) -> str:
    """ ", though not with 100 pictures": the sizes below the break-even at which the arm was not worth it; or ""."""
    compared = found["comparisons"][arm]
    end = compared["break_even"].get("n", math.inf)
    below = [
        count(int(size))
        for size, gain in compared["gain"].items()
        if gain and gain["mean"] < found["margin"] and int(size) < end
    ]
    return f", though not with {_listed(below)} pictures" if below else ""


def begins(even: dict) -> str:
    """Where the interval of a break-even begins."""
    return f"{count(even['low'])} or fewer" if even.get("low_at_most") else about(even["low"])


def between(even: dict) -> str:
    """The interval of a break-even."""
    if even["high"] == even["low"]:
        return begins(even)
    end = f"beyond {count(even['high_beyond'])}" if even["high"] is None else about(even["high"])
    return f"{begins(even)} to {end}"


def _margin(found: dict) -> str:
    return points(found["margin"]).lstrip("+").replace(".0 points", " points").replace("1 points", "1 point")


def _interval(found: dict, even: dict) -> str:
    if even["low"] is None:
        return ""
    seeds = max(found["comparisons"][found["headline"]]["seeds"].values())
    return f" (95 % interval {between(even)}, {seeds} seeds)"


def _without_fit(found: dict) -> str:
    """Fewer sizes than a curve needs: the differences as they were measured."""
    known = {size: gain for size, gain in found["comparisons"][found["headline"]]["gain"].items() if gain}
    parts = [f"{points(gain['mean'])} with {count(int(size))} pictures" for size, gain in known.items()]
    return (
        f"{title(found['headline'])} against {inside(found['baseline'])} on the test set: {_listed(parts)}. "
        f"Where the two meet can be said from {MIN_SIZES} finished sizes on."
    )


def _worth(found: dict) -> str:
    """What the pictures of the smallest size are worth, and of the largest for which more than a bound is known."""
    entries = found["comparisons"][found["headline"]]["worth_in_pictures"]
    if not entries:
        return ""
    size, entry = next(iter(entries.items()))
    if found["arms"][found["headline"]][size]["above_guessing"] is False:
        return ""  # whatever the baseline guesses with
    many, baseline = f"With {count(int(size))} pictures it does as well as", inside(found["baseline"])
    if entry["bound"] == "at_most":
        return f"{many} {baseline} with no more than that."
    if entry["bound"] == "at_least":
        return (
            f"{many} {baseline} with more than {count(entry['pictures'])}, at least {entry['ratio']:.1f} times as many."
        )
    return f"{many} {baseline} with about {about(entry['pictures'])}, {entry['ratio']:.1f} times as many."


def _misfit(found: dict) -> str:
    """A warning where a curve misses a mean by more than the margin and by more than its 95 % interval allows."""
    missed = [
        abs(value)
        for arm in (found["headline"], found["baseline"])
        for size, value in (found["curves"][arm] or {"residuals": {}})["residuals"].items()
        if (reached := found["arms"][arm][size])["high"] is not None
        and abs(value) > max(found["margin"], reached["high"] - reached["mean"])
    ]
    if not missed:
        return ""
    worst = points(max(missed)).lstrip("+")
    return (
        f"The fitted curves miss what was measured by up to {worst}, more than the seeds explain: mind the residuals."
    )


def _guessed(found: dict) -> str:
    """Where an arm had learnt nothing: what is said of the other is then no more than that it learnt something."""
    sentences = []
    for arm in (found["baseline"], found["headline"]):
        reached = found["arms"][arm]
        sizes = [count(int(size)) for size, entry in reached.items() if entry["above_guessing"] is False]
        if sizes:
            where = "at any size" if len(sizes) == len(reached) > 1 else f"with {_listed(sizes)} pictures"
            chance = percent(found["chance"], 0)
            sentences.append(f"{title(arm)} did no better than guessing could (chance is {chance}) {where}.")
    return " ".join(sentences)


def _unfair(found: dict) -> str:
    """Where the side that lost by more than the margin was still learning when its epochs were over."""
    arm, baseline = found["headline"], found["baseline"]
    gains = found["comparisons"][arm]["gain"]
    lost: dict[str, list[str]] = {}
    for size, gain in gains.items():
        if gain and abs(gain["mean"]) > found["margin"]:
            loser = baseline if gain["mean"] > 0 else arm
            if found["arms"][loser][size]["converged"] is False:
                lost.setdefault(loser, []).append(count(int(size)))
    return " ".join(
        f"{title(loser)} had not converged with {_listed(sizes)} pictures: more epochs may narrow the gap."
        for loser, sizes in lost.items()
    )


def _listed(words: list[str]) -> str:
    """ "100, 300 and 1,000"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _caution(found: dict) -> str:
    seeds = [number for number in found["comparisons"][found["headline"]]["seeds"].values() if number]
    if min(seeds) >= MIN_PAIRS:
        return ""
    each = {1: "One run", 2: "Two runs"}[min(seeds)]
    return f"{each} each is a hint, not a proof." if min(seeds) == 1 else f"{each} each are a hint, not a proof."


def _losses(found: dict) -> str:
    """Runs that are not in it: still to come, failed, stopped."""
    statuses, total = found["statuses"], sum(found["statuses"].values())
    waiting = sum(statuses.get(status, 0) for status in ACTIVE)
    failed = sum(statuses.get(status, 0) for status in FAILED)
    stopped = statuses.get("stopped", 0)
    clauses = [
        f"{waiting} still to come" if waiting else "",
        f"{stopped} stopped" if stopped else "",
        f"{failed} failed" if failed else "",
    ]
    listed = ", ".join(filter(None, clauses))
    finished = statuses.get("finished", 0)
    verb = "is" if finished == 1 else "are"
    return f"Of {total} runs {finished} {verb} finished, {listed}." if listed else ""


def accuracy_with_interval(entry: dict) -> str:
    """ "71.9 % (70.1 to 73.7, n = 3)"; without an interval only n."""
    if entry["low"] is None:
        return f"{percent(entry['mean'])} (n = {entry['seeds']})"
    return f"{percent(entry['mean'])} ({100 * entry['low']:.1f} to {100 * entry['high']:.1f}, n = {entry['seeds']})"
