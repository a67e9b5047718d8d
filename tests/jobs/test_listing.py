"""What is said of a run in the list."""

import pytest

from tests import page_lab
from tl import jobs
from tl.__main__ import main
from tl.config import Refused
from tl.store.files import read_json, write_json


@pytest.fixture
def newer(home):
    """Id of a stopped run whose settings a newer version has written."""
    experiment_id = page_lab.submit(home)
    first, second = page_lab.rows(home, experiment_id)
    page_lab.end(home, first, "stopped", epochs=1)
    page_lab.end(home, second, "finished")
    path = home.run(first.run_id).config
    write_json(path, read_json(path) | {"wormholes": 3})
    return first.run_id


def test_a_run_of_a_newer_version_is_named_in_the_list_and_refused_before_it_is_queued(home, newer, capsys):
    told = f"Run {newer} was written by a newer TL Lab, which has the setting wormholes; update this one."
    assert [run.newer for run in jobs.list_runs(home)] == [told, None]
    assert main(["runs", "--home", str(home.path)]) == 0
    assert capsys.readouterr().out.endswith(f"{told}\n")
    with pytest.raises(Refused) as refusal:
        jobs.resume(home, newer)
    assert str(refusal.value) == told and jobs.run(home, newer).status == "stopped"
