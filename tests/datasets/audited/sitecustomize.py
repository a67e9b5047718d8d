"""Imported by every Python process that finds this folder on its PYTHONPATH: an audit hook that writes down what the
process changes outside $AUDIT_ROOT, and once that it changed something inside (so that silence proves something)."""

import os
import sys

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
PATHS = {  # event -> which arguments are paths
    "os.chmod": [0],
    "os.chown": [0],
    "os.link": [0, 1],
    "os.mkdir": [0],
    "os.remove": [0],
    "os.rename": [0, 1],
    "os.rmdir": [0],
    "os.setxattr": [0],
    "os.symlink": [1],
    "os.truncate": [0],
    "os.utime": [0],
}
NO_FOLDER = {"os.chmod", "os.chown", "os.setxattr", "os.truncate", "os.utime"}  # whose numbers mean something else
NEVER = {"os.exec", "os.posix_spawn", "os.system", "socket.bind", "socket.connect", "socket.sendto"}


class Watch:
    """The hook: `sys.addaudithook(Watch(root, log))`; it can't be taken off."""

    def __init__(self, root: str, log: str):
        self.root = os.path.realpath(root)
        self.log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.told = False

    def __call__(self, event: str, arguments: tuple) -> None:
        if event == "open":
            path, mode, flags = arguments
            if flags & WRITING or set(mode or "") & set("wax+"):
                self.check(event, path, -1)
        elif event in PATHS:
            folder = next((value for value in reversed(arguments) if isinstance(value, int)), -1)
            for place in PATHS[event]:
                self.check(event, arguments[place], -1 if event in NO_FOLDER else folder)
        elif event in NEVER or (event == "subprocess.Popen" and arguments[0] != sys.executable):
            self.say("OUTSIDE", event, arguments)

    def check(self, event: str, path, folder: int) -> None:
        """Say so where `path`, relative to the open `folder`, is outside; -1 is the working folder."""
        if isinstance(path, int) or path is None:  # an open file: it was checked when it was opened
            return
        path = os.fsdecode(path)
        if folder != -1:
            path = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), path)
        real = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        if real != self.root and not real.startswith(self.root + os.sep):
            if real != os.devnull:
                self.say("OUTSIDE", event, real)
        elif not self.told:
            self.told = True
            self.say("inside", " ".join(sys.orig_argv[1:4]))

    def say(self, *words: object) -> None:
        """One line of the log."""
        os.write(self.log, (" ".join(map(str, words)).replace("\n", "?") + "\n").encode(errors="replace"))


if "AUDIT_ROOT" in os.environ:
    sys.addaudithook(Watch(os.environ["AUDIT_ROOT"], os.environ["AUDIT_LOG"]))
