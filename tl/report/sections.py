"""The sections that reports on experiments and on sweeps share: pictures, setting, hardware, the command that repeats it."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from tl.analysis.names import title
from tl.analysis.records import RunRecord
from tl.analysis.references import Reference
from tl.analysis.unplanned import notes
from tl.backbones import BACKBONES
from tl.config import OF_DEVICES, OF_TWO_SETS, ArmConfig, Experiment, Training
from tl.datasets.info import DatasetInfo
from tl.differences import networks, own_words, sides
from tl.report import pieces
from tl.report.command import command, pinned
from tl.report.subject import Subject
from tl.sources import used as sources_of
from tl.store.documents import Result
from tl.store.labels import label_of
from tl.strategies import STRATEGIES
from tl.words import NOT_AVAILABLE, count, number_of, percent, rate


def name(experiment: Experiment, info: DatasetInfo | None) -> str:
    """The report's title: which network on which pictures."""
    return f"{networks(experiment)} on {info.title if info else experiment.dataset}"


def head(subject: Subject, info: DatasetInfo | None, facts: str) -> tuple[str, list[str]]:
    """The report's title, and what stands below it: what it is about where it has a name, `facts`, the notes."""
    held, about = label_of(subject.home, subject.ident), name(subject.experiment, info)
    told = [pieces.paragraph(about, "facts")] if held.name else []
    lines = [pieces.paragraph(line, "notes") for line in held.notes.split("\n") if line]
    return held.name or about, [*told, pieces.paragraph(facts, "facts"), *lines]


def submitted(subject: Subject) -> str:
    """When it was put into the queue."""
    first = min(entry["created"] for entry in subject.entries)
    return f"submitted {time.strftime('%Y-%m-%d %H:%M', time.localtime(first))}"


def resolution_and_seeds(experiment: Experiment) -> str:
    """ "64 px · 3 seeds"."""
    seeds = len(experiment.seeds)
    return f"{sides(experiment)} · {number_of(seeds, 'seed')}"


def unplanned(subject: Subject, records: list[RunRecord]) -> list[str]:
    """What did not go as planned in its runs, a paragraph each."""
    lines = []
    for rows in subject.rows_of.values():
        size = f"{count(rows[0].experiment.samples)} training pictures, " if subject.sizes and rows else ""
        found = notes(
            subject.experiment.arms, [record for record in records if record.run_id in {row.run_id for row in rows}]
        )
        lines += [pieces.paragraph(f"{size}{line}", "small") for line in found]
    return lines


def sources(lines: Iterable[Reference]) -> list[str]:
    """Where the published results in a chart come from."""
    return [pieces.link(f"{line.label[0].upper()}{line.label[1:]}. {line.source}.", line.url) for line in lines]


def setting(
    subject: Subject, info: DatasetInfo | None, records: list[RunRecord], judged: Mapping[str, Any]
) -> list[str]:
    """Everything one needs to know to do it again."""
    experiment, sizes = subject.experiment, subject.sizes
    return [
        pieces.heading("Pictures"),
        *pictures_section(info, experiment),
        pieces.heading("Setting"),
        pieces.table((), setting_rows(experiment, sizes)),
        *weights_section(subject),
        pieces.table(arm_head(experiment), arm_rows(experiment)),
        pieces.heading("Hardware and versions"),
        pieces.table((), machine_rows(records)),
        pieces.heading("To repeat it"),
        *repeated(experiment, sizes, records, judged),
    ]


def repeated(
    experiment: Experiment, sizes: tuple[int, ...], records: list[RunRecord], judged: Mapping[str, Any]
) -> list[str]:
    """The command that repeats it, computed as it was, and what can't be pinned."""
    same, left_open = pinned(experiment, [record.result or Result() for record in records])
    told = [pieces.paragraph(left_open, "small")] if left_open else []
    return [pieces.command(command(same, sizes, judged)), *told]


def pictures_section(info: DatasetInfo | None, experiment: Experiment) -> list[str]:
    """What the data set is; its classes with their pictures."""
    if info is None:
        return [pieces.paragraph(f"{' → '.join(experiment.sets)}: no longer here, so nothing more is known about it.")]
    sizes = ", ".join(
        f"{count(number)} {use}"
        for number, use in ((info.train, "to train"), (info.validation, "to validate"), (info.test, "to test"))
    )
    told = pieces.paragraph(" ".join(filter(None, [f"{info.title}: {len(info.classes)} classes, {sizes}.", info.note])))
    if not info.counts:
        return [told, pieces.paragraph(", ".join(info.classes), "small")]
    splits = ("train", "validation", "test")
    rows = [(name, *(count(of_class.get(split, 0)) for split in splits)) for name, of_class in info.counts.items()]
    return [told, pieces.table(("Class", *splits), rows)]


def setting_rows(experiment: Experiment, sizes: tuple[int, ...] = ()) -> list[tuple[str, object]]:
    """What all arms share, by the names of the command line's options; `sizes` of a sweep."""
    left_out: set[str] = set() if experiment.target_dataset else {*OF_TWO_SETS}
    left_out |= set() if experiment.devices > 1 else {*OF_DEVICES}
    values = {entry.name: getattr(experiment, entry.name) for entry in fields(Training) if entry.name not in left_out}
    values |= {"samples": ", ".join(map(count, sizes))} if sizes else {}
    numbers = ", ".join(map(str, experiment.seeds))
    values |= {"seeds": f"{len(experiment.seeds)} (number{'s' * (len(experiment.seeds) > 1)} {numbers})"}
    shown = {True: "yes", False: "no", None: "all"}
    return [
        (name.replace("_", " "), shown[value] if value is None or isinstance(value, bool) else value)
        for name, value in values.items()
    ]


def arm_head(experiment: Experiment) -> tuple[str, ...]:
    """Columns of `arm_rows`."""
    own = ("Its own",) if any(arm.transfers_its_own for arm in experiment.arms) else ()
    return ("Arm", "Strategy", *own, "What trains when", "Learning rate", "Epochs")


def weights_section(subject: Subject) -> list[str]:
    """What the pretrained weights are and what their licence says; nothing where no arm has any, or they are gone."""
    rows = [
        (
            f"{BACKBONES[found.backbone].title}, {found.title}",
            found.source_data,
            percent(found.accuracy),
            found.licence,
            found.sha256 or NOT_AVAILABLE,
        )
        for found in sources_of(subject.home, subject.experiment)
    ]
    head = ("Pretrained weights", "Trained on", "Accuracy as published", "Licence", "SHA-256")
    return [pieces.table(head, rows)] if rows else []


def arm_rows(experiment: Experiment) -> list[tuple[str, ...]]:
    """What each arm is, and where some have a network, weights or a resolution of their own, which."""
    some = any(arm.transfers_its_own for arm in experiment.arms)
    return [
        (
            title(arm.name),
            STRATEGIES[arm.strategy].title,
            *([own_words(arm) or "as all arms"] if some else []),
            _strategy(arm),
            _rate(experiment, arm),
            _budget(experiment, arm),
        )
        for arm in experiment.arms
    ]


def _strategy(arm: ArmConfig) -> str:
    strategy = STRATEGIES[arm.strategy]
    own = "; ".join(f"{name.replace('_', ' ')} {getattr(arm, name):g}" for name in strategy.parameters)
    return f"{strategy.sentence_for(arm.weights)} {own}".strip()


def _rate(experiment: Experiment, arm: ArmConfig) -> str:
    if experiment.finds_rate_of(arm):
        return "found by a range test"
    used = experiment.rate_of(arm)
    return "none" if used is None else rate(used)


def _budget(experiment: Experiment, arm: ArmConfig) -> str:
    return f"at most {experiment.epochs_of(arm)}"


def machine_rows(records: list[RunRecord]) -> list[tuple[str, str]]:
    """Devices and versions that the runs recorded, each once."""
    results = [record.result or Result() for record in records]
    found = {"trained on": _each(result.device for result in results)}
    for name in sorted({name for result in results for name in result.versions or {}}):
        found[name] = _each((result.versions or {}).get(name) for result in results)
    precisions = _each(result.precision for result in results)
    threads = _each(result.threads for result in results)
    known = {"precision": precisions, "threads": threads}
    return list(found.items()) + [(name, value) for name, value in known.items() if value != NOT_AVAILABLE]


def _each(values: Iterable[object]) -> str:
    return ", ".join(dict.fromkeys(str(value) for value in values if value is not None)) or NOT_AVAILABLE
