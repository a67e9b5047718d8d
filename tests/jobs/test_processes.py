"""Which process is meant: the id alone says nothing, and an id from a damaged file must never reach a signal."""

import os
import subprocess
import sys
import time
from dataclasses import asdict, replace

import pytest
from lab import until

from tl.jobs.launchers import processes
from tl.store.documents import of_type

ME = processes.identify(os.getpid())


def test_a_process_is_itself_until_it_ends():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = processes.identify(child.pid)
    assert processes.alive(identity)
    child.stdin.close()
    until(lambda: not processes.alive(identity))  # nobody has asked for its end yet: a zombie is dead
    child.wait()
    assert not processes.alive(identity)
    assert processes.identify(child.pid) != identity


@pytest.mark.parametrize(
    "other",
    [
        replace(ME, start_ticks=ME.start_ticks + 1),  # the id is in use again
        replace(ME, boot_id="an-earlier-boot"),
        *(replace(ME, pid=pid) for pid in (0, -1, 1, -ME.pid, 2**31, 2**70)),
        None,
    ],
)
def test_another_process_of_that_id_or_an_id_that_can_not_be_is_not_alive(other):
    assert processes.alive(ME) and not processes.alive(other)


def test_an_identity_comes_back_from_json():
    assert of_type(asdict(ME) | {"url": "http://127.0.0.1"}, processes.Identity) == ME


@pytest.mark.parametrize(
    "document",
    [None, [], "x", {}, {"pid": 1}, asdict(ME) | {"pid": "1"}, asdict(ME) | {"pid": True}, asdict(ME) | {"boot_id": 3}],
)
def test_damage_is_no_identity(document):
    assert of_type(document, processes.Identity) is None


def test_this_process_belongs_to_no_run(monkeypatch):
    monkeypatch.setenv(processes.RUN_VARIABLE, "0" * 26)
    assert processes.of_run("0" * 26) == []


def test_an_end_is_seen_when_it_comes():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        began = time.monotonic()
        processes.wait_for_end([process.pid], 0.1)
        assert time.monotonic() - began >= 0.1
        process.stdin.close()
        processes.wait_for_end([process.pid], 60)
        assert time.monotonic() - began < 50
    processes.wait_for_end([process.pid], 0.0)  # gone: nothing to wait for
