"""Which finished runs a new comparison takes over: those that training again would only repeat."""

from dataclasses import replace

import pytest

from tests import page_lab
from tl.config import new_id
from tl.jobs.reused_runs import reusable_runs
from tl.store.queue import database


@pytest.mark.parametrize(
    ("before", "stopped_early", "wanted", "kept"),
    [
        (5, False, 5, True),
        (5, True, 5, True),
        (5, False, 8, True),  # its whole budget was used: waiting longer changes nothing
        (5, True, 8, False),  # it would now go on
        (5, False, 3, False),  # it would now stop earlier
        (0, False, 8, False),  # nothing stopped it: now something may
    ],
)
def test_with_another_patience_only_what_used_its_whole_budget(home, before, stopped_early, wanted, kept):
    ident = page_lab.submit(home, patience=before)
    for row in page_lab.rows(home, ident):
        page_lab.end(home, row, "finished", stopped_early=stopped_early)
    again = replace(database.read_experiment(home, ident)["experiment"], patience=wanted)
    runs = again.runs(new_id())
    assert len(reusable_runs(home, ident, again, runs)) == (len(runs) if kept else 0)
