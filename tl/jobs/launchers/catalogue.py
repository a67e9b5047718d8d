"""Where runs can be carried out, all of them in one place; $TL_LAUNCHER says which the supervisor takes, `local` unless told.

A new one is a file beside this one, and a name in LAUNCHERS.
"""

import os
from collections.abc import Iterator
from importlib.util import find_spec

from tl.config import refusal
from tl.jobs.launchers.fork_launcher import ForkLauncher
from tl.jobs.launchers.launcher import Launcher
from tl.jobs.launchers.local import LocalLauncher
from tl.jobs.launchers.ray import RayLauncher
from tl.jobs.launchers.slurm import SlurmLauncher
from tl.languages import later

LAUNCHERS: dict[str, type[Launcher]] = {"local": LocalLauncher, "slurm": SlurmLauncher, "ray": RayLauncher}
_SUPERVISED: dict[str, type[Launcher]] = {"local": ForkLauncher}  # where it is worth more to start many
DEFAULT = "local"


def named() -> str:
    """What $TL_LAUNCHER says, whether there is such a launcher or not."""
    return os.environ.get("TL_LAUNCHER") or DEFAULT


def chosen_launcher() -> str:
    """Name of the launcher that starts what is queued. Raises Refused for one that isn't known."""
    name = named()
    if name not in LAUNCHERS:
        raise refusal(
            "TL_LAUNCHER is {name!r}; it must be one of {launchers}.", name=name, launchers=", ".join(LAUNCHERS)
        )
    return name


def check() -> None:
    """Refuse to queue what could not be started here."""
    launcher = LAUNCHERS[chosen_launcher()]
    if launcher.library and find_spec(launcher.library[0]) is None:
        name, version = launcher.library
        text = later(
            "TL_LAUNCHER is {launcher!r}, but the library it needs is not installed; pip install '{library}=={version}'."
        )
        raise refusal(text, launcher=launcher.name, library=name, version=version)
    launcher.check()


def supervised() -> Launcher:
    """The launcher of a supervisor. Raises Refused where it can't be had."""
    check()
    return _SUPERVISED.get(chosen_launcher(), LAUNCHERS[chosen_launcher()])()


def name_of(handle: str | None) -> str:
    """Whose handle this is; without one, whose it would be."""
    return handle.partition(" ")[0] if handle else chosen_launcher()


def of(handle: str | None) -> Launcher:
    """Who can be asked about this handle, in any process; for what is none, the local one, to which it is nobody's."""
    return LAUNCHERS.get(name_of(handle), LocalLauncher)()


def in_use() -> Iterator[Launcher]:
    """All that something may train with: what is chosen now, and this machine."""
    for name in {DEFAULT, chosen_launcher()}:
        yield LAUNCHERS[name]()
