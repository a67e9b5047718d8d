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
from tl.config import ArmConfig, Experiment, Training
from tl.config.training import OF_DEVICES, OF_TWO_SETS
from tl.datasets.info import DatasetInfo
from tl.differences import networks, own_words, sides
from tl.languages import commas, joined, later, plural, say, semicolons
from tl.networks import pictures_in_words
from tl.report import html_parts
from tl.report.command import command, pinned
from tl.report.subject import ReportSubject
from tl.setting_names import setting_name
from tl.sources import used as sources_of
from tl.sources.licences import in_words
from tl.store.queue.name_and_notes import name_and_notes_of
from tl.strategies import STRATEGIES
from tl.words import count, not_available, number_of, percent, rate


def titled(info: DatasetInfo) -> str:
    """A data set's title: a person's own as it is."""
    return info.title if info.origin == "upload" else say(info.title)


def head(subject: ReportSubject, info: DatasetInfo | None, facts: str) -> tuple[str, list[str]]:
    """The report's title, and what stands below it: what it is about where it has a name, `facts`, the notes."""
    held, data = name_and_notes_of(subject.home, subject.ident), titled(info) if info else subject.experiment.dataset
    about = say("{network} on {data}", network=networks(subject.experiment), data=data)
    told = [html_parts.paragraph(about, "facts")] if held.name else []
    lines = [html_parts.paragraph(line, "notes") for line in held.notes.split("\n") if line]
    return held.name or about, [*told, html_parts.paragraph(facts, "facts"), *lines]


def submitted(subject: ReportSubject) -> str:
    """When it was put into the queue."""
    first = min(entry["created"] for entry in subject.entries)
    return say("submitted {time}", time=time.strftime("%Y-%m-%d %H:%M", time.localtime(first)))


def resolution_and_seeds(experiment: Experiment) -> str:
    """ "64 px · 3 seeds"."""
    return f"{sides(experiment)} · {number_of(len(experiment.seeds), 'seed')}"


def unplanned(subject: ReportSubject, records: list[RunRecord]) -> list[str]:
    """What did not go as planned in its runs, a paragraph each."""
    lines = []
    for rows in subject.rows_of.values():
        size = rows[0].experiment.samples if subject.sizes and rows else None
        run_ids = {row.run_id for row in rows}
        found = notes(subject.experiment.arms, [record for record in records if record.run_id in run_ids])
        if size is not None:
            pictures = number_of(size, "training picture")  # not shown
            found = [say("{pictures}, {note}", pictures=pictures, note=line) for line in found]
        lines += [html_parts.paragraph(line, "small") for line in found]
    return lines


def citations(lines: Iterable[Reference]) -> list[str]:
    """Where the published results in a chart come from."""
    return [
        html_parts.link(
            say("{result}. {source}.", result=f"{line.label[0].upper()}{line.label[1:]}", source=say(line.source)),
            line.url,
        )
        for line in lines
    ]


def setting(
    subject: ReportSubject, info: DatasetInfo | None, records: list[RunRecord], judged: Mapping[str, Any]
) -> list[str]:
    """Everything one needs to know to do it again."""
    experiment, sizes = subject.experiment, subject.sizes
    same, left_open = pinned(experiment, [record.result for record in records])
    return [
        html_parts.heading(say("Pictures")),
        *pictures_section(info, experiment),
        html_parts.heading(say("Setting")),
        html_parts.table((), setting_rows(experiment, sizes)),
        *weights_section(subject),
        html_parts.listing(arm_rows(experiment)),
        html_parts.heading(say("Hardware and versions")),
        html_parts.table((), machine_rows(records)),
        html_parts.heading(say("To repeat it")),
        html_parts.command(command(same, sizes, judged)),  # computed as it was
        *([html_parts.paragraph(left_open, "small")] if left_open else []),
    ]


def pictures_section(info: DatasetInfo | None, experiment: Experiment) -> list[str]:
    """What the data set is; its classes with their pictures."""
    if info is None:
        sets = " → ".join(experiment.sets)
        return [html_parts.paragraph(say("{sets}: no longer here, so nothing more is known about it.", sets=sets))]
    sizes = say(
        "{title}: {classes} classes, {train} to train, {validation} to validate, {test} to test.",
        title=titled(info),
        classes=len(info.classes),
        train=count(info.train),
        validation=count(info.validation),
        test=count(info.test),
    )
    told = html_parts.paragraph(joined([sizes, info.note]))
    if not info.counts:
        return [told, html_parts.paragraph(commas(info.classes), "small")]
    splits = {"train": say("train"), "validation": say("validation"), "test": say("test")}
    rows = [(name, *(count(of_class.get(split, 0)) for split in splits)) for name, of_class in info.counts.items()]
    return [told, html_parts.table((say("Class"), *splits.values()), rows)]


def setting_rows(experiment: Experiment, sizes: tuple[int, ...] = ()) -> list[tuple[str, object]]:
    """What all arms share, by the names of the command line's options; `sizes` of a sweep."""
    left_out: set[str] = set() if experiment.target_dataset else {*OF_TWO_SETS}
    left_out |= set() if experiment.devices > 1 else {*OF_DEVICES}
    values = {entry.name: getattr(experiment, entry.name) for entry in fields(Training) if entry.name not in left_out}
    values |= {"samples": commas(map(count, sizes))} if sizes else {}
    numbers = commas(experiment.seeds)
    told = plural("{number} (number {numbers})", "{number} (numbers {numbers})", len(experiment.seeds), numbers=numbers)
    values |= {"seeds": told}
    shown = {True: say("yes"), False: say("no"), None: say("all")}
    return [
        (setting_name(name), shown[value] if value is None or isinstance(value, bool) else value)
        for name, value in values.items()
    ]


def weights_section(subject: ReportSubject) -> list[str]:
    """What the pretrained weights are and what their licence says; nothing where no arm has any, or they are gone."""
    rows = [
        {
            later("Pretrained weights"): say(
                "{network}, {weights}", network=BACKBONES[found.backbone].title, weights=say(found.title)
            ),
            later("Trained on"): pictures_in_words(found.source_data),
            later("Accuracy as published"): percent(found.accuracy),
            later("Licence"): in_words(found.licence),
            "SHA-256": found.sha256 or not_available(),
        }
        for found in sources_of(subject.home, subject.experiment)
    ]
    return [html_parts.listing(rows)] if rows else []


def arm_rows(experiment: Experiment) -> list[dict[str, str]]:
    """What each arm is, and where some have a network, weights or a resolution of their own, which: title (to be said) ->
    value."""
    some = any(arm.transfers_its_own for arm in experiment.arms)
    return [
        {
            later("Arm"): title(arm.name),
            later("Strategy"): say(STRATEGIES[arm.strategy].title),
            **({later("Its own"): own_words(arm) or say("as all arms")} if some else {}),
            later("What trains when"): _strategy(arm),
            later("Learning rate"): _rate(experiment, arm),
            later("Epochs"): say("at most {number}", number=experiment.epochs_of(arm)),
        }
        for arm in experiment.arms
    ]


def _strategy(arm: ArmConfig) -> str:
    strategy = STRATEGIES[arm.strategy]
    own = semicolons(f"{setting_name(name)} {getattr(arm, name):g}" for name in strategy.parameters)
    return joined([strategy.sentence_for(arm.weights), own])


def _rate(experiment: Experiment, arm: ArmConfig) -> str:
    if experiment.finds_rate_of(arm):
        return say("found by a range test")
    used = experiment.rate_of(arm)
    return say("none") if used is None else rate(used)


def machine_rows(records: list[RunRecord]) -> list[tuple[str, str]]:
    """Devices and versions that the runs recorded, each once."""
    results = [record.result for record in records]
    names = sorted({name for result in results for name in result.versions or {}})
    versions = [(name, _each((result.versions or {}).get(name) for result in results)) for name in names]
    precisions = _each(result.precision for result in results)
    threads = _each(result.threads for result in results)
    known = ((setting_name("precision"), precisions), (setting_name("threads"), threads))
    return [
        (say("trained on"), _each(result.device for result in results) or not_available()),
        *versions,
        *((name, value) for name, value in known if value),
    ]


def _each(values: Iterable[object]) -> str:
    """All there are, each once; "" for none."""
    return commas(dict.fromkeys(str(value) for value in values if value is not None))
