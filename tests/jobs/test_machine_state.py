"""Which machines carry runs is written down for pages when it changes, and only then."""

import itertools
from types import SimpleNamespace

from tl.jobs import machine_state
from tl.jobs.launchers.launcher import Unreachable
from tl.jobs.machine_state import MachineState
from tl.store.machines import Machine


def test_machines_are_written_down_where_that_changed_and_something_runs_or_ran(home, monkeypatch):
    written: list[tuple[Machine, ...]] = []
    monkeypatch.setattr(machine_state, "write_machines", lambda _, told: written.append(told))
    found: list[tuple[Machine, ...] | None] = []

    class Launcher:
        def machines(self, handles):
            if found[0] is None:
                raise Unreachable("gone")
            return found[0]

    times = itertools.count(0, 10)
    state = MachineState(home, lambda: float(next(times)))
    run = SimpleNamespace(handle="h", run_id="r")
    node = Machine(name="one", trains=("h",))

    def tell(machines, running):
        found[:] = [machines]
        state.tell(Launcher(), running)
        return len(written)

    assert tell((), []) == 0, "nothing runs, and nothing was told"
    assert tell((node,), [run]) == 1 and written[-1][0].trains == ("r",), "a run goes by its id"
    assert tell((node,), [run]) == 1, "as before"
    assert tell(None, [run]) == 2 and written[-1] == (), "nobody can be asked"
    assert tell((), []) == 2
