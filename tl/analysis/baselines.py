"""Which arm of an experiment is held against which."""

from dataclasses import replace

from tl.config import ArmConfig, Experiment, Training, refusal
from tl.languages import later


def baseline_of(experiment: Experiment, wanted: str | None = None) -> str:
    """The arm the others are held against: the one `wanted`, else the one from scratch, else the first; of two data sets
    the one that learns from the source only.

    Raises Refused where there is no arm with that name.
    """
    names = [arm.name for arm in experiment.arms]
    if wanted is not None:
        if wanted not in names:
            there_are = later("baseline is {value!r}; it must be one of the arms: {arms}.")
            raise refusal(there_are, value=wanted, arms=", ".join(names))
        return wanted
    usual = _usual_baseline(experiment)
    begin = [arm.name for arm in experiment.arms if arm.strategy == usual]
    return [*(name for name in names if name == usual), *begin, names[0]][0]


def _usual_baseline(experiment: Experiment) -> str:
    """The strategy that the others are held against."""
    two_sets = experiment.target_dataset and any(arm.strategy == "source_only" for arm in experiment.arms)
    return "source_only" if two_sets else "scratch"


def held_against(experiment: Experiment, wanted: str | None = None) -> dict[str, str]:
    """Arm -> the one it is held against: the baseline, whichever is `wanted`. By itself an arm that transfers is held
    against the one from scratch with its own network and resolution, where the baseline has others and there is one; one
    that adapts against the source alone, where that begins as it does.

    Raises Refused as `baseline_of`.
    """
    baseline, usual = baseline_of(experiment, wanted), baseline_of(experiment)
    two_sets, first = experiment.target_dataset is not None, {_usual_baseline(experiment)}
    kinds = {
        arm.name: (own.backbone, own.resolution, two_sets and arm.pretrained)
        for arm in experiment.arms
        for own in [experiment.of(arm)]
    }
    if two_sets:
        first |= {"scratch"}  # it learns from the source alone, too
    alike = {kinds[arm.name]: arm.name for arm in reversed(experiment.arms) if arm.strategy in first}
    held = {}
    for arm in experiment.arms:
        kind = kinds[arm.name]
        own = baseline == usual and arm.strategy not in first and kind != kinds[baseline]
        held[arm.name] = alike.get(kind, baseline) if own else baseline
    return {name: base for name, base in held.items() if name != baseline}


def trained_alike(experiment: Experiment, baseline: str) -> list[list[str]]:
    """Arms that begin with pretrained weights and are trained alike, but transfer something else: does the source matter,
    which network should one take? In groups of two and more, without those that have the baseline among them."""
    groups: dict[ArmConfig, dict[Training, str]] = {}
    for arm in experiment.arms:
        if arm.pretrained:
            alike = replace(arm.with_the_shared(), name=arm.strategy)
            groups.setdefault(alike, {}).setdefault(experiment.of(arm), arm.name)
    found = [list(names.values()) for names in groups.values()]
    return [names for names in found if len(names) > 1 and baseline not in names]
