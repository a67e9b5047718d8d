"""What to expect of transfer on these pictures before anything is trained: rules with their sources, as data.

A new rule is one entry in RULES, where the first that applies decides: which outcome is predicted, which strategies
are advised. A rule names who found it, and who found otherwise. No disk, no numpy.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Generic, TypeVar

from tl.analysis.statistics import HELPS, NO_DIFFERENCE
from tl.languages import joined, later, say
from tl.networks import pictures_in_words
from tl.strategies import STRATEGIES
from tl.words import count, number_of

MANY_PICTURES = 10_000  # training pictures; He et al. 2018 match pretraining with so many, not with very few
# Training pictures seen, over all epochs, from which on training from scratch has had a fair chance. He et al. 2018 match
# pretraining on COCO with 72 epochs (8.5 million) instead of 24; small networks made for CIFAR-10 need 24 (1.2 million).
ENOUGH_SEEN = 1_000_000
FEW_HUNDRED = 500  # training pictures


@dataclass(frozen=True, kw_only=True)
class Citation:
    """Where it is written; `who` is worded where it is shown."""

    who: str
    arxiv: str = ""
    page: str = ""  # where it is not on arXiv

    @property
    def url(self) -> str:
        """Its page."""
        return self.page or f"https://arxiv.org/abs/{self.arxiv}"


KORNBLITH = Citation(who=later("Kornblith et al. 2019"), arxiv="1805.08974")
HE = Citation(who=later("He et al. 2018"), arxiv="1811.08883")
RAGHU = Citation(who=later("Raghu et al. 2019"), arxiv="1902.07208")
KUMAR = Citation(who=later("Kumar et al. 2022"), arxiv="2202.10054")
YOSINSKI = Citation(who=later("Yosinski et al. 2014"), arxiv="1411.1792")
YOU = Citation(who=later("You et al. 2021"), arxiv="2102.11005")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known before training."""

    samples: int  # training pictures
    epochs: int  # at most, from scratch
    drawn: bool  # by the computer: no photographs
    source_data: str  # what the weights were learned on, in English
    fits: bool | None  # training everything fits into the free memory; None: not asked
    stronger_than_random: bool | None  # see tl.analysis.forecasts.hints.strength; None: not looked at

    @property
    def seen(self) -> int:
        """Training pictures that training from scratch may see, over all epochs."""
        return self.samples * self.epochs


@dataclass(frozen=True, kw_only=True)
class CounterExample:
    """Where the rule did not hold."""

    text: str
    source: Citation


Known = TypeVar("Known")  # what rules are about


@dataclass(frozen=True, kw_only=True)
class Rule(Generic[Known]):
    """If `applies`, then `says`."""

    applies: Callable[[Known], bool]
    says: Callable[[Known], str]  # one sentence on these pictures
    sources: tuple[Citation, ...]
    predicts: str | None = None  # outcome of the verdict on the arm that is advised against the baseline
    strategies: tuple[str, ...] = ()  # keys of STRATEGIES, the best first; one that there is not is passed over
    counter_examples: tuple[CounterExample, ...] = ()


FINE_GRAINED = CounterExample(
    text=later(
        "on two small fine-grained sets (models of cars, variants of aircraft) pretraining gave minimal benefits"
    ),
    source=KORNBLITH,
)
MEDICAL = CounterExample(
    text=later("on medical pictures small networks from scratch did as well; the gain was mostly sooner convergence"),
    source=RAGHU,
)
LONGER_SCHEDULES = CounterExample(
    text=later("with a longer schedule training from scratch did as well on COCO, even with a tenth of it"), source=HE
)

RULES: dict[str, Rule[Facts]] = {
    "small_memory": Rule(
        applies=lambda facts: facts.fits is False,
        says=lambda facts: say(
            "Training everything may not fit into the free memory; a frozen backbone needs much less."
        ),
        sources=(KORNBLITH,),
        strategies=("linear_probe",),
        counter_examples=(
            CounterExample(
                text=later("averaged over 12 sets, fine-tuned networks were clearly better than frozen ones"),
                source=KORNBLITH,
            ),
        ),
    ),
    "unlike_source": Rule(
        applies=lambda facts: facts.stronger_than_random is False,
        says=lambda facts: say(
            "The pretrained features explain these labels no better than random weights do (LogME, a Bayes factor "
            "below 20), so expect little."
        ),
        sources=(YOU, YOSINSKI),
        predicts=NO_DIFFERENCE,
        counter_examples=(
            CounterExample(
                text=later("even features of distant tasks can start better than random ones"), source=YOSINSKI
            ),
        ),
    ),
    "drawn": Rule(
        applies=lambda facts: facts.drawn and facts.stronger_than_random is not False,
        says=lambda facts: say(
            "The pictures are drawn by the computer, unlike {others}: expect less than on photographs.",
            others=pictures_in_words(facts.source_data),
        ),
        sources=(YOSINSKI,),
    ),
    "few_hundred": Rule(
        applies=lambda facts: facts.samples < FEW_HUNDRED,
        says=lambda facts: say(
            "With {samples} training pictures, train the head first: fine-tuning everything at once can distort good "
            "features.",
            samples=count(facts.samples),
        ),
        sources=(KUMAR,),
        strategies=("lp_ft", "linear_probe"),
        counter_examples=(
            CounterExample(
                text=later("on pictures like those trained on, plain fine-tuning was 2 points better than a probe"),
                source=KUMAR,
            ),
        ),
    ),
    "under_10000": Rule(
        applies=lambda facts: facts.samples < MANY_PICTURES,
        says=lambda facts: say(
            "{samples} training pictures are fewer than {many}: start with transfer.",
            samples=count(facts.samples),
            many=count(MANY_PICTURES),
        ),
        sources=(HE, KORNBLITH),
        predicts=HELPS,
        strategies=("full_finetuning",),
        counter_examples=(FINE_GRAINED, MEDICAL, LONGER_SCHEDULES),
    ),
    "short_schedule": Rule(
        applies=lambda facts: facts.samples >= MANY_PICTURES and facts.seen < ENOUGH_SEEN,
        says=lambda facts: say(
            "{samples} training pictures are enough for training from scratch to catch up, but hardly in {epochs}: that is "
            "{seen} pictures seen, and by rule of thumb it takes {enough}.",
            samples=count(facts.samples),
            epochs=number_of(facts.epochs, "epoch"),
            seen=count(facts.seen),
            enough=count(ENOUGH_SEEN),
        ),
        sources=(HE,),
        predicts=HELPS,
        strategies=("full_finetuning",),
        counter_examples=(FINE_GRAINED, MEDICAL),
    ),
    "many_pictures": Rule(
        applies=lambda facts: facts.samples >= MANY_PICTURES and facts.seen >= ENOUGH_SEEN,
        says=lambda facts: say(
            "With {samples} training pictures and {epochs}, {seen} pictures seen, training from scratch can catch up; "
            "transfer gets there sooner.",
            samples=count(facts.samples),
            epochs=number_of(facts.epochs, "epoch"),
            seen=count(facts.seen),
        ),
        sources=(HE,),
        predicts=NO_DIFFERENCE,
        strategies=("full_finetuning",),
        counter_examples=(
            CounterExample(
                text=later("with the short schedule of the fine-tuned network, training from scratch stayed behind"),
                source=HE,
            ),
        ),
    ),
}
EXPECTED = {
    HELPS: later("Expected: transfer does better on the test set."),
    NO_DIFFERENCE: later("Expected: transfer ends about where training from scratch does."),
}


def advise(facts: Facts) -> dict[str, Any]:
    """JSON-ready: `{"predicted", "strategies", "text", "reasons"}`; reasons are the rules that apply, with sources."""
    found = apply_rules(RULES, facts)
    start = _start(found["predicted"], found["strategies"])
    return found | {"text": joined([start, say(EXPECTED[found["predicted"]])])}


def apply_rules(rules: Mapping[str, Rule[Known]], facts: Known) -> dict[str, Any]:
    """`{"predicted", "strategies", "reasons"}`: what the first of the rules that apply predict and advise, and why."""
    applying = {key: rule for key, rule in rules.items() if rule.applies(facts)}
    there_are = ([key for key in rule.strategies if key in STRATEGIES] for rule in applying.values())
    return {
        "predicted": next(rule.predicts for rule in applying.values() if rule.predicts),
        "strategies": next(keys for keys in there_are if keys),
        "reasons": [_reason(key, rule, facts) for key, rule in applying.items()],
    }


def _start(predicted: str, strategies: list[str]) -> str:
    first, *others = (say(STRATEGIES[key].inside) for key in strategies)
    said: dict[str, str] = {"first": first}
    if not others:
        if predicted == HELPS:
            return say("Start with transfer: {first}.", **said)
        return say("Compare before you choose; of the ways to transfer try {first}.", **said)
    said["others"] = reduce(lambda titles, title: say("{titles} or {title}", titles=titles, title=title), others)
    if predicted == HELPS:
        return say("Start with transfer: {first} (or {others}).", **said)
    return say("Compare before you choose; of the ways to transfer try {first} (or {others}).", **said)


def _reason(key: str, rule: Rule[Known], facts: Known) -> dict[str, Any]:
    return {
        "rule": key,
        "text": rule.says(facts),
        "sources": [_cited(source) for source in rule.sources],
        "but": [{"text": say(example.text), "source": _cited(example.source)} for example in rule.counter_examples],
    }


def _cited(source: Citation) -> dict[str, str]:
    return {"who": say(source.who), "url": source.url}
