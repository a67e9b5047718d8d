"""The process that decodes: `python -P -m tl.decoding`, a JSON task per line on stdin, a JSON answer per line on stdout.

tl/datasets/pool.py is its parent. What it may take of memory and time is limited here, before it opens a picture.
"""

import fcntl
import hashlib
import io
import json
import os
import signal
import sys
import warnings
import zlib
from typing import Any

from PIL import Image, ImageFile

from tl.decoding.entries import append, head, unpack
from tl.decoding.heads import TOO_MUCH_MEMORY, UNREADABLE, LeftOut, check_head
from tl.decoding.opening import open_picture
from tl.decoding.pixels import LARGEST, QUALITY, difference_hash, judged, scaled, square
from tl.decoding.sandbox import limit

CPU_SECONDS, WALL_SECONDS = 10.0, 60.0  # per picture
Answer = list[Any] | dict[str, Any] | str  # of one picture
MEMORY_BYTES = 256 * 1024**2  # what one decoding process may take besides itself
LARGE_BYTES = 32 * 1024**2  # pictures that need more memory are decoded one at a time


class _Files:
    """The open files of a task: `source` to read from, `out` with a slot per picture, `kept` (or none) to append to."""

    def __init__(self, task: dict[str, Any]):
        self.source = os.open(task["source"], os.O_RDONLY)
        self.out = os.open(task["out"], os.O_WRONLY)
        self.kept = os.open(task["kept"], os.O_WRONLY | os.O_APPEND) if task["kept"] else None

    def alone(self, need_bytes: int) -> None:
        """Wait until no other process decodes a large picture, where this one is large."""
        if need_bytes > LARGE_BYTES:
            signal.setitimer(signal.ITIMER_REAL, 0)  # waiting is no stalling
            fcntl.flock(self.out, fcntl.LOCK_EX)
            signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)

    def close(self) -> None:
        for file in filter(None, (self.source, self.out, self.kept)):
            os.close(file)


def _picture(files: _Files, task: dict[str, Any], slot: int, place: list[int]) -> Answer:
    """Decode one picture into its slot; [sha256 of the file, hash of the pixels, difference hash, shorter side in px,
    start, bytes and crc of what is kept, what is to be told of it]. Raises LeftOut.

    Of one with more than 8 bits whose scale `task["scales"]` lacks: {"kind", "sketch", "short"}, and nothing is written.
    """
    start, packed, size, method, _ = place
    check_head(head(files.source, start, packed, method))
    files.alone(packed + size)
    data = unpack(files.source, *place)
    digest = hashlib.sha256(data).hexdigest()
    opened = open_picture(data, task["max_pixels"], task["max_side"], task["bands"])
    files.alone(opened.need_bytes)
    image = opened.load()
    short, notes = opened.short, opened.notes
    del opened, data
    if isinstance(image, Image.Image):
        whole = square(image)
        same, looks = hashlib.blake2b(whole.tobytes(), digest_size=16).hexdigest(), None
    elif image.kind not in task["scales"]:
        with judged():
            return {"kind": image.kind, "sketch": image.sketch(), "short": short}
    else:
        with judged():  # what is the same, before black and white are set
            whole, same = image.square(*task["scales"][image.kind]), image.digest()
            looks = difference_hash(image.square(*image.range()))
    del image
    side = task["side"]
    small = scaled(whole, side)
    kept, offset = small.tobytes(), slot * side * side * 3
    os.pwrite(files.out, kept, offset)
    if files.kept is not None:
        copy = io.BytesIO()
        whole.save(copy, "JPEG", **QUALITY)
        kept = copy.getvalue()
        offset = append(files.kept, kept)
    looks = difference_hash(small) if looks is None else looks
    return [digest, same, looks, short, offset, len(kept), zlib.crc32(kept), notes]


def _again(files: _Files, task: dict[str, Any], slot: int, place: list[int]) -> Answer:
    """Scale what was kept of one picture into its slot. Raises LeftOut."""
    data, side, raw = unpack(files.source, *place), task["side"], task["raw"]
    whole = Image.frombytes("RGB", (raw, raw), data) if raw else square(_kept(data))
    os.pwrite(files.out, scaled(whole, side).tobytes(), slot * side * side * 3)
    return []


def _kept(data: bytes) -> Image.Image:
    """The JPEG that was made of a picture. Raises LeftOut for anything else."""
    image = open_picture(data, LARGEST**2, LARGEST).load()
    if not isinstance(image, Image.Image):
        raise LeftOut(UNREADABLE)
    return image


def _work(task: dict[str, Any]) -> list[Answer]:
    """Decode `task["rows"]`, each [slot, start, packed, size, method, crc], into slots of the file `task["out"]`.

    Answers per row what `_picture` says, or the reason to leave it out. Where the task has "raw", the source is ours:
    JPEG squares, or RGB squares of `raw` px where that is not 0.
    """
    answers: list[Answer] = []
    files = _Files(task)
    read = _again if "raw" in task else _picture
    try:
        for slot, *place in task["rows"]:
            # Nobody handles these signals: they end this process, and the parent finds out.
            signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
            signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)
            try:
                answers.append(read(files, task, slot, place))
            except LeftOut as problem:
                answers.append(str(problem))
            except MemoryError:
                answers.append(TOO_MUCH_MEMORY)
            fcntl.flock(files.out, fcntl.LOCK_UN)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        files.close()
    return answers


def main() -> None:
    """Answer tasks until stdin ends."""
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    limit(MEMORY_BYTES)
    print("ready", flush=True)
    for line in sys.stdin:
        try:
            task = json.loads(line)
            Image.MAX_IMAGE_PIXELS = task.get("max_pixels", LARGEST**2)  # Pillow's own check, besides ours
            answer: list[Answer] | dict[str, Any] = _work(task)
        except OSError as problem:  # the disk, not the picture: the parent raises it again
            answer = {"errno": problem.errno, "message": str(problem)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
