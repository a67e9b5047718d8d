"""A made-up /proc and /sys/fs/cgroup."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tl import machine

Write = Callable[[dict[str, str]], None]


def made_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Let `tl.machine` look into `folder`; what writes files there, by their names under proc/ and cgroup/."""
    monkeypatch.setattr(machine, "_PROC", folder / "proc")
    monkeypatch.setattr(machine, "_CGROUP", folder / "cgroup")

    def write(files: dict[str, str]) -> None:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    return write
