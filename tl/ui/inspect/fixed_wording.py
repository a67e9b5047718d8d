"""What an arm fixed and broke, in sentences. No streamlit."""

from collections.abc import Sequence

from tl.analysis.inspection.difference import Difference, OverSeeds, over_seeds
from tl.analysis.names import noun
from tl.analysis.results import NEW_PICTURES, NEW_TRAINING, Interval
from tl.languages import later, say
from tl.ui.inspect.choice import Choice
from tl.ui.parts.text import escape
from tl.words import count, number_of

OVER_ALL = {  # basis of the interval -> what was fixed and broken over several seeds
    NEW_PICTURES: later(
        "Over {seeds}, {arm} fixed {fixed} of {pictures} and broke {broken}: a difference of **{difference}** on average, "
        "95\u00a0% interval {interval}, for other test pictures and other seeds."
    ),
    NEW_TRAINING: later(
        "Over {seeds}, {arm} fixed {fixed} of {pictures} and broke {broken}: a difference of **{difference}** on average, "
        "95\u00a0% interval {interval}, for other training and test pictures."
    ),
}
OVER_THESE = later(
    "Over {seeds}, {arm} fixed {fixed} of {pictures} and broke {broken}: a difference of **{difference}** on average, "
    "95\u00a0% interval {interval}, for other test pictures and these networks."
)


def totals(arm: str, other: str, found: Difference, of: str) -> str:
    """Markdown: "Compared with A, B fixed 41 of 550 test pictures and broke 12 (difference +29, …)"; `of`: the pictures."""
    fixed, broken = int(found.fixed.sum()), int(found.broken.sum())
    told = {
        "other": escape(other),
        "arm": escape(arm),
        "fixed": count(fixed),
        "pictures": of,
        "broken": count(broken),
        "difference": signed(fixed - broken),
    }
    interval = _interval(found.net)
    if interval is None:
        return say(
            "Compared with {other}, {arm} fixed **{fixed}** of {pictures} and broke **{broken}** (difference "
            "**{difference}**).",
            **told,
        )
    return say(
        "Compared with {other}, {arm} fixed **{fixed}** of {pictures} and broke **{broken}** (difference **{difference}**, "
        "95\u00a0% interval {interval}).",
        **told,
        interval=interval,
    )


def meaning(arm: str, other: str, seed: int) -> str:
    """What the words stand for, Markdown."""
    return say(
        "Fixed: {other} was wrong, {arm} is right. Broken: the other way round. The interval is for other test pictures and "
        "these two networks (seed {seed}).",
        other=escape(other),
        arm=escape(arm),
        seed=seed,
    )


def net(choice: Choice) -> str | None:
    """The same over all seeds that both arms have, Markdown; None where there are fewer than two."""
    if choice.other is None:
        return None
    seeds = sorted({run.seed for run in choice.now.answered if run.arm == choice.arm})
    sides = [(choice.answers(choice.arm, seed), choice.answers(choice.other, seed)) for seed in seeds]
    known = [(arm, other) for arm, other in sides if arm is not None and other is not None]
    found = over_seeds(known, choice.now.pictures.train if choice.now.pictures else None)
    return over_all(noun(choice.arm), found, choice.asked(found.pictures)) if found else None


def over_all(arm: str, found: OverSeeds, of: str) -> str:
    """Markdown: "Over 3 seeds, B fixed 38 to 45 of 550 test pictures and broke 9 to 14; on average +29.3 (…)"."""
    told = {
        "seeds": number_of(len(found.fixed), "seed"),
        "arm": escape(arm),
        "fixed": span(found.fixed),
        "pictures": of,
        "broken": span(found.broken),
        "difference": signed(found.net.mean),
    }
    interval = _interval(found.net)
    if interval is None:
        return say(
            "Over {seeds}, {arm} fixed {fixed} of {pictures} and broke {broken}: a difference of **{difference}** on "
            "average.",
            **told,
        )
    return say(OVER_ALL.get(found.net.basis, OVER_THESE), **told, interval=interval)


def span(numbers: Sequence[int]) -> str:
    """ "38 to 45", or one number."""
    low, high = min(numbers), max(numbers)
    return count(low) if low == high else say("{low} to {high}", low=count(low), high=count(high))


def signed(number: float) -> str:
    """+29, −3, ±0, +29.3."""
    rounded = round(number, 1) or 0.0
    text = f"{rounded:+,.1f}".removesuffix(".0").replace("-", "−")
    return text.replace("+0", "±0") if not rounded else text


def _interval(found: Interval) -> str | None:
    """ "−4 to 43"; None where there is none."""
    if found.low is None or found.high is None:
        return None
    low, high = (f"{round(end):,d}".replace("-", "−") for end in (found.low, found.high))
    return say("{low} to {high}", low=low, high=high)
