"""Ten thousand runs on 500 nodes that train at once: how many the supervisor brings through the queue, and the list of them."""

import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from unittest.mock import patch

from tests.benchmarks.pictures import ROOT
from tests.benchmarks.row import Row
from tests.benchmarks.scale import Scale
from tests.benchmarks.stand_in_cluster import EPOCHS, StandInCluster
from tl import jobs
from tl.config import ArmConfig, Experiment, new_id
from tl.jobs.queue import resolved
from tl.jobs.start import take_lock
from tl.jobs.supervisor import Supervisor
from tl.store.files import write_json
from tl.store.home import Home
from tl.store.queue import database

ARMS = tuple(ArmConfig(name=name, strategy=name) for name in ("scratch", "full_finetuning"))
SEEDS = 10


def scheduling(home: Home, scale: Scale) -> list[Row]:
    """Runs a second from queued to finished, 10,000 on 500 nodes whose trainers end at once; then the list of them."""
    with tempfile.TemporaryDirectory() as folder:
        own = Home(folder)
        queued = _queue(own, scale.runs)
        waiting = _seconds(lambda: jobs.list_runs(own))
        carried = _carry_out(own, scale.nodes)
        ended = Counter(run.status for run in database.read_runs(own))
        if ended != {"finished": queued}:
            raise RuntimeError(f"not every run has finished: {dict(ended)}")
        size = own.database_path.stat().st_size / 1e6
        _queue(own, len(ARMS) * SEEDS)  # a queue is never all finished where people work
        return [
            Row(
                what=f"{queued:,} runs on {scale.nodes} nodes, queued to finished",
                measured=queued / carried,
                unit="runs/s",
                at_least=50,
                note=f"{carried:.0f} s",
            ),
            Row(what="all listed while they wait", measured=waiting, unit="s"),
            Row(what="all listed once they have finished", measured=_seconds(lambda: jobs.list_runs(own)), unit="s"),
            *_page(folder),
            Row(what="the database", measured=size, unit="MB", note=f"{1000 * size / queued:.2f} kB a run"),
        ]


def _queue(home: Home, number: int) -> int:
    """Queue at least so many runs, as comparisons of two arms with ten seeds; how many it has become."""
    asked = Experiment(dataset="blossoms", samples=100, arms=ARMS, seeds=tuple(range(SEEDS)), epochs=EPOCHS)
    experiment, queued = resolved(home, asked), 0
    while queued < number:
        own = replace(experiment, samples=100 + queued)
        runs = own.runs(new_id())
        for run in runs:
            write_json(home.run(run.run_id).config, run.to_json(), durable=False)
        database.insert_experiments(home, [(own, runs)], None)
        queued += len(runs)
    return queued


def _carry_out(home: Home, nodes: int) -> float:
    """Seconds that the supervisor takes until nothing is left to do."""
    cluster, lock = StandInCluster(nodes), take_lock(home)
    began = time.monotonic()
    try:
        Supervisor(home, cluster).serve(lock, idle_seconds=0.0)
        return time.monotonic() - began
    finally:
        cluster.close()


def _page(folder: str) -> list[Row]:
    """The page of all runs, drawn a second time as whoever comes back to it has it; both its layouts."""
    from streamlit.testing.v1 import AppTest  # nothing of it is needed where other things are measured

    from tl.ui.manage.runs import EXPERIMENTS, LAYOUT, TABLE

    rows = []
    with patch.dict(os.environ, TL_HOME=folder), patch.object(jobs, "ensure_supervisor"):
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=600)
        app.switch_page("pages/2_Runs.py").run()
        for layout in (EXPERIMENTS, TABLE):
            app.segmented_control(key=LAYOUT).set_value(layout)
            seconds = _seconds(app.run)
            if app.exception:
                raise RuntimeError(f"the page of runs: {app.exception[0].message}")
            rows.append(Row(what=f"the page of runs, {layout.lower()}", measured=seconds, unit="s", at_most=1))
    return rows


def _seconds(what: Callable[[], object]) -> float:
    """How long it takes, the second time: imports are not what is measured."""
    what()
    began = time.monotonic()
    what()
    return time.monotonic() - began
