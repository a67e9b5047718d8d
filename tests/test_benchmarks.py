"""The benchmarks' command and table; what they measure is never asserted."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import BENCHMARKS, parser
from tests.benchmarks.row import Row, as_text, share, times_faster

ROOT = Path(__file__).parents[1]


def test_the_help_lists_every_benchmark_with_what_it_measures():
    text = parser().format_help()
    for name, benchmark in BENCHMARKS.items():
        assert f"  {name:16}{benchmark.__doc__.splitlines()[0]}" in text


def test_an_unknown_name_is_refused_with_those_there_are():
    command = [sys.executable, "-m", "tests.benchmarks", "limit", "lmit"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "no benchmark lmit" in done.stderr and "limit, epochs" in done.stderr
    assert not done.stdout


@pytest.mark.parametrize(
    ("row", "goal", "met"),
    [
        (times_faster("epoch", 5.0, "plain loop", 12.0, 2.3), "at least 2.3x", True),
        (times_faster("epoch", 5.0, "plain loop", 11.0, 2.3), "at least 2.3x", False),
        (times_faster("epoch", 5.0, "plain loop", 11.0), "", None),
        (times_faster("epoch", 5.0, "fastai", None, 2.8), "at least 2.8x", None),
        (share("training", 430.0, "images/s", "bare step", 454.0, at_least=0.95), "at least 0.95x", False),
        (share("start", 3.0, "s", "imports", 2.0, at_most=1.5), "at most 1.5x", True),
        (Row(what="taken in", measured=11.0, unit="s", at_most=10), "at most 10 s", False),
        (Row(what="accuracy", measured=-0.4, unit="points", at_least=-1), "at least -1 points", True),
    ],
)
def test_a_goal_is_about_the_ratio_where_there_is_one_else_about_the_figure(row, goal, met):
    assert (row.goal, row.met) == (goal, met)
    assert row.to_json()["met"] is met


def test_a_missing_peer_is_named_as_not_installed_and_no_figure_is_made_up():
    text = as_text([times_faster("epoch", 5.0, "fastai", None, 2.8)])
    assert "not installed" in text
    assert "met" not in text and "MISSED" not in text
