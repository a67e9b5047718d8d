"""One TensorBoard for all runs of a home: started when somebody asks, reachable from this machine only, ended with
the apps that asked. `python -m tl.jobs.tensorboard HOME` is that process; `ensure` starts it.
"""

import json
import os
import signal
import sys
import threading
import time
import urllib.request
from dataclasses import asdict

from tl.config import refusal
from tl.jobs.launchers import processes
from tl.jobs.launchers.launcher import detached
from tl.jobs.launchers.processes import Identity
from tl.jobs.tensorboard.run_links import link_runs, links_folder
from tl.languages import say
from tl.store.documents import of_type
from tl.store.files import locked, read_json, write_json
from tl.store.home import Home

HOST = "127.0.0.1"
START_SECONDS = 60.0
ANSWER_SECONDS = 5.0
POLL_SECONDS = 1.0  # between looks at owners and new runs
RELOAD_SECONDS = 5  # between TensorBoard's looks at the event files


class _Files:
    """Everything of TensorBoard lies in one folder of the home."""

    def __init__(self, home: Home):
        folder = home.path / "tensorboard"
        self.state = folder / "state.json"  # the process and its address
        self.owners = folder / "owners.json"  # processes that want it
        self.log = folder / "log.txt"
        self.lock = home.locks_dir / "tensorboard.lock"


def ensure(home: Home, owner: int | None = None) -> str:
    """Address of the home's TensorBoard, started if need be; however often and from wherever asked, there is one.

    It ends when all its owners have ended; `owner` is a process id, by default this process. Raises Refused where it
    can't be started, or isn't opened to whoever uses the home.
    """
    if not home.policy.opens_tensorboard:
        raise refusal("TensorBoard is not available to visitors; download the event files instead.")
    files = _Files(home)
    with locked(files.lock):
        owners = [*_owners(files), processes.identify(owner or os.getpid())]
        write_json(files.owners, [asdict(each) for each in dict.fromkeys(owners) if each], durable=False)
        link_runs(home)
        server, url = _living(files)
        if server and _answers(url):
            return url
        _end(files, server)
        return _start(home, files)


def _start(home: Home, files: _Files) -> str:
    with open(files.log, "wb") as log:
        child = detached([sys.executable, "-m", "tl.jobs.tensorboard", str(home.path)], {}, log)
    threading.Thread(target=child.wait, daemon=True).start()  # else it stays a zombie when it ends before we do
    end = time.monotonic() + START_SECONDS
    while child.returncode is None and time.monotonic() < end:
        server, url = _living(files)
        if server and server.pid == child.pid and _answers(url):
            return url
        time.sleep(0.1)
    if child.returncode is None:
        child.kill()
    lines = files.log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or [say("it gave no reason")]
    raise refusal("TensorBoard could not be started: {reason} (see {file}).", reason=lines[-1], file=files.log)


def _end(files: _Files, server: Identity | None) -> None:
    if server:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if processes.alive(server):
                os.kill(server.pid, number)
            end = time.monotonic() + 3
            while processes.alive(server) and time.monotonic() < end:
                time.sleep(0.05)
    files.state.unlink(missing_ok=True)


def _living(files: _Files) -> tuple[Identity | None, str]:
    """The process that the state file names, if it lives, and its address."""
    state = read_json(files.state)
    server = of_type(state, Identity)
    return (server, state["url"]) if processes.alive(server) and isinstance(state.get("url"), str) else (None, "")


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy to this machine
    try:
        with opener.open(url + "data/environment", timeout=ANSWER_SECONDS) as answer:
            return "version" in json.load(answer)
    except (OSError, ValueError):
        return False


def _owners(files: _Files) -> list[Identity]:
    """Those that still live."""
    return [owner for owner in of_type(read_json(files.owners), list[Identity]) or [] if processes.alive(owner)]


def serve(home: Home) -> None:
    """Be the TensorBoard of `home` until nobody that asked for it is left."""
    from tensorboard import default, program

    files = _Files(home)
    server = program.TensorBoard(default.get_plugins())
    # load_fast: its data server is one more process, and does not forget what a resumed run has rewritten.
    server.configure(
        logdir=str(links_folder(home)),
        host=HOST,
        port=0,  # a free one
        load_fast="false",
        reload_interval=RELOAD_SECONDS,
        window_title="TL Lab",
    )
    url = server.launch()
    server = processes.identify(os.getpid())
    assert server
    write_json(files.state, asdict(server) | {"url": url}, durable=False)
    while not _unwanted(files):
        time.sleep(POLL_SECONDS)
        link_runs(home)


def _unwanted(files: _Files) -> bool:
    if _owners(files):
        return False
    with locked(files.lock):  # whoever asks in this moment waits, and then finds that there is none
        if _owners(files):
            return False
        files.state.unlink(missing_ok=True)
        return True
