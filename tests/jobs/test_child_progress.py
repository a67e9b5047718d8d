"""What a process tells is worded for whoever follows it, and again for whoever reads it later."""

import pytest

from tl.config import Refused
from tl.jobs import child_progress, exports
from tl.jobs.exports import State
from tl.languages import say, speaking
from tl.store.home import Home

RUN = "0" * 26


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_a_process_tells_is_in_the_language_of_whoever_follows_it(language):
    said = []
    with speaking(language), pytest.raises(Refused) as refusal:
        child_progress.run_module("tests.jobs.talking", [], lambda *what: said.append(what))
    with speaking(language):
        assert said == [(1, 2, say("writing the weights")), (2, 2, "a plain word")]
        assert str(refusal.value) == say("Not found.")


def test_one_that_ends_well_is_refused_nothing_and_one_that_was_killed_says_why():
    said = []
    child_progress.run_module("timeit", ["-n", "1", "-r", "1", "pass"], lambda *what: said.append(what))
    assert said == []
    killed = ["-n", "1", "-r", "1", "import os; os.kill(os.getpid(), 9)"]
    with pytest.raises(Refused, match="most likely for lack of memory"):
        child_progress.run_module("timeit", killed, print)
    with pytest.raises(Refused, match="^It failed"):
        child_progress.run_module("timeit", ["-n", "1", "-r", "1", "raise SystemExit(3)"], print)


def test_how_far_an_export_is_is_read_in_the_reader_s_language(tmp_path):
    home = Home(tmp_path)
    home.run(RUN).export.mkdir(parents=True)
    for told in ("what", "problem"):
        exports.write_state(home, RUN, State(**{told: say("writing the weights")}))
        with speaking("zh"):
            assert getattr(exports.state(home, RUN), told) == say("writing the weights") != "writing the weights"
    exports.write_state(home, RUN, State(problem="The disk is full."))
    assert exports.state(home, RUN) == State(problem="The disk is full.")
