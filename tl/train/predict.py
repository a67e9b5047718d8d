"""`python -m tl.train.predict RUN_DIR PLACE --output FILE.csv`: what a run's network answers on the pictures of a folder.

A few pictures at a time, decoded as those of an upload are, in processes that may die of them, and made of the same size in
the same way as those it was trained on. Progress goes to stderr, a line "DONE TOTAL WHAT" each time.
"""

import argparse
import os
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tl.answering import DEEP, AnswerFile, files_in
from tl.datasets import pixels_from
from tl.datasets.archive import LIMITS
from tl.datasets.archived import PLAIN, Decoder, decode_all, decode_kept, decoder
from tl.datasets.giving_way import WaitingProgress
from tl.decoding.compression import STORED
from tl.decoding.heads import TOO_LARGE_A_FILE
from tl.decoding.pixels import LARGEST
from tl.ending import clean_up_when_ended, status_of
from tl.languages import for_stderr, say
from tl.output import spell_out
from tl.store.files import keep_private
from tl.store.home import Run
from tl.train.checkpoints.trained import CPU, TrainedModel, trained
from tl.train.evaluate import at_once
from tl.train.hardware import threads

CHUNK_FILES, CHUNK_BYTES = 256, 64 * 1024**2  # that are on the disk a second time at once, besides the last file
PLACED = slice(4, 7)  # of what is told of a decoded picture: where its copy lies
Files = list[tuple[Path, str]]  # each with its name below the folder


def answer(run: Run, model: TrainedModel, place: Path, temperature: float, rows: AnswerFile) -> None:
    """Write a row for every file at `place`; what can't be read is named. Raises Refused."""
    total = sum(1 for _ in files_in(place))
    way = pixels_from.way(run.home, model.asked, model.side)
    threads.govern(CPU).resume()
    told = WaitingProgress(_tell)
    with tempfile.TemporaryDirectory(prefix="tl-predict-") as folder, decoder(run.home.locks_dir, told) as decode:
        for chunk in _chunks(place):
            told(rows.pictures + rows.unreadable, total, str(say("looking at pictures")))
            _answer_chunk(model, way, chunk, Path(folder), decode, temperature, rows)
    told(rows.pictures + rows.unreadable, total, str(say("looking at pictures")))


def _chunks(place: Path) -> Iterator[Files]:
    chunk: Files = []
    size = 0
    for path, name in files_in(place):
        chunk.append((path, name))
        size += path.stat().st_size if path.exists() else 0
        if len(chunk) == CHUNK_FILES or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _answer_chunk(
    model: TrainedModel, way: str, files: Files, folder: Path, decode: Decoder, temperature: float, rows: AnswerFile
) -> None:
    places, problems = _joined(files, folder / "files")
    pixels, wrong = _decoded(model.side, way, places, folder, decode)
    problems |= wrong
    readable = [slot for slot in places if slot not in problems]
    shares: dict[int, np.ndarray] = {}
    step = at_once(model.config.resolution, CPU)
    for first in range(0, len(readable), step):
        some = readable[first : first + step]
        shares |= dict(zip(some, model.probabilities(pixels[some], temperature), strict=True))
        threads.tick()
    for slot, (_, name) in enumerate(files):
        if slot in problems:
            rows.problem(name, problems[slot])
        else:
            rows.answer(name, shares[slot].tolist())


def _joined(files: Files, target: Path) -> tuple[dict[int, tuple[int, ...]], dict[int, str]]:
    """All files one after another in `target`, as entries of an archive: slot -> place, see `decode_all`; slot -> problem."""
    places: dict[int, tuple[int, ...]] = {}
    problems: dict[int, str] = {}
    with open(target, "wb") as out:
        for slot, (path, _) in enumerate(files):
            try:
                if path.stat().st_size > LIMITS.entry_bytes:
                    problems[slot] = TOO_LARGE_A_FILE
                    continue
                data = path.read_bytes()
            except OSError as problem:
                problems[slot] = say("can't be opened ({reason})", reason=problem.strerror)
                continue
            places[slot] = (out.tell(), len(data), len(data), STORED, zlib.crc32(data))
            out.write(data)
    return places, problems


def _decoded(
    side: int, way: str, places: dict[int, tuple[int, ...]], folder: Path, decode: Decoder
) -> tuple[np.ndarray, dict[int, str]]:
    """(slots, side, side, 3) uint8 as those of the training pictures were made, and slot -> what is wrong with a file."""
    number = max(places, default=-1) + 1
    first = int(way) if way.isdecimal() else LARGEST if way == pixels_from.JPEG else side
    small, copies, out = folder / "first", folder / "copies", folder / "pixels"
    for path in (small, copies, out):
        path.write_bytes(b"")
    os.truncate(small, number * first * first * 3)
    saved = copies if way == pixels_from.JPEG else None
    answers = dict(
        zip(places, decode_all(decode, folder / "files", places, small, first, saved, LIMITS, PLAIN), strict=True)
    )
    problems = {
        slot: told if isinstance(told, str) else DEEP for slot, told in answers.items() if not isinstance(told, list)
    }
    if way:
        os.truncate(out, number * side * side * 3)
        again = {slot: told[PLACED] for slot, told in answers.items() if isinstance(told, list)}
        list(decode_kept(decode, small if saved is None else copies, again, out, side, 0 if saved else first))
    path = out if way else small
    if not number:
        return np.empty((0, side, side, 3), np.uint8), problems
    return np.memmap(path, np.uint8, "r", shape=(number, side, side, 3)), problems


def _tell(done: int, total: int, what: str) -> None:
    print(f"{done} {total} {for_stderr(what)}", file=sys.stderr, flush=True)


def main(argv: Sequence[str]) -> int:
    """Exit status 0: every file has its row; 2: refused, or the disk is full, in one sentence."""
    parser = argparse.ArgumentParser(prog="python -m tl.train.predict")
    parser.add_argument("run", type=Path, metavar="RUN_DIR")
    parser.add_argument("place", type=Path, metavar="PLACE")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.csv")
    parser.add_argument("--temperature", type=float, default=1.0)
    options = parser.parse_args(argv)

    def ask() -> None:
        run = Run(options.run)
        model = trained(run)
        with open(options.output, "w", encoding="utf-8", newline="") as file:
            answer(run, model, options.place, options.temperature, AnswerFile(file, model.info.classes))

    return status_of(ask)


if __name__ == "__main__":
    clean_up_when_ended()
    keep_private()
    spell_out()
    sys.exit(main(sys.argv[1:]))
