"""What is said of a target that nobody has labelled, and of how different two sets look: sentences, never more than the
numbers."""

from collections.abc import Sequence

from tl.analysis.adaptation.advice import ALIKE, APART
from tl.analysis.adaptation.distance import Distance
from tl.analysis.adaptation.estimate import Estimate
from tl.analysis.claim_wording import span
from tl.analysis.results import Interval
from tl.words import count, number_of, percent

NO_TEST = (
    "Nobody has labelled these pictures, so this is an estimate from how sure the networks are, not a test; it may even put "
    "the arms in the wrong order."
)


def estimated(arm: str, found: Estimate) -> str:
    """One arm's accuracy on pictures without labels; `arm` as a sentence begins with it."""
    networks = "" if found.networks == 1 else f" over {number_of(found.networks, 'network')}"
    return f"{arm} is estimated at {percent(found.accuracy, 0)}{networks}; {_anything(found)} would not surprise."


def no_estimate(arm: str) -> str:
    """Where an arm knows nothing of its own pictures."""
    return f"{arm} can't be estimated: a network of it answers its own labelled pictures no better than guessing would."


def _anything(found: Estimate) -> str:
    if found.low < 0.005:  # the least that can be said is nothing
        return f"anything up to {percent(found.high, 0)}"
    return f"anything from {percent(found.low, 0)} to {percent(found.high, 0)}"


def beside_the_truth(arm: str, found: Estimate, measured: Interval) -> str:
    """An estimate beside what was measured since; `arm` as a sentence begins with it."""
    inside = found.low <= measured.mean <= found.high
    within = "" if measured.low is None else f" (95 % interval {span(measured)})"
    return (
        f"{arm}: without labels {percent(found.accuracy, 0)} would have been estimated ({percent(found.low, 0)} to "
        f"{percent(found.high, 0)}); measured accuracy is {percent(measured.mean)}{within}, "
        f"{'inside' if inside else 'outside'} that range."
    )


def chosen(arm: str, epochs: Sequence[tuple[int, int]]) -> list[str]:
    """Which epochs were kept, and which the target's labels would have chosen: (kept, would have been), one a run."""
    if not epochs:
        return []
    kept, oracle = (", ".join(map(str, each)) for each in zip(*epochs, strict=True))
    which = "epoch" if len(epochs) == 1 else "epochs"
    return [
        f"{arm} kept {which} {kept}, chosen by the source's validation pictures; no label of the target was used. By those "
        f"labels it would have been {which} {oracle}."
    ]


def distance_in_words(found: Distance) -> str:
    """How different two sets look to the network."""
    how = "much alike" if found.high <= ALIKE else "very different" if found.low >= APART else "different"
    return (
        f"The two sets look {how} to this network: a linear classifier tells them apart in {percent(found.told_apart, 0)} "
        f"of cases (proxy A-distance {found.value:.2f}, 95 % interval {found.low:.2f} to {found.high:.2f}; 0 is alike, 2 "
        f"always told apart; {count(sum(found.pictures))} pictures)."
    )
