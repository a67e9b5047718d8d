"""What to do about two sets of pictures before anything is trained, from how different they look: rules, as data.

Adapt, label a few, or neither: the first rule that applies decides, as in tl.analysis.forecasts.advice, whose shape this is. What
came of it in comparisons here is counted by tl.analysis.forecasts.advice_record.
"""

from typing import Any

from tl.analysis.adaptation.distance import Distance
from tl.analysis.forecasts.advice import Citation, CounterExample, Rule, apply_rules
from tl.analysis.statistics import HELPS, NO_DIFFERENCE
from tl.languages import later, say
from tl.words import percent

# Proxy A-distances up to which two sets look much alike, and from which they look very different; with the whole interval.
# They are told apart in 62 % and in 88 % of cases there.
ALIKE, APART = 0.5, 1.5

CDAN = Citation(who=later("Long et al. 2018 (CDAN)"), arxiv="1705.10667")
DANN = Citation(who=later("Ganin et al. 2016 (DANN)"), arxiv="1505.07818")
ZHAO = Citation(who=later("Zhao et al. 2019"), arxiv="1901.09453")
TLLIB = Citation(
    who=later("Transfer Learning Library"),
    page="https://github.com/thuml/Transfer-Learning-Library/tree/master/examples/domain_adaptation/image_classification",
)
NEGATIVE = CounterExample(
    text=later("from works of art to product photographs (Office-Home) DANN fell from 65.9 to 62.6 %"), source=TLLIB
)

RULES: dict[str, Rule[Distance]] = {
    "alike": Rule(
        applies=lambda found: found.high <= ALIKE,
        says=lambda found: say(
            "A linear classifier tells the two apart in {share} of cases, hardly better than guessing: there is little "
            "to adapt to. Between two cameras in one office, which look alike, networks that learned from one alone "
            "were right on 99 % of the other's pictures, and no better after adapting.",
            share=percent(found.told_apart, 0),
        ),
        sources=(CDAN,),
        predicts=NO_DIFFERENCE,
        strategies=("source_only",),
        counter_examples=(
            CounterExample(
                text=later("sets that look alike can still have other things under the same name"), source=ZHAO
            ),
        ),
    ),
    "apart": Rule(
        applies=lambda found: found.low >= APART,
        says=lambda found: say(
            "A linear classifier can tell which set nearly every picture is from ({share}). A network can learn to see "
            "such sets as alike and yet mix up their classes, which only labels of the second set can show.",
            share=percent(found.told_apart, 0),
        ),
        sources=(ZHAO,),
        predicts=HELPS,
        strategies=("target_few", "adabn", "mcc"),
        counter_examples=(
            CounterExample(
                text=later(
                    "from product pictures to a webcam (Office-31) DANN rose from 75.8 to 91.4 % without one label"
                ),
                source=TLLIB,
            ),
        ),
    ),
    "different": Rule(
        applies=lambda found: found.high > ALIKE and found.low < APART,
        says=lambda found: say(
            "A linear classifier tells the two apart in {share} of cases: they differ, but have much in common. "
            "Adapting teaches a network to treat both alike.",
            share=percent(found.told_apart, 0),
        ),
        sources=(DANN,),
        predicts=HELPS,
        strategies=("adabn", "mcc", "dann", "cdan"),
        counter_examples=(NEGATIVE,),
    ),
}
TEXTS = {
    "alike": later(
        "Plain transfer will do: learn from the labelled pictures alone (source only). Expected: adapting ends about where that "
        "does."
    ),
    "apart": later(
        "Label a few of the pictures it will work on, 5 to 20 of each class, and compare that with adapting. Expected: "
        "with those few labels it does better than source only, and so does adapting without any."
    ),
    "different": later(
        "Adapt, and compare with source only: by the target's statistics (AdaBN) or least class confusion (MCC) at first. "
        "Expected: adapting does better."
    ),
}


def advise(found: Distance) -> dict[str, Any]:
    """JSON-ready: `{"predicted", "strategies", "reasons", "text"}`, as tl.analysis.forecasts.advice.advise."""
    said = apply_rules(RULES, found)
    return said | {"text": say(TEXTS[said["reasons"][0]["rule"]])}
