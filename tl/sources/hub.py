"""Weights from a model hub, through its own library, into its own cache; and whether what is not here can be had at all.

huggingface_hub takes half a second to import, so it is imported where something is to be downloaded.
"""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tl.config import refusal
from tl.failures import OF_ERRNO
from tl.languages import later, say
from tl.sources.source import Source
from tl.sources.timm import SHA256, cache_folder, endpoint, offline
from tl.store.download import DownloadFailed, Unauthorized, WrongHash, by_hand, matches, reach

Progress = Callable[[int, int, str], None]  # (bytes done, bytes in all, what is done)
REMEDY = later("check the internet connection, or use a file of your own (--weights-file)")
ANSWER_SECONDS = 5.0  # in which a server has to answer the question whether it is there


def check(weights: Source) -> None:
    """Ask whether weights that are not here can be downloaded. Raises DownloadFailed with one sentence where they can't."""
    if weights.state != "download" or weights.url is None:
        return
    if weights.repository is None:
        reach(weights.url, by_hand(weights.place), ANSWER_SECONDS)
        return
    if offline():
        raise _not_asked(weights)
    try:
        reach(weights.url, say(REMEDY), ANSWER_SECONDS)
    except Unauthorized:  # the hub's own library knows who its user is
        _asked(weights, dry_run=True)


def fetch(weights: Source, progress: Progress) -> Path:
    """Download weights of a hub's and hold them against the hash that it names. Raises DownloadFailed, WrongHash."""
    path = Path(_asked(weights, tqdm_class=_bar(weights, progress)))
    blob = path.resolve()
    if SHA256.fullmatch(blob.name) and not matches(blob, blob.name):
        path.unlink(missing_ok=True)
        blob.unlink(missing_ok=True)
        other = later("What {url} sent is not the file that the hub names (its SHA-256 differs); try again.")
        raise WrongHash(say(other, url=weights.url))
    return path


def _asked(weights: Source, **options: Any) -> str:
    """What the hub's library answers: the path of the file."""
    try:
        from huggingface_hub import hf_hub_download
    except ImportError:
        raise refusal(
            "Weights of timm's networks come through the library huggingface_hub, which is not installed: "
            "pip install huggingface_hub"
        ) from None
    if offline():
        raise _not_asked(weights)
    assert weights.repository is not None
    where: dict[str, Any] = {"cache_dir": cache_folder(), "endpoint": endpoint(), "etag_timeout": ANSWER_SECONDS}
    try:
        return str(hf_hub_download(weights.repository, weights.place.name, **where, **options))
    except Exception as error:  # the library has errors of its own, and those of whatever it asks through
        if isinstance(error, OSError) and error.errno in OF_ERRNO:  # a full disk, which is told as such
            raise
        said = {"url": weights.url, "reason": _reason(error), "remedy": say(REMEDY)}
        raise DownloadFailed(say("{url} could not be downloaded ({reason}); {remedy}.", **said)) from error


def _not_asked(weights: Source) -> DownloadFailed:
    text = later(
        "The weights {weights} of {backbone} are not in {folder}, and HF_HUB_OFFLINE forbids downloads; unset it, or "
        "use a file of your own (--weights-file)."
    )
    return DownloadFailed(say(text, weights=weights.key, backbone=weights.backbone, folder=cache_folder()))


def _reason(error: BaseException) -> str:
    """What went wrong at its root, the first line of it."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")[:200]


def _bar(weights: Source, progress: Progress) -> type:
    """What the hub's library tells its progress to: tells it on and draws nothing."""
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc]  # tqdm has no types
        def __init__(self, *arguments: Any, **options: Any) -> None:
            kept = {name: value for name, value in options.items() if name not in ("name", "disable", "file")}
            super().__init__(*arguments, **kept, file=io.StringIO())

        def update(self, n: float | None = 1) -> bool | None:
            moved: bool | None = super().update(n)
            progress(
                int(self.n), int(self.total or weights.size_bytes), say("downloading {what}", what=weights.repository)
            )
            return moved

    return Bar
