"""The verdict in plain words: one to three sentences that never claim more than the numbers."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tl.analysis import claim_wording, fairness_wording, names, uncounted_runs
from tl.analysis.names import inside, instead, noun, title
from tl.analysis.open_outcome import what_next
from tl.analysis.results import ArmSummary, Claim, Comparison, Learning, Verdict, both_guess
from tl.analysis.statistics import UNDECIDED
from tl.config import BALANCED_ACCURACY
from tl.languages import joined, later, say
from tl.words import percent

BEST = {  # of which arms, whether more seeds may change it -> which of them did best
    ("before", False): later("Of all {number} arms, {arm} did best, ahead of {other}."),
    ("before", True): later("Of all {number} arms, {arm} has done best so far, ahead of {other}."),
    ("of_all", False): later("Of all {number} arms, {arm} did best."),
    ("of_all", True): later("Of all {number} arms, {arm} has done best so far."),
    ("adapting", False): later("Of the {number} ways to adapt, {arm} did best."),
    ("adapting", True): later("Of the {number} ways to adapt, {arm} has done best so far."),
    ("compared", False): later("Of the {number} arms compared with {base}, {arm} did best."),
    ("compared", True): later("Of the {number} arms compared with {base}, {arm} has done best so far."),
}


def verdict_text(found: Verdict, uneven: bool = False) -> str:
    """The text of the whole verdict; `uneven`: whether the classes differ much in size."""
    if found.headline is None:
        return _alone(found, found.baseline)
    if found.works_on and not any(own.test_accuracy for own in found.summary.values()):
        return _untested_there(found)
    sentences = [comparison(found, found.headline, found.headline_claim)]
    first = contenders(found.comparisons, found.summary)
    measured = [name for name, entry in first.items() if entry.gain]
    if len(measured) > 1 and claim_wording.sets_apart(found, found.headline, found.headline_claim):
        sentences.insert(0, _best_of(found, found.headline, len(measured)))
    hurting = [name for name in found.hurting if not instead(found, name)]
    sentences += [claim_wording.claim_sentence(found, name, found.comparisons[name].claim) for name in hurting]
    sentences += [between(found, name) for name in found.between]
    sentences += [
        claim_wording.claim_sentence(found, name, entry.claim)
        for name, entry in found.comparisons.items()
        if name not in first
    ]
    return joined([*sentences, _judged_by(found, uneven)])


def contenders(comparisons: Mapping[str, Comparison], summary: Mapping[str, ArmSummary]) -> dict[str, Comparison]:
    """The arms of which the best is spoken of first: those that adapt to a second data set without its labels, where there
    are any; then those with labels are told beside them. Else all."""
    adapting = {name: entry for name, entry in comparisons.items() if names.without_labels(summary[name].strategy)}
    return adapting or dict(comparisons)


def _untested_there(found: Verdict) -> str:
    """Two data sets, and no accuracy on the one that counts."""
    if not any("finished" in own.statuses for own in found.summary.values()):
        return say("No arm has been tested on {dataset} yet.", dataset=found.works_on)
    return joined(
        [
            say(
                "Which arm does better on {dataset} is not known: nobody has labelled these pictures.",
                dataset=found.works_on,
            ),
            say("Label 50 of them, and it can be measured without training anything again."),
        ]
    )


def between(found: Verdict, name: str) -> str:
    """The text on one arm against another that is trained alike and transfers something else; empty before both were
    tested, and where both guessed."""
    entry = found.between[name]
    alone = replace(found, baseline=entry.against, comparisons={name: entry}, headline=name, headline_claim=entry.claim)
    if not entry.tested or both_guess(found.summary, name, entry.against):
        return ""
    return joined(
        [
            claim_wording.claim_sentence(alone, name, entry.claim),
            names.caveat(alone, name),
            what_next(alone, name, entry.claim),
        ]
    )


def _best_of(found: Verdict, name: str, measured: int) -> str:
    """Which of the arms did best: of those held against one baseline, of all where there are several, or where none is
    from scratch and the baseline did better than the best of the others."""
    entry, arm = found.comparisons[name], inside(name)
    so_far = found.headline_claim is not None and found.headline_claim.outcome == UNDECIDED
    if not found.one_baseline or (found.summary[found.baseline].weights and entry.differs):
        if _accuracy(found, found.baseline) > _accuracy(found, name):
            return say(BEST["before", so_far], number=measured + 1, arm=inside(found.baseline), other=arm)
        return say(BEST["of_all", so_far], number=measured + 1, arm=arm)
    if names.adapts(found, name):
        return say(BEST["adapting", so_far], number=measured, arm=arm)
    return say(BEST["compared", so_far], number=measured, base=noun(found.baseline), arm=arm)


def _accuracy(found: Verdict, name: str) -> float:
    own = found.summary[name]
    return own.test_accuracy.mean if own.test_accuracy else own.best_val_accuracy or 0.0


def _judged_by(found: Verdict, uneven: bool) -> str:
    """By which measure, where it is not the usual one or not the one asked for."""
    if found.judge_by != found.judge_by_wanted:
        return say("Judged by accuracy: these runs kept no predictions, so their balanced accuracy is not known.")
    if found.judge_by != BALANCED_ACCURACY:
        return ""
    if uneven:
        return say("Judged by balanced accuracy, since the classes are uneven.")
    return say("Judged by balanced accuracy, in which every class counts alike.")


def comparison(found: Verdict, name: str, claim: Claim | None = None) -> str:
    """The text on one arm against the baseline; `claim`: what may be said of it, where it isn't judged by itself."""
    entry = found.comparisons[name]
    if entry.gain is None:
        return _nothing_to_compare(found, name)
    fairness = fairness_wording.fairness_sentences(found, name, entry.gain.mean)
    if not entry.tested:
        sentences = [_by_validation(found, name), fairness]
    elif guessed := fairness_wording.nothing_learned(found, name, all_arms=claim is not None):
        sentences = [guessed, uncounted_runs.uncounted_sentences(found, name)]
    else:
        claim = claim or entry.claim
        sentences = [
            claim_wording.claim_sentence(found, name, claim),
            names.caveat(found, name),
            what_next(found, name, claim),
            uncounted_runs.uncounted_sentences(found, name),
            fairness,
        ]
    return joined([*sentences, fairness_wording.unfrozen(found, entry.against, name)])


def _alone(found: Verdict, name: str) -> str:
    own = found.summary[name]
    if own.best_val_accuracy is None:
        return _nothing_yet([own])
    sentences = [
        say(
            "{reached}; without a second arm there is nothing to compare it with.",
            reached=_reached(found, title(name), own),
        )
    ]
    if own.ledger.learning in (*fairness_wording.GUESS, Learning.DIVERGED):
        sentences.append(say("{arm} {what}.", arm=title(name), what=fairness_wording.predicate(own)))
    return joined(sentences)


def _reached(found: Verdict, arm: str, own: ArmSummary) -> str:
    if not own.test_accuracy:
        accuracy = percent(own.best_val_accuracy)
        return say("{arm} reached {accuracy} on the validation pictures", arm=arm, accuracy=accuracy)
    accuracy = percent(own.test_accuracy.mean)
    if found.judge_by == BALANCED_ACCURACY:
        return say("{arm} reached {accuracy} balanced accuracy on the test set", arm=arm, accuracy=accuracy)
    return say("{arm} reached {accuracy} on the test set", arm=arm, accuracy=accuracy)


def _nothing_to_compare(found: Verdict, name: str) -> str:
    sides = {side: found.summary[side] for side in (name, found.against(name))}
    known = [side for side, own in sides.items() if own.best_val_accuracy is not None]
    if not known:
        return joined([_nothing_yet(sides.values()), uncounted_runs.uncounted_sentences(found, name)])
    missing = [side for side in sides if side not in known]
    if not missing:
        return say("The two arms have no seed in common, so there is nothing to compare.")
    arm, own = title(missing[0]), sides[missing[0]]
    reached = _reached(found, inside(known[0]), sides[known[0]])
    if uncounted_runs.ended(own):
        return say(
            "{arm} has no finished epoch because it {state}, so there is nothing to compare; {reached}.",
            arm=arm,
            state=uncounted_runs.state(own),
            reached=reached,
        )
    return say("{arm} has no finished epoch, so there is nothing to compare; {reached}.", arm=arm, reached=reached)


def _nothing_yet(sides: Iterable[ArmSummary]) -> str:
    """Where no epoch was finished: whether one still may be."""
    ended = [status in uncounted_runs.ENDS for own in sides for status in own.statuses]
    return say("No run finished an epoch.") if ended and all(ended) else say("No epoch is finished yet.")


def _by_validation(found: Verdict, name: str) -> str:
    if found.works_on:
        return _untested_there(found)
    base = found.against(name)
    untested = [
        (inside(side), uncounted_runs.state(found.summary[side]))
        for side in (base, name)
        if not found.summary[side].test_accuracy
    ]
    if len(untested) == 2:
        (one, state), (other, other_state) = untested
        why = say(
            "There is no comparison on the test set, because {one} {state} and {other} {other_state}.",
            one=one,
            state=state,
            other=other,
            other_state=other_state,
        )
    elif untested:
        why = say(
            "There is no comparison on the test set, because {arm} {state}.", arm=untested[0][0], state=untested[0][1]
        )
    else:
        why = say("There is no comparison on the test set.")
    sides = found.comparisons[name].validation_accuracy
    so_far = say(
        "By the best validation accuracy so far, {arm} is at {accuracy} and {other} at {other_accuracy}.",
        arm=inside(name),
        accuracy=percent(sides.arm),
        other=inside(base),
        other_accuracy=percent(sides.baseline),
    )
    return joined([why, so_far])
