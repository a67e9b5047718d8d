"""How far arms had got with learning, in words: of the two sides of a comparison, and of each arm by itself."""

from tl.analysis.fairness import rate_far_below
from tl.analysis.names import inside, open_question, title
from tl.analysis.results import ArmSummary, Learning, Ledger, Verdict
from tl.effects import never_unfrozen
from tl.languages import ENGLISH, commas, english, joined, later, plural, say, speaking
from tl.words import count, mean_count, number_of, percent, rate

# What would have been fairer to an arm; of the other states that can't be said so shortly.
FAIRER = {
    Learning.STILL_IMPROVING: later("more epochs"),
    Learning.TOO_FEW_STEPS: later("more epochs"),
    Learning.LEARNED_NOTHING: later("more epochs or another learning rate"),
    Learning.DIVERGED: later("a lower learning rate"),
}
OTHER_FEATURES = later("other pretrained weights")  # what is fairer where nothing trains by gradient
BOTH = {  # the same of two arms; LEARNED_NOTHING: _of_both
    Learning.STILL_IMPROVING: later("Neither arm had converged: {what} may change the gap."),
    Learning.TOO_FEW_STEPS: later("Both arms took too few steps: {what} may change the gap."),
    Learning.DIVERGED: later("Both arms diverged: {what} may change the gap."),
}
NOTHING_LEARNED = {  # whether a lead over chance is seen, whether the accuracy is told -> what an arm did
    (False, False): later("did no better than chance in {epochs}"),
    (False, True): later("did no better than chance in {epochs} ({accuracy}, chance is {chance})"),
    (True, False): later("was not clearly better than chance in {epochs}"),
    (True, True): later("was not clearly better than chance in {epochs} ({accuracy}, chance is {chance})"),
}
ONLY_ITS_OWN = {  # the same of an arm that has learned from one data set and works on another
    (False, False): later("{known} but did no better than chance on the others"),
    (False, True): later("{known} but did no better than chance on the others ({accuracy}, chance is {chance})"),
    (True, False): later("{known} but was not clearly better than chance on the others"),
    (True, True): later(
        "{known} but was not clearly better than chance on the others ({accuracy}, chance is {chance})"
    ),
}
NONE_LEARNED = {  # whether arms are two, in as many epochs, whether a lead over chance is seen -> what none of them did
    (True, True, False): later("Neither arm did better than chance in {epochs}"),
    (True, True, True): later("Neither arm was clearly better than chance in {epochs}"),
    (True, False, False): later("Neither arm did better than chance"),
    (True, False, True): later("Neither arm was clearly better than chance"),
    (False, True, False): later("No arm did better than chance in {epochs}"),
    (False, True, True): later("No arm was clearly better than chance in {epochs}"),
    (False, False, False): later("No arm did better than chance"),
    (False, False, True): later("No arm was clearly better than chance"),
}
GUESS = (Learning.LEARNED_NOTHING, Learning.ONLY_ITS_OWN)  # no better than chance on the pictures that count
VISIBLE = 0.03  # a lead over chance that people see in the numbers: then it is called unclear, not denied
NARROW, WIDEN, CHANGE, CHANGE_AND_SHOW, HELP = (  # what something fairer may do
    later("{what} may narrow the gap"),
    later("{what} may widen the gap"),
    later("{what} may change that"),
    later("{what} may change that, and more test pictures would show more"),
    later("{what} may help"),
)


def fairness_sentences(found: Verdict, name: str, gain: float) -> str:
    """Sentences on the arm `name` and the baseline: first on the side that lost by more than the margin.

    That the other side had converged needs no words. Where neither lost, only what makes that worthless is told.
    """
    base = found.against(name)
    loser, winner = (base, name) if gain > 0 else (name, base)
    learning = {side: found.summary[side].ledger.learning for side in (loser, winner)}
    lost = abs(gain) >= found.margin
    if not lost and not set(learning.values()) <= {*GUESS, Learning.DIVERGED}:
        return ""
    if learning[loser] == learning[winner] and learning[loser] in FAIRER:
        return _of_both(learning[loser], [found.summary[side] for side in learning])
    sentences = [_sentence(loser, found.summary[loser], NARROW if lost else CHANGE)]
    if learning[winner] in FAIRER:
        sentences.append(_sentence(winner, found.summary[winner], WIDEN if lost else CHANGE))
    return joined(sentences)


def unfrozen(found: Verdict, *names: str) -> str:
    """Sentences on those of these arms whose epochs were over before all that should train did."""
    return joined(_never_unfrozen(title(name), found.summary[name]) for name in names)


def _never_unfrozen(subject: str, own: ArmSummary) -> str:
    given = own.ledger
    if given.reached is None:
        return ""
    return say("{arm} was {what}.", arm=subject, what=never_unfrozen(given.reached, given.budget))


def mark(own: ArmSummary) -> str:
    """All that is unfair to an arm, as one predicate; empty where nothing is, or that isn't known."""
    given, unfair = own.ledger, predicate(own)
    if not given.reached:
        return unfair
    frozen = never_unfrozen(given.reached, given.budget)
    return say("was {what}, and {more}", what=frozen, more=unfair) if unfair else say("was {what}", what=frozen)


def already_said(found: Verdict, name: str) -> bool:
    """Whether the verdict's text has told already all that `mark` says of the arm `name`."""
    text = english(found.text)
    with speaking(ENGLISH):
        own = found.summary[name]
        if _never_unfrozen(title(name), own) not in text:
            return False
        return f"{title(name)} {_state(own, numbers=False)}" in text or _of_several(found, name) in text


def _of_several(found: Verdict, name: str) -> str:
    """The sentence that says the same of several arms, where it says all there is to say of this one; else its mark."""
    own, first = found.summary[name], found.headline
    if first is not None and not (own.ledger.learning == Learning.LEARNED_NOTHING and rate_far_below(own.ledger)):
        if name in _guessing(found, first, all_arms=True):
            return nothing_learned(found, first, all_arms=True)
        sides = [found.summary[side] for side in (found.against(first), first)]
        alike = {side.ledger.learning for side in sides} == {own.ledger.learning}
        if (
            name in (found.against(first), first)
            and alike
            and own.ledger.learning in FAIRER.keys() - {Learning.TOO_FEW_STEPS}
        ):
            return _of_both(own.ledger.learning, sides)
    return mark(own)


def predicate(own: ArmSummary, effect: str = HELP) -> str:
    """What is unfair to an arm, and what may have which effect; empty where nothing is, or that isn't known."""
    given, state = own.ledger, _state(own, numbers=effect == HELP)  # else the accuracies have been told
    if given.learning == Learning.TOO_NOISY:
        return say("{state}: {reason}", state=state, reason=_too_few(given.validation_pictures))
    if given.learning == Learning.ONLY_ITS_OWN:
        return say("{state}: {reason}", state=state, reason=say("they look too different"))
    if given.learning not in FAIRER:
        return state
    return say("{state}: {reason}", state=state, reason=say(effect, what=_fairer(given)))


def _state(own: ArmSummary, *, numbers: bool) -> str:
    """What is unfair to an arm; `numbers`: with what it reached where that is no better than chance. Empty as `predicate`."""
    given = own.ledger
    if given.learning == Learning.TOO_NOISY:
        return say("may still have been improving")
    if given.learning == Learning.STOPPED:
        return say("was cut short after {epochs} and may have gone on learning", epochs=_epochs_of_budget(own))
    if given.learning == Learning.ONLY_ITS_OWN:
        return _only_its_own(own, numbers)
    if given.learning == Learning.STILL_IMPROVING:
        return say("had not converged")
    if given.learning == Learning.TOO_FEW_STEPS:
        return say(
            "took only {steps}, with random weights at least {least} are needed",
            steps=number_of(round(given.steps or 0), "step"),
            least=count(given.patience_steps),
        )
    if given.learning == Learning.LEARNED_NOTHING:
        return _learned_nothing(own, numbers)
    return say("diverged") if given.learning == Learning.DIVERGED else ""


def _fairer(given: Ledger) -> str:
    if given.learning == Learning.LEARNED_NOTHING and rate_far_below(given):
        return say(
            "a rate nearer to the usual {usual} than {lowest}",
            usual=rate(given.usual_rate),
            lowest=rate(given.lowest_rate),
        )
    return say(OTHER_FEATURES if given.usual_rate is None else FAIRER[given.learning])


def _learned_nothing(own: ArmSummary, numbers: bool) -> str:
    given = own.ledger
    words = NOTHING_LEARNED[unclear(given.counted_accuracy, given.chance), numbers]
    return say(words, epochs=_epochs(own), **_reached(given, numbers))


def _only_its_own(own: ArmSummary, numbers: bool) -> str:
    """Of two data sets: it has learned, so that neither epochs nor a rate are what it lacks; `numbers`: with what it reached."""
    given = own.ledger
    known = say(
        "knows pictures like those it learned from ({accuracy} of the validation pictures)",
        accuracy=percent(own.best_val_accuracy),
    )
    words = ONLY_ITS_OWN[unclear(given.counted_accuracy, given.chance), numbers]
    return say(words, known=known, **_reached(given, numbers))


def _reached(given: Ledger, numbers: bool) -> dict[str, str]:
    return {"accuracy": percent(given.counted_accuracy), "chance": percent(given.chance)} if numbers else {}


def _sentence(name: str, own: ArmSummary, effect: str) -> str:
    if own.ledger.learning == Learning.CONVERGED:
        return say("{arm} had converged.", arm=title(name))
    what = predicate(own, effect)
    return say("{arm} {what}.", arm=title(name), what=what) if what else ""


def unclear(accuracy: float | None, chance: float | None) -> bool:
    """Whether people see a lead over chance in the numbers: then it is called unclear, not denied."""
    return accuracy is not None and chance is not None and accuracy >= chance + VISIBLE


def nothing_learned(found: Verdict, name: str, *, all_arms: bool = False) -> str:
    """Where neither the arm `name` nor what it is held against (`all_arms`: no arm at all) learned anything: that, and what may
    change it; their gain says nothing. Else empty.
    """
    sides = _guessing(found, name, all_arms)
    if not sides:
        return ""
    own = [found.summary[side] for side in sides]
    seen = any(unclear(each.ledger.counted_accuracy, each.ledger.chance) for each in own)
    alike = len({_epochs(each) for each in own}) == 1
    reach = later("{arm} {accuracy}") if alike else later("{arm} {accuracy} in {epochs}")
    reached = [
        say(reach, arm=inside(side), accuracy=percent(each.ledger.counted_accuracy), epochs=_epochs(each))
        for side, each in zip(sides, own, strict=True)
    ]
    return say(
        "{what} ({reached}; chance is {chance}), so it can't be said {question}: {remedy}.",
        what=say(NONE_LEARNED[len(sides) == 2, alike, seen], epochs=_epochs(own[0])),
        reached=commas(reached),
        chance=percent(found.chance),
        question=say("whether any of them helps") if len(sides) > 2 else open_question(found, name),
        remedy=_remedy(all(each.ledger.learning == Learning.ONLY_ITS_OWN for each in own), seen),
    )


def _remedy(know_their_own: bool, seen: bool) -> str:
    if not know_their_own:
        fairer = say(FAIRER[Learning.LEARNED_NOTHING])
        return say(CHANGE_AND_SHOW if seen else CHANGE, what=fairer)
    if seen:
        return say(
            "they know pictures like those they learned from, and the others look too different, and more test pictures "
            "would show more"
        )
    return say("they know pictures like those they learned from, and the others look too different")


def _guessing(found: Verdict, name: str, all_arms: bool) -> list[str]:
    """The baseline and the arm `name`, or with `all_arms` all, where none of them learned anything; else nothing."""
    nothing = [arm for arm, own in found.summary.items() if own.ledger.learning in GUESS]
    base = found.against(name)
    if not {name, base} <= set(nothing):
        return []
    return nothing if all_arms and len(nothing) == len(found.summary) else [base, name]


def _of_both(learning: Learning, arms: list[ArmSummary]) -> str:
    what = say(FAIRER[learning])
    if learning != Learning.LEARNED_NOTHING:
        return say(BOTH[learning], what=what)
    if any(unclear(own.ledger.counted_accuracy, own.ledger.chance) for own in arms):
        return say("Neither arm was clearly better than chance: {what} may change that.", what=what)
    return say("Neither arm did better than chance: {what} may change that.", what=what)


def _epochs(own: ArmSummary) -> str:
    """ "2 epochs"."""
    done = own.epochs or 0.0
    return plural("{done} epoch", "{done} epochs", done, done=mean_count(done))


def _epochs_of_budget(own: ArmSummary) -> str:
    """ "6 of 30 epochs"."""
    return plural(
        "{done} of {number:,} epoch",
        "{done} of {number:,} epochs",
        own.ledger.budget,
        done=mean_count(own.epochs or 0.0),
    )


def _too_few(pictures: int | None) -> str:
    if pictures is None:
        return say("the validation pictures are too few to tell")
    return plural(
        "{number:,} validation picture is too few to tell",
        "{number:,} validation pictures are too few to tell",
        pictures,
    )
