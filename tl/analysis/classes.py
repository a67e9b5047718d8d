"""How each class fared on the test pictures: the share of them that each arm's networks recognised."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tl.analysis.certainty import wilson
from tl.analysis.crossed import draws
from tl.analysis.paired import pairs_of
from tl.analysis.records import RunRecord, mean
from tl.analysis.results import ArmSummary, ClassRecall, ClassResult, Comparison, Verdict
from tl.languages import say
from tl.measures import recalls
from tl.store.predictions import Answers


def with_classes(found: Verdict, runs: Sequence[RunRecord], names: Sequence[str] | None) -> Verdict:
    """The verdict with what the runs' answers say of single classes, and with every arm's means over classes.

    `names` of the classes in label order; where they are not known, or are those of other pictures, classes are
    numbered from 1. What earlier versions did not store stays None.
    """
    of_arm = {arm: [run for run in runs if run.arm == arm] for arm in found.summary}
    names = _names(names, [run.answers for run in runs if run.answers is not None])
    summary = {arm: _summary(own, of_arm[arm], names) for arm, own in found.summary.items()}
    compared = {
        arm: _comparison(own, of_arm[own.against], of_arm[arm], names) for arm, own in found.comparisons.items()
    }
    return replace(found, summary=summary, comparisons=compared)


def class_recalls(answers: Sequence[Answers], names: Sequence[str]) -> tuple[ClassRecall, ...]:
    """Every class's recall over the networks that gave `answers`: the mean over those that were asked about it.

    Wilson's interval counts every picture once, however many networks were asked about it, and pictures that belong
    together as one: it holds for these networks. No recall for a class without test pictures.
    """
    each = np.array([recalls(one.label, one.predicted, len(names)) for one in answers])  # (networks, classes)
    label, picture, group = (
        np.concatenate([getattr(one, name) for one in answers]) for name in ("label", "picture", "group")
    )
    _, first = np.unique(picture, return_index=True)
    label, group = label[first], group[first]
    found = []
    for number, name in enumerate(names):
        own = group[label == number]
        drawn = draws(own)
        known = each[:, number][~np.isnan(each[:, number])]
        recall = wilson(float(known.mean()) * drawn, drawn) if drawn else None
        found.append(ClassRecall(name=name, pictures=len(own), recall=recall))
    return tuple(found)


def _names(names: Sequence[str] | None, answers: Sequence[Answers]) -> tuple[str, ...]:
    needed = max((int(max(one.label.max(), one.predicted.max())) + 1 for one in answers), default=0)
    if names is not None and len(names) >= needed:
        return tuple(names)
    return tuple(say("Class {number}", number=number) for number in range(1, needed + 1))


def _summary(own: ArmSummary, runs: Sequence[RunRecord], names: Sequence[str]) -> ArmSummary:
    answers = [run.answers for run in runs if run.answers is not None]
    return replace(
        own,
        test_plain_accuracy=mean(run.test_accuracy for run in runs),
        test_balanced_accuracy=mean(run.test_balanced_accuracy for run in runs),
        test_macro_f1=mean(run.test_macro_f1 for run in runs),
        classes=class_recalls(answers, names) if answers else None,
    )


def _comparison(
    own: Comparison, baseline: Sequence[RunRecord], arm: Sequence[RunRecord], names: Sequence[str]
) -> Comparison:
    pairs = pairs_of(baseline, arm, "answers")
    if not pairs:
        return own
    sides = [class_recalls([run.answers for run in side if run.answers], names) for side in zip(*pairs, strict=True)]
    classes = [
        ClassResult(name=of_base.name, pictures=of_base.pictures, baseline=of_base.recall, arm=of_arm.recall)
        for of_base, of_arm in zip(*sides, strict=True)
    ]
    return replace(own, classes=tuple(classes))
