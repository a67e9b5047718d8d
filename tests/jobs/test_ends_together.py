"""Ends that a supervisor sees in one look are written down together, and none waits for another's."""

import pytest
from lab import until
from test_supervisor import statuses

from tl.jobs.launchers.launcher import GRACE_SECONDS
from tl.jobs.launchers.local import LocalLauncher
from tl.store.queue import database


def test_how_others_ended_is_written_down_before_one_is_waited_for(lab, monkeypatch):
    seconds = [0.0]
    lab.new_supervisor(clock=lambda: seconds[0])
    quick, stubborn = lab.submit("quick", "stubborn")
    row = lab.train(stubborn)
    until(lambda: not lab.launcher.alive(lab.row(quick).handle))
    database.note(lab.home, row, stop_requested=1)
    lab.supervisor._stops[(stubborn, 1)] = -GRACE_SECONDS - 1
    waited, real = [], LocalLauncher.terminate

    def terminate(self, run_id, handle, grace_seconds=0.1):
        if run_id == stubborn:
            waited.append(lab.row(quick).status)
        real(self, run_id, handle, grace_seconds)

    monkeypatch.setattr(LocalLauncher, "terminate", terminate)
    lab.supervisor.tick()
    assert waited == ["finished"]
    assert statuses(lab, [quick, stubborn]) == ["finished", "stopped"]


def test_what_has_ended_is_written_down_where_another_s_end_fails(lab, monkeypatch):
    quick, other = lab.submit("quick", "quick 2")
    lab.supervisor.tick()
    for run_id in (quick, other):
        until(lambda run_id=run_id: not lab.launcher.alive(lab.row(run_id).handle))
    real = LocalLauncher.ended

    def ended(self, handle):
        if handle == lab.row(other).handle:
            raise OSError("no answer")
        return real(self, handle)

    with monkeypatch.context() as patched:
        patched.setattr(LocalLauncher, "ended", ended)
        with pytest.raises(OSError, match="no answer"):
            lab.supervisor.tick()
    assert statuses(lab, [quick, other]) == ["finished", "running"]
    lab.run_all()
    assert statuses(lab, [quick, other]) == ["finished", "finished"]
