"""The verdict in plain words: one to three sentences that never claim more than the numbers."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tl.analysis import claim_wording, fairness_wording, losses, names
from tl.analysis.names import inside, instead, noun, title
from tl.analysis.results import ArmSummary, Claim, Comparison, Learning, Verdict, both_guess
from tl.analysis.statistics import UNDECIDED
from tl.config import BALANCED_ACCURACY
from tl.words import percent


def whole(found: Verdict, uneven: bool = False) -> str:
    """The text of the whole verdict; `uneven`: whether the classes differ much in size."""
    if found.headline is None:
        return _alone(found, found.baseline)
    if found.works_on and not any(own.test_accuracy for own in found.summary.values()):
        return _untested_there(found)
    text = comparison(found, found.headline, found.headline_claim)
    first = contenders(found.comparisons, found.summary)
    measured = [name for name, entry in first.items() if entry.gain]
    if len(measured) > 1 and claim_wording.sets_apart(found, found.headline, found.headline_claim):
        claim = found.headline_claim
        so_far = " so far" if claim and claim.outcome == UNDECIDED else ""
        text = f"{_best_of(found, found.headline, len(measured))}{so_far}. {text}"
    hurting = [name for name in found.hurting if not instead(found, name)]
    aside = [claim_wording.told(found, name, found.comparisons[name].claim) for name in hurting]
    aside += [between(found, name) for name in found.between]
    aside += [
        claim_wording.told(found, name, entry.claim) for name, entry in found.comparisons.items() if name not in first
    ]
    return " ".join(filter(None, [text, *aside, _judged_by(found, uneven)]))


def contenders(comparisons: Mapping[str, Comparison], summary: Mapping[str, ArmSummary]) -> dict[str, Comparison]:
    """The arms of which the best is spoken of first: those that adapt to a second data set without its labels, where there
    are any; then those with labels are told beside them. Else all."""
    adapting = {name: entry for name, entry in comparisons.items() if names.without_labels(summary[name].strategy)}
    return adapting or dict(comparisons)


def _untested_there(found: Verdict) -> str:
    """Two data sets, and no accuracy on the one that counts."""
    if any("finished" in own.statuses for own in found.summary.values()):
        return (
            f"Which arm does better on {found.works_on} is not known: nobody has labelled these pictures. Label 50 of them, "
            "and it can be measured without training anything again."
        )
    return f"No arm has been tested on {found.works_on} yet."


def between(found: Verdict, name: str) -> str:
    """The text on one arm against another that is trained alike and transfers something else; empty before both were
    tested, and where both guessed."""
    entry = found.between[name]
    alone = replace(found, baseline=entry.against, comparisons={name: entry}, headline=name, headline_claim=entry.claim)
    if not entry.tested or both_guess(found.summary, name, entry.against):
        return ""
    sentences = [
        claim_wording.told(alone, name, entry.claim),
        names.caveat(alone, name),
        claim_wording.what_next(alone, name, entry.claim),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _best_of(found: Verdict, name: str, measured: int) -> str:
    """Which of the arms did best: of those held against one baseline, of all where there are several, or where none is
    from scratch and the baseline did better than the best of the others."""
    entry = found.comparisons[name]
    mixed, known = not found.one_baseline, bool(found.summary[found.baseline].weights and entry.differs)
    if (mixed or known) and _accuracy(found, found.baseline) > _accuracy(found, name):
        return f"Of all {measured + 1} arms, {inside(found.baseline)} did best, before {inside(name)}"
    if mixed or known:
        return f"Of all {measured + 1} arms, {inside(name)} did best"
    if names.adapts(found, name):
        return f"Of the {measured} ways to adapt, {inside(name)} did best"
    return f"Of the {measured} arms compared with {noun(found.baseline)}, {inside(name)} did best"


def _accuracy(found: Verdict, name: str) -> float:
    own = found.summary[name]
    return own.test_accuracy.mean if own.test_accuracy else own.best_val_accuracy or 0.0


def _judged_by(found: Verdict, uneven: bool) -> str:
    """By which measure, where it is not the usual one or not the one asked for."""
    if found.judge_by != found.judge_by_wanted:
        return "Judged by accuracy: these runs kept no predictions, so their balanced accuracy is not known."
    if found.judge_by != BALANCED_ACCURACY:
        return ""
    return f"Judged by balanced accuracy, {'since the classes are uneven' if uneven else 'in which every class counts alike'}."


def comparison(found: Verdict, name: str, claim: Claim | None = None) -> str:
    """The text on one arm against the baseline; `claim`: what may be said of it, where it isn't judged by itself."""
    entry = found.comparisons[name]
    if entry.gain is None:
        return _nothing_to_compare(found, name)
    fairness = fairness_wording.told(found, name, entry.gain.mean)
    if not entry.tested:
        sentences = [_by_validation(found, name), fairness]
    elif guessed := fairness_wording.nothing_learned(found, name, all_arms=claim is not None):
        sentences = [guessed, losses.told(found, name)]
    else:
        claim = claim or entry.claim
        sentences = [
            claim_wording.told(found, name, claim),
            names.caveat(found, name),
            claim_wording.what_next(found, name, claim),
            losses.told(found, name),
            fairness,
        ]
    sentences.append(fairness_wording.unfrozen(found, entry.against, name))
    return " ".join(sentence for sentence in sentences if sentence)


def _alone(found: Verdict, name: str) -> str:
    own = found.summary[name]
    if own.best_val_accuracy is None:
        return _nothing_yet([own])
    text = f"{title(name)} {_reached(found, own)}; without a second arm there is nothing to compare it with."
    if own.ledger.learning in (*fairness_wording.GUESS, Learning.DIVERGED):
        text += f" {title(name)} {fairness_wording.predicate(own)}."
    return text


def _reached(found: Verdict, own: ArmSummary) -> str:
    if own.test_accuracy:
        measure = " balanced accuracy" if found.judge_by == BALANCED_ACCURACY else ""
        return f"reached {percent(own.test_accuracy.mean)}{measure} on the test set"
    return f"reached {percent(own.best_val_accuracy)} on the validation pictures"


def _nothing_to_compare(found: Verdict, name: str) -> str:
    sides = {side: found.summary[side] for side in (name, found.against(name))}
    known = [side for side, own in sides.items() if own.best_val_accuracy is not None]
    if not known:
        return " ".join([_nothing_yet(sides.values()), losses.told(found, name)]).strip()
    missing = [side for side in sides if side not in known]
    if not missing:
        return "The two arms have no seed in common, so there is nothing to compare."
    return (
        f"{title(missing[0])} has no finished epoch{losses.because(sides[missing[0]])}, so there is nothing to "
        f"compare; {inside(known[0])} {_reached(found, sides[known[0]])}."
    )


def _nothing_yet(sides: Iterable[ArmSummary]) -> str:
    """Where no epoch was finished: whether one still may be."""
    ended = [status in losses.ENDS for own in sides for status in own.statuses]
    return "No run finished an epoch." if ended and all(ended) else "No epoch is finished yet."


def _by_validation(found: Verdict, name: str) -> str:
    base = found.against(name)
    untested = [side for side in (base, name) if not found.summary[side].test_accuracy]
    why = " and ".join(f"{inside(side)} {losses.state(found.summary[side])}" for side in untested)
    sides = found.comparisons[name].validation_accuracy
    if found.works_on:
        return _untested_there(found)
    return (
        f"There is no comparison on the test set{f', because {why}' if why else ''}. By the best validation accuracy so "
        f"far, {inside(name)} is at {percent(sides.arm)} and {inside(base)} at "
        f"{percent(sides.baseline)}."
    )
