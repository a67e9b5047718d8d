"""Jobs that ask finished networks: what becomes of it when they fail or a run comes first; a picture is never left behind."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from tl.jobs import background
from tl.jobs.measurements import both_sets, saliency, shifted
from tl.languages import read_sentence
from tl.store.both_sets import read_both_sets
from tl.store.saliency import Failed, hand_over, pixels_path, read_saliency

RUN, OTHER = "01k8kahp91dncdkg7dfc5q52tb", "01k8kahp9154tpohja63j339f8"
FAILS = "import sys; print('first', file=sys.stderr); sys.exit('Its file is damaged.')"


@pytest.fixture
def own(home) -> str:
    """A picture of one's own that waits to be looked at."""
    return hand_over(home, {32: np.zeros((32, 32, 3), np.uint8)})


def test_a_look_that_fails_says_why_and_leaves_no_picture(home, own, monkeypatch):
    monkeypatch.setattr(saliency, "COMMAND", (sys.executable, "-c", FAILS))
    saliency._ask_networks(home, own, [RUN, OTHER])
    assert read_saliency(home, RUN, own) == read_saliency(home, OTHER, own) == Failed("Its file is damaged.")
    assert not pixels_path(home, own).exists()


def test_a_run_that_is_started_comes_first(home, own, monkeypatch):
    monkeypatch.setattr(saliency, "COMMAND", (sys.executable, "-c", "import time; time.sleep(60)"))
    monkeypatch.setattr(background, "busy", lambda home: True)
    saliency._ask_networks(home, own, [RUN])
    assert read_sentence(read_saliency(home, RUN, own).error) == saliency.CAME_FIRST
    assert not pixels_path(home, own).exists()
    assert not saliency.ask(home, own, [RUN]), "nor is it begun beside one"


def test_why_networks_could_not_be_asked_about_shifted_pictures_is_kept(home, monkeypatch):
    tells = f'print(\'{{"{RUN}": "It was trained elsewhere."}}\')'
    for code, said in ((tells, "It was trained elsewhere."), (FAILS, "Its file is damaged.")):
        shifted_job = replace(shifted.SHIFTED, command=(sys.executable, "-c", code))
        shifted_job.ask_missing(home, [RUN], lambda command: background.run(home, command, 60))
        assert shifted.problem(home, RUN) == said
    monkeypatch.setattr(background, "busy", lambda home: True)
    shifted_job = replace(shifted.SHIFTED, command=(sys.executable, "-c", "import time; time.sleep(60)"))
    shifted_job.ask_missing(home, [RUN], lambda command: background.run(home, command, 60))
    assert shifted.problem(home, RUN) is None, "another time"


def test_of_both_sets_what_was_found_is_kept_and_why_it_could_not_be(home, monkeypatch):
    draws = (
        "import sys, numpy as np; f = np.random.default_rng(0).normal(size=(50, 4)); n = np.arange(50); "
        f"np.savez(sys.argv[4] + '/{RUN}.npz', before=f, after=-f, label=n % 2, picture=n, of_source=25, random=False); "
        f'print(\'{{"{OTHER}": "It was trained elsewhere."}}\')'
    )
    both_sets_job = replace(both_sets.BOTH_SETS, command=(sys.executable, "-c", draws))
    both_sets_job.ask_missing(home, [RUN, OTHER], lambda command: background.run(home, command, 60))
    assert read_both_sets(home.run(RUN).both_sets).of_source == 25 and both_sets.problem(home, RUN) is None
    assert both_sets.problem(home, OTHER) == "It was trained elsewhere."
    both_sets_job = replace(both_sets.BOTH_SETS, command=(sys.executable, "-c", FAILS))
    both_sets_job.ask_missing(home, [RUN, OTHER], lambda command: background.run(home, command, 60))
    assert both_sets.problem(home, OTHER) == "Its file is damaged.", "only who has none is asked again"
    assert both_sets.problem(home, RUN) is None
