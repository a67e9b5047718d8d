"""The card of an exported model, as Markdown: what it learned from, how good it is and how sure that is, what it may be used
for. Every number is the run's, or was measured when it was exported."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tl import sources
from tl.analysis.experiment import load_records
from tl.analysis.gains import accuracy_of, judging_of
from tl.analysis.inspection.calibration import Calibration, calibration
from tl.analysis.results import Interval
from tl.backbones import BACKBONES
from tl.config import BALANCED_ACCURACY, Experiment, Refused, RunConfig
from tl.datasets import DatasetInfo, describe, describe_after
from tl.report.card_pictures import called, learned, tested_on, text, used
from tl.report.command import command, pinned
from tl.sources.licences import in_words
from tl.store import database
from tl.store.database import Unknown
from tl.store.documents import Result, read_config, read_result
from tl.store.home import Home
from tl.store.predictions import read_predictions
from tl.store.rows import RunRow
from tl.strategies import STRATEGIES, TARGET, arm_title
from tl.words import millions, number_of, percent, plain


@dataclass(frozen=True, kw_only=True)
class About:
    """What is known of a finished run."""

    run_id: str
    experiment: Experiment  # with its arm and its seed only
    config: RunConfig
    result: Result
    info: DatasetInfo  # of what it learned; of two data sets the source's name and the target's test pictures
    source: DatasetInfo  # the data set that it learned from, by itself
    target: DatasetInfo | None  # the data set that it was to work on, where it learned from another
    accuracy: Interval | None  # on the test pictures; None: it has not been tested
    tested: int | None  # on how many; None: not known
    calibration: Calibration | None
    licence: str  # of the weights it began from, in words; "": random ones
    weights: str  # what they are


def about(home: Home, run_id: str) -> About:
    """All that the card says of a run but what its export measured. Raises Refused for one that has not finished."""
    row = database.read_run(home, run_id)
    config, result = read_config(home.run(run_id)), read_result(home.run(run_id))
    if row.status != "finished" or not isinstance(config, RunConfig) or result is None:
        raise Refused(f"Run {run_id} is {row.status}; only a finished run has a model card.")
    alone = replace(row.experiment, arms=(config.arm,), seeds=(config.seed,), looks=())
    found = {split: read_predictions(home.run(run_id).predictions, split) for split in ("validation", "test")}
    weights, licence = _weights(home, config)
    info = describe_after(home, config)
    accuracy, tested = _accuracy(home, row, alone, info)
    return About(
        run_id=run_id,
        experiment=alone,
        config=config,
        result=result,
        info=info,
        source=describe(home, config.dataset),
        target=describe(home, config.target_dataset) if config.target_dataset else None,
        accuracy=accuracy,
        tested=tested,
        calibration=calibration(found["test"], found["validation"]) if found["test"] else None,
        licence=licence,
        weights=weights,
    )


def _accuracy(home: Home, row: RunRow, alone: Experiment, info: DatasetInfo) -> tuple[Interval | None, int | None]:
    """On how many test pictures as well; of a target without labels on those that somebody has labelled since."""
    how, records = (
        judging_of(alone, alone.judge_by, info.train, info.test),
        load_records(home, row.experiment_id, [row]),
    )
    tested = next((len(record.answers.label) for record in records if record.answers is not None), None)
    return accuracy_of(how, records), tested


def _weights(home: Home, config: RunConfig) -> tuple[str, str]:
    """What it began from, and under which licence that is."""
    if not config.arm.pretrained:
        return "random weights", ""
    try:
        found = sources.source(home, config.backbone, config.weights)
    except Refused:  # deleted since
        return f"pretrained weights “{config.weights}”", "not known any more; ask whoever made the model"
    return f"{found.title}, trained on {found.source_data}", in_words(found.licence)


def card(home: Home, own: About, measured: dict[str, Any]) -> str:
    """The README.md of an exported model; `measured`: what its export found (tl/train/export.py)."""
    parts = [*_head(own, measured), *_use(own, measured), *_accuracy_told(home, own, measured)]
    parts += [*learned(own.config, own.info, own.source, own.target), *_licence(own), *_limits(own), *_repeat(own)]
    return "\n\n".join(parts) + "\n"


def _head(own: About, measured: dict[str, Any]) -> Iterator[str]:
    config = own.config
    yield f"# {text(called(own.source, own.target))}: {text(BACKBONES[config.backbone].title)}, {text(arm_title(config.arm.name))}"
    what = f"A network that tells {number_of(len(own.info.classes), 'class')} of pictures apart, made with TL Lab."
    if config.final:
        what += " It is a final model: it was trained on all pictures there were."
    yield what
    began = f"It began from {text(own.weights)}."
    size = f"{millions(measured['parameters'])} parameters, pictures of {config.resolution} × {config.resolution} px."
    yield f"{began} {STRATEGIES[config.arm.strategy].sentence_for(config.arm.weights)} {size[0].upper()}{size[1:]}"


def _use(own: About, measured: dict[str, Any]) -> Iterator[str]:
    yield "## Use it"
    if "splits" in measured:
        yield (
            "```sh\npython -m pip install onnxruntime pillow numpy\npython predict.py --self-check\n"
            "python predict.py photos --output answers.csv\n```"
        )
    yield "\n".join(_files(own, measured))
    temperature, whose, limits = measured["temperature"], "", ""
    if own.target is not None and STRATEGIES[own.config.arm.strategy].learns_from != TARGET:
        whose, limits = f" of “{text(own.source.called)}”", " on such pictures; on others it may be wrong more often"
    if "splits" in measured and temperature:
        yield (
            f"The probabilities are softmax(scores / {temperature:.3f}): the temperature was fitted on the validation "
            f"pictures{whose}, so that they say how often the answer is right{limits}. It changes no answer."
        )
    elif "splits" in measured:
        yield "The probabilities are softmax(scores), without a temperature: no validation pictures could settle one."


def _files(own: About, measured: dict[str, Any]) -> Iterator[str]:
    side = measured["side"]
    if "splits" in measured:
        yield (
            f"- `model.onnx`: pictures as bytes, N × {side} × {side} × 3, red, green and blue, to probabilities, N × classes; "
            "scaling and normalising are inside."
        )
        yield f"- `model-int8.onnx`: {_int8(measured)}"
        yield "- `predict.py`: files and folders to CSV, with the code in `tl` that reads pictures as they were read for training."
    else:
        yield "- There are no ONNX models: they were left out (`--without-onnx`)."
    given = measured["input"]
    mean, std = (", ".join(f"{value:g}" for value in given[name]) for name in ("mean", "std"))
    yield (
        f"- `model.safetensors`: the weights, under the names that torch uses for this network. It takes values 0 to 1, less "
        f"{mean}, divided by {std}."
    )
    yield "- `labels.txt`: the classes, in the order of the answers."
    shown = (
        f"five pictures{tested_on(own.target) or ' of the data set'}"
        if measured["own_pictures"]
        else "five pictures of noise"
    )
    yield f"- `check`: {shown}, and what the model answers on them."


def _int8(measured: dict[str, Any]) -> str:
    found, splits = measured["int8"], measured["splits"]
    if found is None:
        return "left out: there were no validation pictures to measure it on."
    if "right" not in found:
        return f"left out: it could not be made ({text(found['problem'])})."
    whole = splits["validation"]
    told = (
        f"on {number_of(found['pictures'], 'validation picture')} {percent(found['right'] / found['pictures'])} right, the other "
        f"{percent(whole['right'] / whole['pictures'])}; {percent(found['same'] / found['pictures'])} of the answers are the same; "
        f"{found['images_per_second'] / whole['images_per_second']:.1f} times as fast where it was exported"
    )
    if found["kept"]:
        return f"smaller: {told}. Its ranges were set with {found['calibration']} training pictures."
    return f"left out, since it is more than a point of accuracy worse: {told}."


def _accuracy_told(home: Home, own: About, measured: dict[str, Any]) -> Iterator[str]:
    yield "## How good it is"
    if own.config.final:
        yield from _borrowed(home, own)
        return
    yield _reached(own)
    found = own.calibration
    if found is not None:
        after = f", {percent(found.after.error)} with the temperature" if found.after else ""
        yield f"Expected calibration error on the test pictures: {percent(found.before.error)} as trained{after}."
    tested = measured.get("splits", {}).get("test", {})
    if "same_as_stored" in tested:
        same, all_of_them = tested["same_as_stored"], tested["pictures"]
        rest = "" if same == all_of_them else f" (it was tested in {own.result.precision}, this is float32)"
        yield f"The ONNX model gives the same answer as the tested network on {same:,} of {all_of_them:,} test pictures{rest}."


def _reached(own: About) -> str:
    found = own.accuracy
    if found is None:
        why = (
            "" if own.target is None or own.target.labelled else f": the pictures{tested_on(own.target)} have no labels"
        )
        return f"It has not been tested{why}."
    measure = "Balanced accuracy" if own.experiment.judge_by == BALANCED_ACCURACY else "Accuracy"
    between = "" if found.low is None else f" (95 % interval {percent(found.low)} to {percent(found.high)})"
    on = "test pictures" if own.tested is None else number_of(own.tested, "test picture")
    return f"{measure} on {on}{tested_on(own.target)} that it was not trained on: **{percent(found.mean)}**{between}."


def _borrowed(home: Home, own: About) -> Iterator[str]:
    """Of a final model: nobody knows; whose accuracy may be quoted."""
    assert own.config.final is not None
    yield "No pictures were left to test it on, so its accuracy is not known."
    try:
        before = about(home, own.config.final.of)
    except (Refused, Unknown):
        yield f"The run whose recipe it is ({own.config.final.of}) was deleted."
        return
    yield (
        f"The run whose recipe it repeats, {before.run_id}, was trained on {used(before.config)} of the training pictures only. Of that "
        f"one, not of this: {_reached(before)}"
    )


def _licence(own: About) -> Iterator[str]:
    yield "## Licence"
    if own.licence:
        yield f"Licence of the weights it began from: {text(own.licence)}. It covers what was made from them, too."
    else:
        yield "It began from random weights, so no one else's licence applies to them."
    yield "The rights to the pictures it was trained on are not known to TL Lab."


def _limits(own: About) -> Iterator[str]:
    yield "## Limits"
    yield "\n".join((
        f"- It knows these {number_of(len(own.info.classes), 'class')} only, and names one of them whatever it is shown.",
        "- It looks at the centre square of a picture.",
        "- Its accuracy holds for pictures of the kind it was tested with; other cameras, places or seasons may do worse.",
        "- Don't base important decisions about people on it alone.",
    ))  # fmt: skip


def _repeat(own: About) -> Iterator[str]:
    yield "## How it was made"
    versions = ", ".join(f"{name} {version}" for name, version in (own.result.versions or {}).items())
    facts = f"Run {own.run_id}, best epoch {own.result.best_epoch}, seed {own.config.seed}."
    yield f"{facts} {text(versions)}".strip()
    if own.config.final:
        yield f"```sh\npython -m tl final-model {own.config.final.of}\n```"
        return
    experiment, exactly = pinned(own.experiment, [own.result])
    yield f"```sh\n{plain(command(experiment))}\n```"
    if exactly:
        yield exactly
