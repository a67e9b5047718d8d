"""Fetch one file over HTTP so that the target is whole and checked, or not there at all.

Not by torch.hub, which imports torch, has no timeout and starts again where a transfer breaks; nor by huggingface_hub,
which takes repositories of a hub only, and holds a file against its size but not its hash.
"""

import glob
import hashlib
import http.client
import os
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import psutil

from tl.config import Refused
from tl.languages import later, say
from tl.store.files import sync_folder

TRIES = 3
TIMEOUT_SECONDS = 20.0  # of one connection attempt or one read that brings nothing
BACK_OFF_SECONDS = 1.0  # before the second try; doubles before each further one
CHUNK_BYTES = 1 << 18
WORTH_ANOTHER_TRY = (408, 416, 429, 500, 502, 503, 504)  # HTTP answers that may be better next time

Progress = Callable[[int, int | None], None]  # (bytes so far, bytes in all or None where unknown)


class DownloadFailed(Refused):
    """A file could not be downloaded; the text is one sentence: what, why, what to do."""


class Unauthorized(DownloadFailed):
    """The server gives the file only to those it knows."""


class WrongHash(DownloadFailed):
    """A file is not the one its publisher names."""


class _BrokenError(Exception):
    """One try failed in a way that another try may mend."""


class _NotResumedError(_BrokenError):
    """The server can't go on where the last try broke: the next try starts from the beginning."""


def matches(path: Path, sha256_prefix: str) -> bool:
    """Whether there is a file at `path` whose SHA-256 begins with the hex digits `sha256_prefix`."""
    try:
        return sha256_of(path).startswith(sha256_prefix.lower())
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return False


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex digits. Raises OSError."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(
    url: str, path: Path, sha256_prefix: str, size: int | None = None, progress: Progress | None = None
) -> Path:
    """Make `path` the file at `url` whose SHA-256 begins with `sha256_prefix`; one that is there already is kept.

    `size` in bytes is only shown where the server names none. A broken transfer is taken up where it broke, TRIES
    times in all. Raises DownloadFailed; OSError where the disk is full or not writable. Neither leaves anything behind.
    """
    if matches(path, sha256_prefix):
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.part")  # never another download's
    try:
        _fetch(url, part, size, progress or (lambda done, total: None))
        if not matches(part, sha256_prefix):
            text = later(
                "What {url} sent is not the expected file (its SHA-256 doesn't begin with {sha256}); try again "
                "later, or put the right file at {path}."
            )
            raise WrongHash(say(text, url=url, sha256=sha256_prefix, path=path))
        os.replace(part, path)
    except _BrokenError as error:
        raise _not_downloaded(url, error, by_hand(path)) from error
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)
    return path


def reach(url: str, remedy: str, seconds: float) -> None:
    """Ask the server for the file at `url` and take nothing. Raises Unauthorized where it wants to know who asks, else
    DownloadFailed, which ends with `remedy`, where there is no such file, or no answer within `seconds`."""
    try:
        _open(url, 0, None, seconds).close()
    except _BrokenError as error:
        raise _not_downloaded(url, error, remedy) from error


def by_hand(path: Path) -> str:
    """What to do where `path` can't be downloaded."""
    return say("check the internet connection, or put the file at {path}", path=path)


def _not_downloaded(url: str, error: _BrokenError, remedy: str) -> DownloadFailed:
    said = say("{url} could not be downloaded ({reason}); {remedy}.", url=url, reason=str(error), remedy=remedy)
    return DownloadFailed(said)


def _sweep(path: Path) -> None:
    """Remove the parts of `path` that killed processes left; those that still live may be writing theirs."""
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.*.part"):
        pid = part.name.split(".")[-3]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            part.unlink(missing_ok=True)


def _fetch(url: str, part: Path, size: int | None, progress: Progress) -> None:
    """Write the file at `url` to `part`. Raises _BrokenError when the last try has failed too."""
    validator = None  # the server's mark of this version of the file: a resumed transfer must be of the same
    for attempt in range(1, TRIES + 1):
        try:
            with open(part, "ab") as file, _open(url, file.tell(), validator) as answer:
                validator = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
                _receive(answer, file, size, progress)
                file.flush()
                os.fsync(file.fileno())
                return
        except _BrokenError as error:
            if attempt == TRIES:
                raise
            validator = None if isinstance(error, _NotResumedError) else validator
            time.sleep(BACK_OFF_SECONDS * 2 ** (attempt - 1))


def _open(url: str, start: int, validator: str | None, seconds: float | None = None) -> http.client.HTTPResponse:
    """The server's answer to a request for the bytes from `start` on."""
    headers = {"User-Agent": "tl-lab", "Accept-Encoding": "identity"}
    if start and validator:
        headers |= {"Range": f"bytes={start}-", "If-Range": validator}
    try:
        answer: http.client.HTTPResponse = urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=seconds or TIMEOUT_SECONDS
        )
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in WORTH_ANOTHER_TRY:
            raise (_NotResumedError if error.code == 416 else _BrokenError)(
                say("the server answered {code} {reason}", code=error.code, reason=error.reason)
            ) from error
        kind = Unauthorized if error.code in (401, 403) else DownloadFailed
        text = later("{url} could not be downloaded: the server answered {code} {reason}.")
        raise kind(say(text, url=url, code=error.code, reason=error.reason)) from error
    except (OSError, http.client.HTTPException) as error:  # urllib's URLError is an OSError
        cause = getattr(error, "reason", error)  # urllib wraps what happened
        what = getattr(cause, "strerror", None) or str(cause) or repr(cause)
        raise _BrokenError(say("no connection: {what}", what=what)) from error
    if answer.headers.get_content_type() in ("text/html", "application/xhtml+xml"):
        answer.close()
        text = later(
            "{url} was answered with a web page instead of the file; this network may require a sign-in first."
        )
        raise DownloadFailed(say(text, url=url))
    return answer


def _receive(answer: http.client.HTTPResponse, file: BinaryIO, size: int | None, progress: Progress) -> None:
    """Append the answer's body to `file`, from the start where the server doesn't resume."""
    resumed = answer.status == 206
    if resumed and not (answer.headers.get("Content-Range") or "").startswith(f"bytes {file.tell()}-"):  # not shown
        raise _NotResumedError(say("the server resumed at another place"))
    if not resumed:
        file.truncate(0)  # the file is open for appending: the next write goes to its new end
    done = file.tell() if resumed else 0
    length = answer.headers.get("Content-Length")
    total = done + int(length) if length else None
    while chunk := _read(answer):
        file.write(chunk)
        done += len(chunk)
        progress(done, total or size)
    if total is not None and done < total:
        raise _BrokenError(say("the connection broke after {done:,} of {total:,} bytes", done=done, total=total))


def _read(answer: http.client.HTTPResponse) -> bytes:
    try:
        return answer.read1(CHUNK_BYTES)
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: a broken chunk of a chunked body
        raise _BrokenError(say("the connection broke: {error}", error=repr(error))) from error
