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
import os
import re
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
VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set names languages, as gettext has it
CHINESE = {  # what is said here -> in Chinese; TL Lab's own catalogues stay at home
    "{number:,} pictures": "{number:,} 张图片",  # not shown
    "{number:,} pictures; {files:,} files could not be read": "{number:,} 张图片；{files:,} 个文件无法读取",  # not shown
    "compare with the answers in the folder check": "与 check 文件夹里的答案对照",  # not shown
    "default: the screen": "默认：屏幕",  # not shown
    "files and folders": "文件和文件夹",  # not shown
    "model-int8.onnx is smaller": "model-int8.onnx 更小",  # not shown
    "name photos or a folder of them, or --self-check": "请给出照片或照片文件夹，或者 --self-check",  # not shown
    "onnxruntime is not installed: python -m pip install onnxruntime pillow numpy": (  # not shown
        "未安装 onnxruntime：python -m pip install onnxruntime pillow numpy"  # not shown
    ),
    "The model answers as it should on {number} pictures: largest difference {apart:.1g}.": (  # not shown
        "模型在 {number} 张图片上的回答符合预期：最大差异 {apart:.1g}。"
    ),
    "The model's answers differ from what they should be, by up to {apart:.2g}; use newer libraries.": (  # not shown
        "模型的回答与预期不符，最大相差 {apart:.2g}；请使用更新的库。"
    ),
    "There is no file or folder {place}.": "没有文件或文件夹 {place}。",  # not shown
    "{file} is missing; unpack the whole zip.": "缺少 {file}；请解压整个 zip。",  # not shown
}
HELP = """这些照片里是什么？询问与本文件在一起的模型；需要 onnxruntime、pillow 和 numpy，无需联网。

    python predict.py photo.jpg               在屏幕上以 CSV 给出答案
    python predict.py photos --output answers.csv
    python predict.py --self-check            模型在这里的回答与训练它的地方一致吗？

读取图片所用的正是读取训练图片的那些代码：在本文件旁的 tl 文件夹中。
手机的 HEIC 照片另需 pillow-heif。
"""  # not shown


def chinese() -> bool:
    """Whether whoever reads asks for Chinese before English."""
    wanted = next((value for name in VARIABLES if (value := os.environ.get(name))), "")
    codes = (re.split(r"[-_.@]", one)[0].lower() for one in wanted.split(":"))
    return next((code for code in codes if code in ("zh", "en", "c", "posix")), "") == "zh"


def say(text: str, **values: object) -> str:
    """`text` in the reader's language, with `values` in place of its {names}."""
    return (CHINESE.get(text, text) if chinese() else text).format(**values)


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
            told = say("onnxruntime is not installed: python -m pip install onnxruntime pillow numpy")
            raise Problem(told) from None
        if not path.is_file():
            raise Problem(say("{file} is missing; unpack the whole zip.", file=path))
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
        raise LeftOut(f"can't be opened ({problem.strerror})") from None  # not shown: like all reasons in a CSV
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
        raise Wrong(
            say(
                "The model's answers differ from what they should be, by up to {apart:.2g}; use newer libraries.",
                apart=apart,
            )
        )
    return say(
        "The model answers as it should on {number} pictures: largest difference {apart:.1g}.",
        number=len(told),
        apart=apart,
    )


def answer(model: Model, places: Sequence[Path], rows: AnswerFile) -> None:
    """Ask the model about every picture in files and folders; what can't be read is named."""
    waiting: list[tuple[str, Image.Image]] = []

    def ask() -> None:
        for (name, _), shares in zip(waiting, model.probabilities([picture for _, picture in waiting])):
            rows.answer(name, shares.tolist())
        waiting.clear()
        if sys.stderr.isatty():
            told = say("{number:,} pictures", number=rows.pictures)
            print(f"\r{told}", end="", file=sys.stderr, flush=True)

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
    told = say("{number:,} pictures; {files:,} files could not be read", number=rows.pictures, files=rows.unreadable)
    print(f"{end}{told}", file=sys.stderr)


def _files(places: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    for place in places:
        if not (place.is_dir() or place.is_file()):  # a pipe would be waited for
            raise Problem(say("There is no file or folder {place}.", place=repr(str(place))))
        for path, name in files_in(place):
            yield path, name if len(places) == 1 else f"{place.name}/{name}" if place.is_dir() else name


def main(argv: Sequence[str]) -> int:
    """Exit status 0: answered; 1: the self-check found something wrong; 2: can't be done."""
    lines = (HELP if chinese() else str(__doc__)).splitlines()
    parser = argparse.ArgumentParser(
        description=lines[0], epilog="\n".join(lines[1:]), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", nargs="*", type=Path, help=say("files and folders"))
    parser.add_argument("--output", type=Path, metavar="FILE.csv", help=say("default: the screen"))
    parser.add_argument("--model", type=Path, default=HERE / "model.onnx", help=say("model-int8.onnx is smaller"))
    parser.add_argument("--self-check", action="store_true", help=say("compare with the answers in the folder check"))
    options = parser.parse_args(argv)
    if not options.photos and not options.self_check:
        parser.error(say("name photos or a folder of them, or --self-check"))
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
