"""`python -m tl.train.export RUN_DIR --output DIR`: what of a model that works elsewhere takes torch to make.

Writes the weights, the ONNX models, pictures for a self-check and facts.json, what was measured, into DIR. Progress goes to
stderr, a line "DONE TOTAL WHAT" each time. tl/jobs/exports.py starts it.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors.torch import save_file

from tl.config import refusal
from tl.datasets import pixels_from, prepare_for
from tl.ending import clean_up_when_ended, status_of
from tl.languages import for_stderr, later, say
from tl.output import spell_out
from tl.store.device_lock import DeviceLock
from tl.store.files import keep_private, write_json
from tl.store.home import Run
from tl.store.predictions import read_predictions
from tl.store.two_sets import Pictures
from tl.train import onnx_model
from tl.train.checkpoints.trained import CPU, TrainedModel, trained
from tl.train.hardware import threads

MOST_MEASURED = 1_000  # pictures of a split on which a model's answers are measured
CALIBRATION = 100  # training pictures that show an int8 model its ranges
LOOKING = {"validation": later("looking at validation pictures"), "test": later("looking at test pictures")}
CHECKED = 5  # pictures of the self-check
MOST_LOST = 0.01  # of validation accuracy, by which int8 may be worse
CLOSE = 1e-3  # probabilities of the exported model and of the network: at most so far apart
# Share of stored answers that the network must give again in float32: another machine differs in a few, bfloat16 in more.
ALIKE, ALIKE_COARSE = 0.9, 0.75


class Export:
    """One export: gives way to what trains, and tells what it does."""

    def __init__(self, run: Run, folder: Path, temperature: float):
        self.run, self.folder, self.temperature = run, folder, temperature
        self.device_lock = DeviceLock(run.home.locks_dir)
        self.share = threads.govern(CPU)

    def make(self, onnx: bool, pictures: bool) -> dict[str, Any]:
        """Write all files; what was measured. Raises Refused."""
        model = trained(self.run)
        store = prepare_for(self.run.home, model.config, _tell)
        self.device_lock.take()
        self.share.resume()
        self._weights(model)
        found: dict[str, Any] = {"side": model.side, "epoch": model.epoch, "input": asdict(model.expects)}
        found["parameters"] = sum(value.numel() for value in model.network.parameters())
        found |= self._check(model, store, pictures)
        return found | (self._onnx(model, store) if onnx else {})

    def _weights(self, model: TrainedModel) -> None:
        _tell(0, 0, say("writing the weights"))
        state = {name: value.contiguous() for name, value in model.network.state_dict().items()}
        about = {"format": "pt", "backbone": model.config.backbone, "resolution": str(model.config.resolution)}
        save_file(state, self.folder / "model.safetensors", about)

    def _check(self, model: TrainedModel, store: Pictures, own: bool) -> dict[str, Any]:
        """Pictures to check the model with, and what it answers on them: of the data set, or noise that shows nothing."""
        split = "test" if store.sizes["test"] else "train"  # all of them, of a final model
        rows = _one_of_each(store.labels_of(split)) if own else []
        if rows:
            pixels = np.stack([store.pixels(split)[row] for row in rows])
            files = pixels_from.copies(self.run.home, model.asked, store.pictures_of(split)[rows].tolist(), pixels)
        else:
            pixels = np.random.default_rng(0).integers(0, 256, (CHECKED, model.side, model.side, 3), np.uint8)
            files = [(".png", pixels_from.png(each)) for each in pixels]
        answers = model.probabilities(pixels, self.temperature)
        (self.folder / "check").mkdir()
        checked = []
        for number, ((ending, data), shares) in enumerate(zip(files, answers, strict=True), 1):
            (self.folder / "check" / f"{number}{ending}").write_bytes(data)
            checked.append({"file": f"{number}{ending}", "probabilities": [float(share) for share in shares]})
        return {"check": checked, "own_pictures": bool(rows)}

    def _onnx(self, model: TrainedModel, store: Pictures) -> dict[str, Any]:
        path = self.folder / "model.onnx"
        _tell(0, 0, say("writing the ONNX model"))
        about = {"pictures": pixels_from.way(self.run.home, model.asked, model.side)}
        whole = onnx_model.EndToEndModel(
            model.network, model.expects, model.side, model.config.resolution, self.temperature
        )
        onnx_model.write_onnx(whole, path, about)
        found: dict[str, Any] = {"splits": {}}
        for split in ("validation", "test"):
            # What a source's validation pictures look like may be of another size than what the model is given.
            if store.sizes[split] and store.of(split).resolution == model.side and (store.labels_of(split) >= 0).all():
                found["splits"][split] = self._measured(model, store, split, path)
        measured = found["splits"].get("validation")
        found["int8"] = self._int8(model, store, path, measured) if measured else None
        for each in found["splits"].values():
            del each["answers"]
        return found

    def _measured(self, model: TrainedModel, store: Pictures, split: str, path: Path) -> dict[str, Any]:
        """What the ONNX model answers on a split. Raises Refused where it is not what the network, or the run, answered."""
        pixels, labels = _some(store, split)
        answers, seconds = self._answers(path, pixels, say(LOOKING[split]))
        first = slice(0, onnx_model.BATCH)
        apart = float(np.abs(model.probabilities(pixels[first], self.temperature) - answers[first]).max())
        if not apart <= CLOSE:
            raise refusal(
                "The ONNX model's answers differ from the network's (by up to {apart:.2g}); nothing was exported.",
                apart=apart,
            )
        predicted = answers.argmax(1)
        found = {
            "pictures": len(labels),
            "right": int((predicted == labels).sum()),
            "apart": apart,
            "images_per_second": len(labels) / seconds,
            "answers": predicted,
        }
        stored = read_predictions(self.run.predictions, split)
        if stored is not None and len(stored.predicted) >= len(labels):
            same = int((stored.predicted[: len(labels)] == predicted).sum())
            if same < (ALIKE if model.config.precision == "fp32" else ALIKE_COARSE) * len(labels):
                raise refusal(
                    "The network now answers {others} of the {answers} stored answers differently: its weights or "
                    "pictures have changed since; nothing was exported.",
                    others=len(labels) - same,
                    answers=len(labels),
                )
            found["same_as_stored"] = same
        return found

    def _int8(self, model: TrainedModel, store: Pictures, path: Path, whole: dict[str, Any]) -> dict[str, Any]:
        """The int8 model where it is good enough, and how it compares with the other on the same validation pictures."""
        small = self.folder / "model-int8.onnx"
        _tell(0, 0, say("quantising to int8"))
        shown = store.pixels("train", model.config.samples)
        rows = np.linspace(0, len(shown) - 1, min(CALIBRATION, len(shown))).astype(int)
        try:
            onnx_model.write_int8(path, small, shown[rows])
        except Exception as problem:  # whatever onnxruntime raises: the other model is not the worse for it
            small.unlink(missing_ok=True)
            return {"problem": f"{type(problem).__name__}: {' '.join(str(problem).split())}"[:300], "kept": False}
        pixels, labels = _some(store, "validation")
        answers, seconds = self._answers(small, pixels, say("looking at validation pictures in int8"))
        right = int((answers.argmax(1) == labels).sum())
        good = right >= whole["right"] - MOST_LOST * len(labels)
        found = {
            "pictures": len(labels),
            "right": right,
            "same": int((answers.argmax(1) == whole["answers"]).sum()),
            "images_per_second": len(labels) / seconds,
            "calibration": len(rows),
            "kept": good,
        }
        if not good:
            small.unlink()
        return found

    def _answers(self, path: Path, pixels: Any, what: str) -> tuple[np.ndarray, float]:
        def tick(done: int) -> None:
            _tell(done, len(pixels), what)
            if self.device_lock.wanted():  # whoever trains goes on between two batches
                self.share.pause()
                self.device_lock.give()
                self.device_lock.take()
                self.share.resume()

        return onnx_model.answers(path, pixels, threads.most(), tick)


def _tell(done: int, total: int, what: str) -> None:
    print(f"{done} {total} {for_stderr(what)}", file=sys.stderr, flush=True)


def _some(store: Pictures, split: str) -> tuple[Any, np.ndarray]:
    """The first pictures of a split, as many as are measured, and their labels."""
    return store.pixels(split)[:MOST_MEASURED], store.labels_of(split)[:MOST_MEASURED]


def _one_of_each(labels: np.ndarray) -> list[int]:
    """Rows of up to CHECKED pictures: the first of each class, then the second of each."""
    number = pd.Series(labels).groupby(labels).cumcount().to_numpy()  # which picture of its class it is
    return [int(row) for row in np.lexsort((labels, number))[:CHECKED]]


def main(argv: Sequence[str]) -> int:
    """Exit status 0: all is written, 2: refused, or the disk is full, in one sentence."""
    parser = argparse.ArgumentParser(prog="python -m tl.train.export")
    parser.add_argument("run", type=Path, metavar="RUN_DIR")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--without-onnx", dest="onnx", action="store_false")
    parser.add_argument("--without-pictures", dest="pictures", action="store_false")
    options = parser.parse_args(argv)

    def make() -> None:
        found = Export(Run(options.run), options.output, options.temperature).make(options.onnx, options.pictures)
        write_json(options.output / "facts.json", found)

    return status_of(make)


if __name__ == "__main__":
    clean_up_when_ended()
    keep_private()
    spell_out()
    sys.exit(main(sys.argv[1:]))
