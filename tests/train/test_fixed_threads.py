"""On how many threads a run is computed: noted beside it, kept to where the settings say so."""

import pytest
import torch

from tl.config import RunConfig
from tl.store.documents import read_result
from tl.store.files import read_json


@pytest.fixture
def threads():
    """As many as PyTorch takes here; set back afterwards."""
    usual = torch.get_num_threads()
    yield usual
    torch.set_num_threads(usual)


def test_a_run_notes_on_how_many_threads_it_was_computed(make_run, train, threads):
    run, config = make_run()
    train(run, config)
    written = RunConfig.from_json(read_json(run.config))
    assert written.threads is None, "it follows the machine"
    assert read_result(run).threads == threads
    assert written.precision == read_result(run).precision != "auto"


def test_a_run_is_computed_on_as_many_threads_as_its_settings_say(make_run, train, threads):
    run, config = make_run(threads=threads + 1)
    train(run, config)
    assert torch.get_num_threads() == threads + 1 == read_result(run).threads
