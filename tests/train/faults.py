"""Make the n-th write, fsync, rename, ... of this thread in a folder fail, or be the last thing that is done at all."""

import builtins
import errno
import io
import os
import threading
from pathlib import Path

KINDS = {  # name -> error (None: killed), whether it lasts
    "ENOSPC": (errno.ENOSPC, False),
    "ENOSPC that lasts": (errno.ENOSPC, True),
    "EIO": (errno.EIO, False),
    "EACCES that lasts": (errno.EACCES, True),
    "kill": (None, True),
}
NEEDS_NO_ROOM = ("unlink",)


class Killed(BaseException):
    """This process does nothing any more."""


class Faults:
    """Counts the operations on files in `folder`; from the `nth` on they fail as KINDS[kind] says (0: none)."""

    def __init__(self, folder: Path, nth: int = 0, kind: str = "kill"):
        self.folder, self.nth = str(folder.absolute()), nth
        self.error, self.lasts = KINDS[kind]
        self.done: list[tuple[str, str]] = []  # (operation, name of the file)
        self.fired: list[tuple[str, str]] = []
        self._descriptors: dict[int, str] = {}

    def install(self, monkeypatch) -> "Faults":
        """Take the place of the functions through which files are changed."""
        real_open, real_os_open, real_fsync = builtins.open, os.open, os.fsync

        def opened(file, mode="r", *args, **options):
            if not (self._ours(file) and set(mode) & set("wax+")):
                return real_open(file, mode, *args, **options)
            self._step("open", file)
            handle = real_open(file, mode, *args, **options)
            self._descriptors[handle.fileno()] = str(file)
            return _File(handle, lambda: self._step("write", file))

        def os_opened(path, *args, **options):
            descriptor = real_os_open(path, *args, **options)
            if self._ours(path):
                self._descriptors[descriptor] = str(path)
            return descriptor

        def fsync(descriptor):
            path = self._descriptors.get(descriptor, "")
            return self._step("fsync", path) if self._ours(path) else real_fsync(descriptor)

        for module in (builtins, io):
            monkeypatch.setattr(module, "open", opened)
        monkeypatch.setattr(os, "open", os_opened)
        monkeypatch.setattr(os, "fsync", fsync)
        for name in ("replace", "rename", "link", "unlink", "mkdir"):
            monkeypatch.setattr(os, name, self._watched(name, getattr(os, name)))
        return self

    def commits(self) -> int:
        """How many checkpoints were renamed into place."""
        return self.done.count(("replace", "last.safetensors"))

    def _watched(self, name: str, real):
        def operation(*args, **options):
            if self._ours(args[0]) and not (name == "mkdir" and Path(args[0]).is_dir()):
                self._step(name, args[1] if name in ("replace", "rename", "link") else args[0])
                real(*args, **options)
            else:
                real(*args, **options)

        return operation

    def _ours(self, path) -> bool:
        here = threading.current_thread() is threading.main_thread()
        return here and isinstance(path, str | Path) and str(path).startswith(self.folder)

    def _step(self, operation: str, path) -> None:
        """Count an operation; raise where it fails."""
        what = (operation, Path(path).name)
        number = len(self.done) + len(self.fired) + 1
        due = self.nth and number >= self.nth and (self.lasts or not self.fired)
        if due and not (self.error == errno.ENOSPC and operation in NEEDS_NO_ROOM):
            self.fired.append(what)
            raise Killed if self.error is None else OSError(self.error, os.strerror(self.error), str(path))
        self.done.append(what)


class _File:
    """An open file whose writes are counted; half of what fails to be written is written."""

    def __init__(self, handle, step):
        self._handle, self._step = handle, step

    def write(self, data):
        try:
            self._step()
        except BaseException:
            self._handle.write(bytes(data)[: len(bytes(data)) // 2])
            raise
        return self._handle.write(data)

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self._handle.close()

    def __getattr__(self, name):
        return getattr(self._handle, name)
