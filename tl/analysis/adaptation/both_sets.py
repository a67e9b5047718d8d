"""How mixed two data sets are in what reaches the head of a network, before and after it learned: numbers, and in words."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tl.analysis.adaptation.distance import distance
from tl.analysis.adaptation.projection import plane
from tl.languages import later, say
from tl.store.both_sets import Apart, BothSets, Seen
from tl.words import percent

MIXED, APART, OVERLAP = later("more mixed"), later("further apart"), later("no clear change")
CHANGES = {
    MIXED: later("After training the two sets are more mixed than before."),
    APART: later("After training the two sets are further apart than before."),
    OVERLAP: later("Whether the two sets are more mixed than before can't be told: the intervals overlap."),
}
DIGITS = 3  # of a place that is kept, of the farthest one: finer than a chart can show
LOOK_FOR = later(
    "Each mark is a picture. Look for two things: do both shapes share the same places, and does each colour keep to "
    "itself? Where the shapes lie apart, the network still tells the two sets apart; where the colours do, it tells "
    "the classes apart. Mixing alone is not success: a network that takes everything for one class mixes them, too."
)
RANDOM = later(
    "This network started from random weights: before training neither sets nor classes mean anything to it. Its BatchNorm "
    "statistics are those of the first training pictures."
)
EXPLAINED = later(
    "Proxy A-distance of what reaches the head, with its 95 % interval: 0 is mixed, 2 always told apart. Mixing alone "
    "is not success: a network that takes everything for one class mixes them, too."
)
ONLY_A_VIEW = later(
    "The distance is measured over all features of the network, not only in the two directions drawn here."
)


def seen(features: NDArray[np.floating], of_source: int) -> Seen:
    """Of features (n, D) of which the first `of_source` rows are the source's: both sets in one plane, and how far apart."""
    found, far = plane(features), distance(features[:of_source], features[of_source:])
    step = float(np.abs(found.places).max(initial=0.0)) * 10.0**-DIGITS
    places = np.round(found.places / step) * step if step > 0 else found.places
    return Seen(
        places=[(float(f"{x:.{DIGITS + 1}g}"), float(f"{y:.{DIGITS + 1}g}")) for x, y in places],
        explained=(min(1.0, found.explained[0]), min(1.0, found.explained[1])),
        apart=None if far is None else Apart(value=far.value, low=far.low, high=far.high, told_apart=far.told_apart),
    )


def both_sets(found: Mapping[str, NDArray[np.generic]]) -> BothSets:
    """Of what tl.train.looking.both_sets has found, by the names of its `HeadInputs`."""
    of_source = int(found["of_source"])
    return BothSets(
        picture=[int(place) for place in found["picture"]],
        label=[int(label) for label in found["label"]],
        of_source=of_source,
        random=bool(found["random"]),
        before=seen(found["before"].astype(np.float64), of_source),
        after=seen(found["after"].astype(np.float64), of_source),
    )


def explained(found: Seen) -> str:
    """How much of what there is a picture shows."""
    return say("The two axes show {share} of the variance.", share=percent(sum(found.explained), 0))


def mixed(found: Seen) -> str:
    """The one number: how well the two sets can be told apart."""
    if found.apart is None:
        return say("Too few pictures to say how mixed the two sets are.")
    own = found.apart
    return say(
        "Told apart in {share} of cases: proxy A-distance {value:.2f} (95 % interval {low:.2f} to {high:.2f}).",
        share=percent(own.told_apart),
        value=own.value,
        low=own.low,
        high=own.high,
    )


def direction(found: BothSets) -> str | None:
    """What the two sets are after training, against before; None where that is not known. The same pictures were asked about
    twice."""
    before, after = found.before.apart, found.after.apart
    if before is None or after is None:
        return None
    if after.high < before.low:
        return MIXED
    return APART if after.low > before.high else OVERLAP


def change(found: BothSets) -> str | None:
    """The same as a sentence."""
    how = direction(found)
    return how and say(CHANGES[how])
