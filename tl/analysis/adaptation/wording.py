"""What is said of a target that nobody has labelled, and of how different two sets look: sentences, never more than the
numbers."""

from collections.abc import Sequence

from tl.analysis.adaptation.advice import ALIKE, APART
from tl.analysis.adaptation.distance import Distance
from tl.analysis.adaptation.estimate import AccuracyEstimate
from tl.analysis.claim_wording import span
from tl.analysis.results import Interval
from tl.languages import later, plural, say
from tl.words import count, number_of, percent

NO_TEST = later(
    "Nobody has labelled these pictures, so this is an estimate from how sure the networks are, not a test; it may even put "
    "the arms in the wrong order."
)
BESIDE = {  # whether the range held what was measured -> an estimate beside it
    True: later(
        "{arm}: the estimate without labels would have been {estimate} ({low} to {high}); the measured accuracy is "
        "{accuracy}, inside that range."
    ),
    False: later(
        "{arm}: the estimate without labels would have been {estimate} ({low} to {high}); the measured accuracy is "
        "{accuracy}, outside that range."
    ),
}
LOOK = {
    "alike": later(
        "The two sets look much alike to this network: a linear classifier tells them apart in {share} of cases (proxy A-distance "
        "{value:.2f}, 95 % interval {low:.2f} to {high:.2f}; 0 is alike, 2 always told apart; {number} pictures)."
    ),
    "apart": later(
        "The two sets look very different to this network: a linear classifier tells them apart in {share} of cases (proxy "
        "A-distance {value:.2f}, 95 % interval {low:.2f} to {high:.2f}; 0 is alike, 2 always told apart; {number} pictures)."
    ),
    "different": later(
        "The two sets look different to this network: a linear classifier tells them apart in {share} of cases (proxy A-distance "
        "{value:.2f}, 95 % interval {low:.2f} to {high:.2f}; 0 is alike, 2 always told apart; {number} pictures)."
    ),
}


def estimated(arm: str, found: AccuracyEstimate) -> str:
    """One arm's accuracy on pictures without labels; `arm` as a sentence begins with it."""
    said = {"arm": arm, "accuracy": percent(found.accuracy, 0), "anything": _anything(found)}
    if found.networks == 1:
        return say("{arm} is estimated at {accuracy}; {anything} would be no surprise.", **said)
    networks = number_of(found.networks, "network")
    return say(
        "{arm} is estimated at {accuracy} over {networks}; {anything} would be no surprise.", networks=networks, **said
    )


def no_estimate(arm: str) -> str:
    """Where an arm knows nothing of its own pictures."""
    return say(
        "{arm} can't be estimated: one of its networks does no better than guessing on its own labelled pictures.",
        arm=arm,
    )


def _anything(found: AccuracyEstimate) -> str:
    if found.low < 0.005:  # the least that can be said is nothing
        return say("anything up to {high}", high=percent(found.high, 0))
    return say("anything from {low} to {high}", low=percent(found.low, 0), high=percent(found.high, 0))


def beside_the_truth(arm: str, found: AccuracyEstimate, measured: Interval) -> str:
    """An estimate beside what was measured since; `arm` as a sentence begins with it."""
    accuracy: str = percent(measured.mean)
    if measured.low is not None:
        accuracy = say("{accuracy} (95 % interval {interval})", accuracy=accuracy, interval=span(measured))
    said = {"arm": arm, "estimate": percent(found.accuracy, 0), "accuracy": accuracy}
    said |= {"low": percent(found.low, 0), "high": percent(found.high, 0)}
    return say(BESIDE[found.low <= measured.mean <= found.high], **said)


def chosen(arm: str, epochs: Sequence[tuple[int, int]]) -> list[str]:
    """Which epochs were kept, and which the target's labels would have chosen: (kept, would have been), one a run."""
    if not epochs:
        return []
    kept, oracle = (", ".join(map(str, each)) for each in zip(*epochs, strict=True))
    return [
        plural(
            "{arm} kept epoch {kept}, chosen by the source's validation pictures; no label of the target was used. By those "
            "labels it would have been epoch {oracle}.",
            "{arm} kept epochs {kept}, chosen by the source's validation pictures; no label of the target was used. By those "
            "labels it would have been epochs {oracle}.",
            len(epochs),
            arm=arm,
            kept=kept,
            oracle=oracle,
        )
    ]


def distance_in_words(found: Distance) -> str:
    """How different two sets look to the network."""
    how = "alike" if found.high <= ALIKE else "apart" if found.low >= APART else "different"
    said = {"value": found.value, "low": found.low, "high": found.high}
    return say(LOOK[how], share=percent(found.told_apart, 0), number=count(sum(found.pictures)), **said)
