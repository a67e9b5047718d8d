"""Does it change the verdict? A comparison, and the same one on a data set in which pictures were corrected.

Which of them belong together is not written down anywhere: the corrected data set says what it was made of, and the
settings are the same.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

from tl import datasets
from tl.analysis.names import inside, noun
from tl.analysis.results import Verdict
from tl.config import PLANNED_LOOKS, Experiment, Refused
from tl.datasets.corrections import Corrected, corrected
from tl.datasets.info import DatasetInfo
from tl.languages import joined, later, plural, say
from tl.store.home import Home
from tl.store.queue.rows import RunRow
from tl.words import number_of, points

OUTCOMES = {  # of a headline's claim
    "helps": later("{arm} does better than {base}"),
    "hurts": later("{arm} does worse than {base}"),
    "no_difference": later("{arm} and {base} do equally well, within the margin"),
    "undecided": later("it is not settled whether {arm} does better than {base}"),
}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two experiments that differ in the corrected pictures only."""

    before_id: str
    after_id: str
    corrected: Corrected
    before: DatasetInfo
    after: DatasetInfo
    resplit: bool  # whether each seed has splits of its own


def pairs(home: Home, experiment_id: str, rows: Iterable[RunRow]) -> list[Pair]:
    """The pairs this experiment is one of, newest first; `rows` are all runs of the home."""
    spec: dict[str, Experiment] = {}
    for row in rows:
        if row.experiment_id not in spec and not home.run(row.run_id).imported.exists():
            spec[row.experiment_id] = row.experiment
    own = spec.get(experiment_id)
    if own is None:
        return []
    others = {one for one in spec.values() if _alike(one, own)}
    made = {name: known for name in sorted({one.dataset for one in others}) if (known := _made(home, name))}
    found = []
    for after_id, after in spec.items():
        if after not in others or after.dataset not in made:
            continue
        info, record = made[after.dataset]
        for before_id, before in spec.items():
            if before.dataset != record.of or experiment_id not in (before_id, after_id) or before not in others:
                continue
            with suppress(Refused):  # deleted since
                source = datasets.describe(home, record.of)
                if after.samples == samples_of(before, info):
                    ids, resplit = {"before_id": before_id, "after_id": after_id}, bool(before.resplit)
                    found.append(Pair(**ids, corrected=record, before=source, after=info, resplit=resplit))
    return found


def samples_of(before: Experiment, info: DatasetInfo) -> int:
    """As many training pictures as before, as far as there still are so many in the corrected data set."""
    return min(before.samples or info.train, info.train)


def _alike(one: Experiment, other: Experiment) -> bool:
    """Whether two experiments differ in their pictures and seeds at most."""
    as_other = {name: getattr(other, name) for name in ("dataset", "samples", "seeds", "looks")}
    return replace(one, **as_other) == other


def _made(home: Home, name: str) -> tuple[DatasetInfo, Corrected] | None:
    """A data set that was corrected; None for any other."""
    with suppress(Refused):
        info = datasets.describe(home, name)
        record = corrected(datasets.home_of(home, name).dataset_dir(name))
        if record is not None and record.of == info.derived_from:
            return info, record
    return None


def answer(before: Verdict, after: Verdict) -> str:
    """Whether the corrected pictures change the verdict: sentences of which the first begins with yes, no or not yet."""
    was, now = _outcome(before), _outcome(after)
    gains = _gains(before, after)
    if was is None or now is None:
        needed = number_of(PLANNED_LOOKS[0], "seed")
        return joined([say("Not yet known: an outcome needs {seeds} on both sides.", seeds=needed), gains])
    if was == now:
        return joined([say("No: {outcome}, as before.", outcome=now), gains])
    return joined([say("Yes: {outcome}. Before, {earlier}.", outcome=now, earlier=was), gains])


def _outcome(found: Verdict) -> str | None:
    """The outcome in words; None where there is none yet."""
    claim, arm = found.headline_claim, found.headline
    if claim is None or arm is None or found.comparisons[arm].seeds < PLANNED_LOOKS[0]:
        return None
    return say(OUTCOMES[claim.outcome], arm=inside(arm), base=noun(found.against(arm)))


def _gains(before: Verdict, after: Verdict) -> str:
    """How the gain of the arm that did best before has changed; "" where that is not known."""
    arm = before.headline
    was = before.comparisons[arm].gain if arm else None
    now = after.comparisons[arm].gain if arm in after.comparisons else None
    if arm is None or was is None or now is None:
        return ""
    return say(
        "The gain of {arm} was {earlier} and is {gain} now.",
        arm=inside(arm),
        earlier=points(was.mean),
        gain=points(now.mean),
    )


def tested_on(pair: Pair) -> str:
    """What became of the test set, a sentence: accuracies are only comparable on the same one."""
    if pair.resplit:
        return say(
            "Every seed divides the pictures anew; all other pictures are divided as before. The corrected ones were "
            "test pictures for some of the seeds, so those test sets are not the same."
        )
    tested = [one for one in pair.corrected.corrections if one.split == "test"]
    if not tested:
        return say("The test set has the same {pictures}.", pictures=number_of(pair.before.test, "picture"))
    aside = sum(one.now is None for one in tested)
    pictures, relabelled = number_of(pair.before.test, "picture"), len(tested) - aside
    set_aside = plural("{number:,} was set aside", "{number:,} were set aside", aside)
    otherwise = plural("{number:,} was relabelled", "{number:,} were relabelled", relabelled)
    if aside and relabelled:
        changed = say("{set_aside} and {relabelled}", set_aside=set_aside, relabelled=otherwise)
    else:
        changed = set_aside if aside else otherwise
    return say(
        "The test set has changed: of its {pictures}, {changed}. So part of the change may come from the test, not "
        "from the networks.",
        pictures=pictures,
        changed=changed,
    )
