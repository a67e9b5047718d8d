"""The card of an exported model, as Markdown: what it learned from, how good it is and how sure that is, what it may be used
for. Every number is the run's, or was measured when it was exported."""

from collections.abc import Iterator
from typing import Any

from tl.analysis.inspection.calibration import Calibration
from tl.arm_names import arm_title
from tl.backbones import BACKBONES
from tl.config import BALANCED_ACCURACY, Refused
from tl.languages import joined, later, say
from tl.report.card_facts import CardFacts, card_facts
from tl.report.card_pictures import dataset_titles, learned, pictures_of, text
from tl.report.command import command, pinned
from tl.store.home import Home
from tl.store.queue.database import Unknown
from tl.strategies import STRATEGIES, TARGET
from tl.words import count, millions, number_of, percent, plain

COMMANDS = """```sh
python -m pip install onnxruntime pillow numpy
python predict.py --self-check
python predict.py photos --output answers.csv
```"""  # not shown


def card(home: Home, own: CardFacts, measured: dict[str, Any]) -> str:
    """The README.md of an exported model; `measured`: what its export found (tl/train/export.py)."""
    parts = [*_head(own, measured), *_use(own, measured), *_accuracy_told(home, own, measured)]
    parts += [*learned(own.config, own.info, own.source, own.target), *_licence(own), *_limits(own), *_repeat(own)]
    return "\n\n".join(parts) + "\n"


def _head(own: CardFacts, measured: dict[str, Any]) -> Iterator[str]:
    config = own.config
    data, arm = text(dataset_titles(own.source, own.target)), text(arm_title(config.arm.name))
    title = say("{data}: {network}, {arm}", data=data, network=text(BACKBONES[config.backbone].title), arm=arm)
    yield f"# {title}"
    classes = number_of(len(own.info.classes), "class")
    yield joined([
        say("A network that tells {classes} of pictures apart, made with TL Lab.", classes=classes),
        say("It is a final model: it was trained on all available pictures.") if config.final else None,
    ])  # fmt: skip
    yield joined([
        say("It began from {weights}.", weights=text(own.weights)),
        STRATEGIES[config.arm.strategy].sentence_for(config.arm.weights),
        say(
            "{number} parameters, pictures of {side} × {side} px.",
            number=millions(measured["parameters"]),
            side=config.resolution,
        ),
    ])  # fmt: skip


def _use(own: CardFacts, measured: dict[str, Any]) -> Iterator[str]:
    yield f"## {say('Use it')}"
    if "splits" in measured:
        yield COMMANDS
    yield "\n".join(_files(own, measured))
    if "splits" in measured:
        yield _probabilities(own, measured["temperature"])


def _probabilities(own: CardFacts, temperature: float | None) -> str:
    if not temperature:
        return say(
            "The probabilities are softmax(scores), without a temperature: none could be fitted on validation pictures."
        )
    if own.target is None or STRATEGIES[own.config.arm.strategy].learns_from == TARGET:
        return say(
            "The probabilities are softmax(scores / {temperature:.3f}): the temperature was fitted on the validation pictures, "
            "so that they say how often the answer is right. It changes no answer.",
            temperature=temperature,
        )
    return say(
        "The probabilities are softmax(scores / {temperature:.3f}): the temperature was fitted on the validation pictures of "
        "“{data}”, so that they say how often the answer is right on such pictures; on others it may be wrong more often. It "
        "changes no answer.",
        temperature=temperature,
        data=text(own.source.called),
    )


def _files(own: CardFacts, measured: dict[str, Any]) -> Iterator[str]:
    side = measured["side"]
    if "splits" in measured:
        yield "- `model.onnx`: " + say(
            "pictures as bytes, N × {side} × {side} × 3, red, green and blue, to probabilities, N × classes; scaling and "
            "normalising are inside.",
            side=side,
        )
        yield f"- `model-int8.onnx`: {_int8(measured)}"
        yield "- `predict.py`: " + say(
            "files and folders to CSV, with the code in `tl` that reads pictures as they were read for training."
        )
    else:
        yield "- " + say("There are no ONNX models: they were left out (`--without-onnx`).")
    given = measured["input"]
    mean, std = (", ".join(f"{value:g}" for value in given[name]) for name in ("mean", "std"))
    yield "- `model.safetensors`: " + say(
        "the weights, under the names that torch uses for this network. It takes values 0 to 1, less {mean}, divided by {std}.",
        mean=mean,
        std=std,
    )
    yield "- `labels.txt`: " + say("the classes, in the order of the answers.")
    if not measured["own_pictures"]:
        shown: str = say("five pictures of noise")
    elif own.target is None:
        shown = say("five pictures of the data set")
    else:
        shown = pictures_of(say("five pictures"), own.target)
    yield "- `check`: " + say("{pictures}, and what the model answers on them.", pictures=shown)


def _int8(measured: dict[str, Any]) -> str:
    found, splits = measured["int8"], measured["splits"]
    if found is None:
        return say("left out: there were no validation pictures to measure it on.")
    if "right" not in found:
        return say("left out: it could not be made ({problem}).", problem=text(found["problem"]))
    whole = splits["validation"]
    told = say(
        "right on {right} of {pictures}, the float32 model on {whole}; {same} of the answers are the same; {times:.1f} "
        "times as fast where it was exported",
        pictures=number_of(found["pictures"], "validation picture"),  # not shown
        right=percent(found["right"] / found["pictures"]),
        whole=percent(whole["right"] / whole["pictures"]),
        same=percent(found["same"] / found["pictures"]),
        times=found["images_per_second"] / whole["images_per_second"],
    )
    if found["kept"]:
        number = found["calibration"]
        return say("smaller: {found}. Its ranges were set with {number} training pictures.", found=told, number=number)
    return say("left out, since it is more than a point of accuracy worse: {found}.", found=told)


def _accuracy_told(home: Home, own: CardFacts, measured: dict[str, Any]) -> Iterator[str]:
    yield f"## {say('How good it is')}"
    if own.config.final:
        yield from _borrowed(home, own)
        return
    yield _reached(own)
    found = own.calibration
    if found is not None:
        yield _calibrated(found)
    tested = measured.get("splits", {}).get("test", {})
    if "same_as_stored" in tested:
        same, number = tested["same_as_stored"], tested["pictures"]
        words = later(
            "The ONNX model gives the same answer as the tested network on {same:,} of {number:,} test pictures."
        )
        if same != number:
            words = later(
                "The ONNX model gives the same answer as the tested network on {same:,} of {number:,} test pictures (it was "
                "tested in {precision}, this is float32)."
            )
        yield say(words, same=same, number=number, precision=own.result.precision)


def _calibrated(found: Calibration) -> str:
    before = percent(found.before.error)
    if not found.after:
        return say("Expected calibration error on the test pictures: {before} as trained.", before=before)
    return say(
        "Expected calibration error on the test pictures: {before} as trained, {after} with the temperature.",
        before=before,
        after=percent(found.after.error),
    )


def _reached(own: CardFacts) -> str:
    found = own.accuracy
    if found is None:
        if own.target is None or own.target.labelled:
            return say("It has not been tested.")
        return say("It has not been tested: the pictures of “{data}” have no labels.", data=text(own.target.called))
    measure = say("Balanced accuracy") if own.experiment.judge_by == BALANCED_ACCURACY else say("Accuracy")
    on = say("test pictures") if own.tested is None else number_of(own.tested, "test picture")  # not shown
    told = {"measure": measure, "pictures": pictures_of(on, own.target), "accuracy": percent(found.mean)}
    if found.low is None:
        return say("{measure} on {pictures} that it was not trained on: **{accuracy}**.", **told)
    told |= {"low": percent(found.low), "high": percent(found.high)}
    return say(
        "{measure} on {pictures} that it was not trained on: **{accuracy}** (95 % interval {low} to {high}).", **told
    )


def _borrowed(home: Home, own: CardFacts) -> Iterator[str]:
    """Of a final model: nobody knows; whose accuracy may be quoted."""
    assert own.config.final is not None
    yield say("No pictures were left to test it on, so its accuracy is not known.")
    try:
        before = card_facts(home, own.config.final.of)
    except (Refused, Unknown):
        yield say("The run whose recipe it repeats ({run}) was deleted.", run=own.config.final.of)
        return
    run, number = before.run_id, before.config.samples
    if number:
        told = say(
            "The run whose recipe it repeats, {run}, was trained only on {number} of the training pictures.",
            run=run,
            number=count(number),
        )
    else:
        told = say(
            "The run whose recipe it repeats, {run}, was trained only on the training pictures, all of them.", run=run
        )
    yield joined([told, say("For that run, not for this model: {accuracy}", accuracy=_reached(before))])


def _licence(own: CardFacts) -> Iterator[str]:
    yield f"## {say('Licence')}"
    if own.licence:
        yield say(
            "Licence of the weights it began from: {licence}. It covers what was made from them, too.",
            licence=text(own.licence),
        )
    else:
        yield say("It began from random weights, so no one else's licence applies to them.")
    yield say("The rights to the pictures it was trained on are not known to TL Lab.")


def _limits(own: CardFacts) -> Iterator[str]:
    classes = number_of(len(own.info.classes), "class")
    limits = (
        say("It knows only these {classes}, and names one of them whatever it is shown.", classes=classes),
        say("It looks at the centre square of a picture."),
        say(
            "Its accuracy holds for pictures of the kind it was tested with; other cameras, places or seasons may do worse."
        ),
        say("Don't base important decisions about people on it alone."),
    )
    yield f"## {say('Limits')}"
    yield "\n".join(f"- {limit}" for limit in limits)


def _repeat(own: CardFacts) -> Iterator[str]:
    yield f"## {say('How it was made')}"
    versions = ", ".join(f"{name} {version}" for name, version in (own.result.versions or {}).items())
    facts = say(
        "Run {run}, best epoch {epoch}, seed {seed}.",
        run=own.run_id,
        epoch=own.result.best_epoch,
        seed=own.config.seed,
    )
    yield joined([facts, text(versions)])
    if own.config.final:
        yield f"```sh\npython -m tl final-model {own.config.final.of}\n```"  # not shown
        return
    experiment, exactly = pinned(own.experiment, [own.result])
    yield f"```sh\n{plain(command(experiment))}\n```"
    if exactly:
        yield exactly
