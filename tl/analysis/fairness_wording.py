"""How far arms had got with learning, in words: of the two sides of a comparison, and of each arm by itself."""

from tl.analysis.fairness import rate_far_below
from tl.analysis.names import inside, open_question, title
from tl.analysis.results import ArmSummary, Learning, Verdict
from tl.effects import never_unfrozen
from tl.words import count, mean_count, number_of, percent, rate

DENIED = "did no better than chance"
# What an arm did, and what would have been fairer to it; of the other states neither can be said so shortly.
UNFAIR = {
    Learning.STILL_IMPROVING: ("had not converged", "more epochs"),
    Learning.TOO_FEW_STEPS: ("took too few steps", "more epochs"),
    Learning.LEARNED_NOTHING: (DENIED, "more epochs or another learning rate"),
    Learning.DIVERGED: ("diverged", "a lower learning rate"),
}
OTHER_FEATURES = "other pretrained weights"  # what is fairer where nothing trains by gradient
LOOK_DIFFERENT = "look too different"  # the second data set's pictures
GUESS = (Learning.LEARNED_NOTHING, Learning.ONLY_ITS_OWN)  # no better than chance on the pictures that count
VISIBLE = 0.03  # a lead over chance that people see in the numbers: then it is called unclear, not denied
NARROW, WIDEN, CHANGE, HELP = "narrow the gap", "widen the gap", "change that", "help"


def told(found: Verdict, name: str, gain: float) -> str:
    """Sentences on the arm `name` and the baseline: first on the side that lost by more than the margin.

    That the other side had converged needs no words. Where neither lost, only what makes that worthless is told.
    """
    base = found.against(name)
    loser, winner = (base, name) if gain > 0 else (name, base)
    learning = {side: found.summary[side].ledger.learning for side in (loser, winner)}
    lost = abs(gain) >= found.margin
    if not lost and not set(learning.values()) <= {*GUESS, Learning.DIVERGED}:
        return ""
    if learning[loser] == learning[winner] and learning[loser] in UNFAIR:
        return _of_both(learning[loser], [found.summary[side] for side in learning])
    sentences = [_sentence(loser, found.summary[loser], NARROW if lost else CHANGE)]
    if learning[winner] in UNFAIR:
        sentences.append(_sentence(winner, found.summary[winner], WIDEN if lost else CHANGE))
    return " ".join(sentence for sentence in sentences if sentence)


def unfrozen(found: Verdict, *names: str) -> str:
    """Sentences on those of these arms whose epochs were over before all that should train did."""
    told = (_never_unfrozen(title(name), found.summary[name]) for name in names)
    return " ".join(sentence for sentence in told if sentence)


def _never_unfrozen(subject: str, own: ArmSummary) -> str:
    given = own.ledger
    if given.reached is None:
        return ""
    return f"{subject} was {never_unfrozen(given.reached, given.budget)}."


def mark(own: ArmSummary) -> str:
    """All that is unfair to an arm, as one predicate; empty where nothing is, or that isn't known."""
    given = own.ledger
    frozen = given.reached and f"was {never_unfrozen(given.reached, given.budget)}"
    return ", and ".join(filter(None, [frozen, predicate(own)]))


def said(found: Verdict, name: str) -> bool:
    """Whether the verdict's text has told already all that `mark` says of the arm `name`."""
    own = found.summary[name]
    frozen, unfair = _never_unfrozen(title(name), own), predicate(own, CHANGE).partition(":")[0]
    if frozen not in found.text:
        return False
    return f"{title(name)} {unfair}" in found.text or _of_several(found, name) in found.text


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
            and own.ledger.learning in UNFAIR.keys() - {Learning.TOO_FEW_STEPS}
        ):
            return _of_both(own.ledger.learning, sides)
    return mark(own)


def predicate(own: ArmSummary, effect: str = HELP) -> str:
    """What is unfair to an arm, and what may have which effect; empty where nothing is, or that isn't known."""
    given = own.ledger
    if given.learning == Learning.TOO_NOISY:
        return f"may still have been improving: {_validation(given.validation_pictures)} too few to tell"
    if given.learning == Learning.STOPPED:
        return f"was cut short after {_epochs(own, of_budget=True)} and may have gone on learning"
    if given.learning == Learning.ONLY_ITS_OWN:
        return _only_its_own(own, numbers=effect == HELP)
    if given.learning not in UNFAIR:
        return ""
    did, fairer = UNFAIR[given.learning]
    if given.usual_rate is None:
        fairer = OTHER_FEATURES
    if given.learning == Learning.TOO_FEW_STEPS:
        steps, least = number_of(round(given.steps or 0), "step"), count(given.patience_steps)
        did = f"took only {steps}, with random weights at least {least} are needed"
    if given.learning == Learning.LEARNED_NOTHING:
        did = f"{over_chance(given.counted_accuracy, given.chance)} in {_epochs(own)}"
        if effect == HELP:  # else the accuracies have been told
            did += f" ({percent(given.counted_accuracy)}, chance is {percent(given.chance)})"
        if rate_far_below(given):
            fairer = f"a rate nearer to the usual {rate(given.usual_rate)} than {rate(given.lowest_rate)}"
    return f"{did}: {fairer} may {effect}"


def _only_its_own(own: ArmSummary, numbers: bool) -> str:
    """Of two data sets: it has learned, so that neither epochs nor a rate are what it lacks; `numbers`: with what it reached."""
    given = own.ledger
    reached = f" ({percent(given.counted_accuracy)}, chance is {percent(given.chance)})" if numbers else ""
    knows = f"knows pictures like those it learned from ({percent(own.best_val_accuracy)} of the validation pictures)"
    return (
        f"{knows} but {over_chance(given.counted_accuracy, given.chance)} on the others{reached}: they {LOOK_DIFFERENT}"
    )


def _sentence(name: str, own: ArmSummary, effect: str) -> str:
    if own.ledger.learning == Learning.CONVERGED:
        return f"{title(name)} had converged."
    said = predicate(own, effect)
    return f"{title(name)} {said}." if said else ""


def over_chance(accuracy: float | None, chance: float | None) -> str:
    """How an arm did whose lead over chance may be luck: a predicate that the two numbers beside it don't belie."""
    seen = accuracy is not None and chance is not None and accuracy >= chance + VISIBLE
    return "was not clearly better than chance" if seen else DENIED


def nothing_learned(found: Verdict, name: str, *, all_arms: bool = False) -> str:
    """Where neither the arm `name` nor what it is held against (`all_arms`: no arm at all) learned anything: that, and what may
    change it; their gain says nothing. Else empty.
    """
    sides = _guessing(found, name, all_arms)
    if not sides:
        return ""
    ledgers = [found.summary[side].ledger for side in sides]
    seen = any(over_chance(own.counted_accuracy, own.chance) != DENIED for own in ledgers)
    took = [f" in {_epochs(found.summary[side])}" for side in sides]
    alike = len(set(took)) == 1
    reached = ", ".join(
        f"{inside(side)} {percent(own.counted_accuracy)}{'' if alike else epochs}"
        for side, own, epochs in zip(sides, ledgers, took, strict=True)
    )
    helps = "any of them helps" if len(sides) > 2 else open_question(found, name)
    who = "Neither arm" if len(sides) == 2 else "No arm"
    fairer = f"{UNFAIR[Learning.LEARNED_NOTHING][1]} may change that"
    if all(own.learning == Learning.ONLY_ITS_OWN for own in ledgers):
        fairer = f"they know pictures like those they learned from, and the others {LOOK_DIFFERENT}"
    pictures = ", and more test pictures would show more" if seen else ""
    return (
        f"{who} {'was clearly' if seen else 'did'} better than chance{took[0] if alike else ''} ({reached}; chance is {percent(found.chance)}), so it "
        f"can't be said whether {helps}: {fairer}{pictures}."
    )


def _guessing(found: Verdict, name: str, all_arms: bool) -> list[str]:
    """The baseline and the arm `name`, or with `all_arms` all, where none of them learned anything; else nothing."""
    nothing = [arm for arm, own in found.summary.items() if own.ledger.learning in GUESS]
    base = found.against(name)
    if not {name, base} <= set(nothing):
        return []
    return nothing if all_arms and len(nothing) == len(found.summary) else [base, name]


def _of_both(learning: Learning, arms: list[ArmSummary]) -> str:
    did, fairer = UNFAIR[learning]
    if learning == Learning.STILL_IMPROVING:
        return f"Neither arm had converged: {fairer} may change the gap."
    if learning == Learning.LEARNED_NOTHING:
        said = {over_chance(own.ledger.counted_accuracy, own.ledger.chance) for own in arms}
        neither = "did better" if said == {DENIED} else "was clearly better"
        return f"Neither arm {neither} than chance: {fairer} may change that."
    return f"Both arms {did}: {fairer} may change the gap."


def _epochs(own: ArmSummary, *, of_budget: bool = False) -> str:
    """ "2 epochs", "6 of 30 epochs"."""
    done, budget = own.epochs or 0.0, own.ledger.budget
    number = mean_count(done) + (f" of {budget:,}" if of_budget else "")
    single = budget == 1 if of_budget else done == 1
    return f"{number} epoch" + ("" if single else "s")


def _validation(pictures: int | None) -> str:
    if pictures is None:
        return "the validation pictures are"
    return f"{count(pictures)} validation picture" + (" is" if pictures == 1 else "s are")
