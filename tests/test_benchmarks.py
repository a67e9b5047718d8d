"""The benchmarks' command and table; what they measure is never asserted."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tests.benchmarks import epochs, machine
from tests.benchmarks.__main__ import BENCHMARKS, parser
from tests.benchmarks.load import trained_per_second
from tests.benchmarks.mutants import changes
from tests.benchmarks.row import Row, as_text, share, times_faster
from tests.benchmarks.scale import FULL

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


def test_what_training_keeps_beside_visitors_is_of_the_epochs_that_fell_among_them():
    first, second = (
        pd.DataFrame({"train_seconds": seconds, "images_per_second": [100.0 / each for each in seconds]})
        for seconds in ([9.0, 1.0, 1.0, 4.0], [9.0, 1.0])
    )
    epochs = {"first": first, "second": second}
    assert trained_per_second(epochs, 1) == pytest.approx(400 / 7)
    assert trained_per_second(epochs, {"first": 3, "second": 2}) == pytest.approx(25)
    assert trained_per_second(epochs, {"first": 4, "second": 2}) is None


def test_a_processor_is_held_only_to_what_it_has(monkeypatch):
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "")
    for flags in ("sse4_2", "sse4_2 avx2 avx512f"):
        monkeypatch.setattr(machine, "_lines", lambda path, flags=flags: [f"flags\t\t: {flags}"])
        if "avx2" in flags:
            machine.hold_to("avx2")
            assert machine.instruction_sets() == "avx2, avx512f; held to avx2"
            assert os.environ["ONEDNN_MAX_CPU_ISA"] == "AVX2"
        else:
            with pytest.raises(ValueError, match="has no avx2"):
                machine.hold_to("avx2")


def test_the_limit_stands_beside_training_and_the_plain_loop():
    training = [{"images_per_second": speed} for speed in (1.0, 90.0)]
    turns = {
        "bare step": [{"candidate": name, "images_per_second": speed} for name, speed in (("a", 80.0), ("b", 100.0))],
        "plain loop": [{"train_seconds": seconds} for seconds in (50.0, 40.0)],
        **dict.fromkeys(epochs.STRATEGIES, training),
    }
    *own, limit = epochs._limit(turns, replace(FULL, pictures=2000))
    assert [row.ratio for row in own] == [0.9, 0.9] and not any(row.met for row in own)
    assert (limit.measured, limit.reference, limit.ratio) == (20.0, 40.0, 2.0)
    assert "(b)" in limit.what


def test_a_mutant_is_one_change_of_the_code_and_of_nothing_else():
    source = '"""1 < 2"""\ndef over(a: "int | 1", é=3):\n    return é if a < b and not c else a + 1\n'.encode()
    changed = {mutant.of(source).decode().splitlines()[-1].strip() for mutant in changes(source)}
    assert changed == {
        "return é if a < b and not c else a + (2)",
        "return é if a < b and not c else (a - 1)",
        "return é if (a <= b) and not c else a + 1",
        "return é if (a < b or not c) else a + 1",
        "return é if (not (a < b and (not c))) else a + 1",
    } | {"return é if a < b and not c else a + 1"}, "the last: where the default of é is another"
    assert all(mutant.of(source).startswith(b'"""1 < 2"""\ndef over(a: "int | 1", ') for mutant in changes(source))
