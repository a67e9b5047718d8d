"""What is in these photos? Asks the model beside this file; needs onnxruntime, pillow and numpy, no internet.

    python predict.py photo.jpg               answers as CSV on the screen
    python predict.py photos --output answers.csv
    python predict.py --self-check            does the model answer here as where it was trained?

Pictures are read by the very code that read those the model was trained on: it is in the folder tl beside this file.
HEIC photos of telephones need pillow-heif besides.
"""

import argparse
import io
import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
if (HERE / "tl").is_dir():  # in an exported model
    sys.path.insert(0, str(HERE))

from PIL import Image  # noqa: E402

from tl.answering import DEEP, AnswerFile, files_in  # noqa: E402
from tl.decoding.heads import TOO_LARGE_A_FILE, TOO_MUCH_MEMORY, LeftOut, check_head  # noqa: E402
from tl.decoding.opening import open_picture  # noqa: E402
from tl.decoding.pixels import QUALITY, judged, scaled, square  # noqa: E402
from tl.output import spell_out  # noqa: E402

MOST_PIXELS, MOST_SIDE, MOST_BYTES = 250_000_000, 65_535, 256 * 1024**2  # of one picture, and of its file
BATCH = 32  # pictures at once
CLOSE = 1e-3  # how far a probability may be from what was told, in the self-check
INPUT = "pictures"


class Problem(Exception):
    """What can't be done; the text is one sentence: what, and what to do."""


class Wrong(Problem):
    """The self-check found that the model answers otherwise than it should."""


class Model:
    """The ONNX model in a file."""

    def __init__(self, path: Path):
        try:
            import onnxruntime
        except ImportError:
            raise Problem("onnxruntime is not installed: python -m pip install onnxruntime pillow numpy") from None
        if not path.is_file():
            raise Problem(f"{path} is missing; unpack the whole zip.")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.side = int(self._session.get_inputs()[0].shape[1])  # (N, side, side, 3) uint8
        self.way = self._session.get_modelmeta().custom_metadata_map.get("pictures", "")

    def probabilities(self, pictures: Sequence[Image.Image]) -> Any:
        """(N, C) float32 for N squares of the model's size."""
        import numpy as np

        return self._session.run(None, {INPUT: np.stack([np.asarray(picture) for picture in pictures])})[0]


def read(path: Path) -> Image.Image:
    """The centre square of a picture. Raises LeftOut, with the reason, for what is none."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise LeftOut(TOO_LARGE_A_FILE)
        data = path.read_bytes()
    except OSError as problem:
        raise LeftOut(f"can't be opened ({problem.strerror})") from None
    check_head(data[:600])
    try:
        return whole_square(data)
    except MemoryError:
        raise LeftOut(TOO_MUCH_MEMORY) from None


def whole_square(data: bytes) -> Image.Image:
    """The centre square of the picture in these bytes, at most 256 px a side."""
    image = open_picture(data, MOST_PIXELS, MOST_SIDE).load()
    if not isinstance(image, Image.Image):
        raise LeftOut(DEEP)
    return square(image)


def as_trained(whole: Image.Image, model: Model) -> Image.Image:
    """What the model takes of a centre square, made as it was made of the training pictures."""
    if model.way == "jpeg":  # a clean JPEG copy was kept of them
        with judged():
            copy = io.BytesIO()
            whole.save(copy, "JPEG", **QUALITY)
            whole = square(Image.open(io.BytesIO(copy.getvalue()), formats=("JPEG",)))
    elif model.way:  # they were kept at this size
        whole = scaled(whole, int(model.way))
    return scaled(whole, model.side)


def labels() -> list[str]:
    """The classes, in the order of the model's answers."""
    return (HERE / "labels.txt").read_text(encoding="utf-8").splitlines()


def self_check() -> str:
    """Say that model.onnx answers on its pictures as it should (in int8 it would differ a little). Raises Problem."""
    model = Model(HERE / "model.onnx")
    told = json.loads((HERE / "check" / "answers.json").read_text(encoding="utf-8"))
    pictures = [scaled(read(HERE / "check" / each["file"]), model.side) for each in told]  # these are such copies
    found = model.probabilities(pictures)
    apart = max(abs(a - b) for own, each in zip(found, told) for a, b in zip(own, each["probabilities"]))
    if not apart <= CLOSE:
        raise Wrong(f"The model's answers differ from what they should be, by up to {apart:.2g}; use newer libraries.")
    return f"The model answers as it should on {len(told)} pictures: largest difference {apart:.1g}."


def answer(model: Model, places: Sequence[Path], rows: AnswerFile) -> None:
    """Ask the model about every picture in files and folders; what can't be read is named."""
    waiting: list[tuple[str, Image.Image]] = []

    def ask() -> None:
        for (name, _), shares in zip(waiting, model.probabilities([picture for _, picture in waiting])):
            rows.answer(name, shares.tolist())
        waiting.clear()
        if sys.stderr.isatty():
            print(f"\r{rows.pictures:,} pictures", end="", file=sys.stderr, flush=True)

    for path, name in _files(places):
        try:
            waiting.append((name, as_trained(read(path), model)))
        except LeftOut as reason:
            rows.problem(name, str(reason))
        if len(waiting) == BATCH:
            ask()
    if waiting:
        ask()
    end = "\n" if sys.stderr.isatty() else ""
    print(f"{end}{rows.pictures:,} pictures; {rows.unreadable:,} files could not be read", file=sys.stderr)


def _files(places: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    for place in places:
        if not (place.is_dir() or place.is_file()):  # a pipe would be waited for
            raise Problem(f"There is no file or folder {str(place)!r}.")
        for path, name in files_in(place):
            yield path, name if len(places) == 1 else f"{place.name}/{name}" if place.is_dir() else name


def main(argv: Sequence[str]) -> int:
    """Exit status 0: answered; 1: the self-check found something wrong; 2: can't be done."""
    lines = str(__doc__).splitlines()
    parser = argparse.ArgumentParser(
        description=lines[0], epilog="\n".join(lines[1:]), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", nargs="*", type=Path, help="files and folders")
    parser.add_argument("--output", type=Path, metavar="FILE.csv", help="default: the screen")
    parser.add_argument("--model", type=Path, default=HERE / "model.onnx", help="model-int8.onnx is smaller")
    parser.add_argument("--self-check", action="store_true", help="compare with the answers in the folder check")
    options = parser.parse_args(argv)
    if not options.photos and not options.self_check:
        parser.error("name photos or a folder of them, or --self-check")
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        if options.self_check:
            print(self_check())
        if not options.photos:
            return 0
        model = Model(options.model)
        if options.output:
            with open(options.output, "w", encoding="utf-8", newline="") as file:
                answer(model, options.photos, AnswerFile(file, labels()))
        else:
            answer(model, options.photos, AnswerFile(sys.stdout, labels()))
    except (Problem, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1 if isinstance(problem, Wrong) else 2
    return 0


if __name__ == "__main__":
    spell_out()
    sys.exit(main(sys.argv[1:]))
