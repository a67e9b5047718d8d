"""Times that others disturbed: counted as those of undisturbed epochs that did the same, or not compared at all."""

from dataclasses import replace

import pandas as pd
import pytest

from tests.verdict_lab import FULL, SCRATCH, experiment, judge, run
from tl.analysis.records import RunRecord
from tl.analysis.undisturbed import disturbed_epochs, undisturbed, usual_threads
from tl.report import findings

LEARNED = [0.5, 0.7, 0.8]
TIMES = ("elapsed_seconds", "waited_seconds")


def busy(record: RunRecord, seconds: list[float], loads: list[float | None], flops: float = 1e9) -> RunRecord:
    """The run with epochs that took `seconds`, while others had such shares of the machine."""
    metrics = record.metrics.assign(
        elapsed_seconds=pd.array(pd.Series(seconds).cumsum(), dtype="Float64"),
        others_load=pd.array(loads, dtype="Float64"),
        flops=pd.array([flops] * len(seconds), dtype="Float64"),
        stage=pd.array(["everything"] * len(seconds), dtype="string"),
    )
    return replace(record, metrics=metrics)


def test_a_disturbed_epoch_counts_with_the_time_of_an_undisturbed_one():
    found = undisturbed([busy(run(FULL, LEARNED, 0.8), [10.0, 40.0, 12.0], [0.0, 0.5, 0.1])])
    assert (found.disturbed, found.comparable) == (1, True)
    assert found.runs[0].metrics["elapsed_seconds"].tolist() == [10.0, 21.0, 33.0]  # 11: the median of 10 and 12
    assert found.runs[0].elapsed_seconds == 33.0


def test_another_seed_tells_what_an_epoch_takes():
    runs = [
        busy(run(FULL, LEARNED, 0.8, seed=0), [40.0] * 3, [0.5] * 3),
        busy(run(FULL, LEARNED, 0.8, seed=1), [10.0] * 3, [0.0] * 3),
    ]
    assert [each.elapsed_seconds for each in undisturbed(runs).runs] == [30.0, 30.0]


def test_an_epoch_that_did_something_else_does_not():
    record = busy(run(FULL, LEARNED, 0.8), [10.0, 10.0, 90.0], [0.0, 0.0, 0.5])
    record.metrics.loc[record.metrics.index[2], "flops"] = 9e9
    found = undisturbed([record])
    assert not found.comparable
    assert found.runs[0].elapsed_seconds is None
    assert found.runs[0].first_at(0.7).seconds == 20.0, "what came before is known"


def test_where_the_machine_does_not_tell_times_are_as_they_are():
    record = busy(run(FULL, LEARNED, 0.8), [10.0] * 3, [None] * 3)
    assert undisturbed([record]).runs == (record,)
    assert not disturbed_epochs(run(FULL, LEARNED, 0.8).metrics).any(), "runs of earlier versions have no such column"


def pair(loads: list[float], seconds: list[float]) -> list[RunRecord]:
    return [
        busy(run(SCRATCH, LEARNED, 0.8), [20.0] * 3, [0.0] * 3),
        busy(run(FULL, LEARNED, 0.8), seconds, loads),
    ]


def test_the_verdict_compares_undisturbed_times_and_says_so():
    found = judge(experiment(SCRATCH, FULL), pair([0.0, 0.0, 0.6], [10.0, 10.0, 300.0]), target=0.8)
    time = found.comparisons[FULL].time_to_target
    assert (time.arm.seconds, time.baseline.seconds, time.disturbed_epochs) == (30.0, 60.0, 1)
    assert found.comparisons[FULL].cost.seconds.ratio.value == pytest.approx(0.5)
    assert "2.0 times sooner" in found.text
    assert (
        "In 1 epoch other programs kept the machine busy; it counts with the time it would have taken undisturbed."
        in found.text
    )


def test_the_verdict_withholds_times_that_nothing_undisturbed_vouches_for():
    found = judge(experiment(SCRATCH, FULL), pair([0.6] * 3, [100.0] * 3), target=0.8)
    time = found.comparisons[FULL].time_to_target
    assert (time.arm.seconds, time.speedup, time.comparable) == (None, None, False)
    assert found.comparisons[FULL].cost.seconds.ratio is None
    assert "the machine was busy with other programs, so times can't be compared" in found.text
    assert "sooner" not in found.text
    assert found.comparisons[FULL].to_json()["time_to_target"]["comparable"] is False
    card = next(measure for measure in findings.measures(found, FULL) if measure.label == "Time to 80 %")
    assert (card.value, card.note) == ("not comparable", "the machine was busy"), "both reached it"
    assert "1 of 1 run reached it, against 1" in card.help


def test_the_verdict_says_that_reused_work_counts_in_full():
    runs = [run(SCRATCH, LEARNED, 0.8, seconds=20.0), run(FULL, LEARNED, 0.8, reused_seconds=2.0)]
    found = judge(experiment(SCRATCH, FULL), runs, target=0.8)
    assert runs[1].reused_seconds == 2.0 * len(LEARNED) and runs[0].reused_seconds == 0
    assert found.comparisons[FULL].time_to_target.reused_seconds == 2.0 * len(LEARNED)
    assert "Work that runs shared counts in full for each of them (6.0 s of it was reused)." in found.text
    assert "reused" not in judge(experiment(SCRATCH, FULL), [runs[0], run(FULL, LEARNED, 0.8)], target=0.8).text


@pytest.mark.parametrize(
    ("slow", "quick", "said"),
    [
        ("CPU, 1 thread, A", "NVIDIA B", "CPU, A and NVIDIA B"),
        ("NVIDIA B", "4 × NVIDIA B", "NVIDIA B and 4 × NVIDIA B"),
        ("CPU, 2 threads, A", "CPU, 2 threads of 2 processes, A", "CPU, A and CPU, 2 processes, A"),
    ],
)
def test_times_on_two_kinds_of_devices_are_not_compared_and_accuracies_are(slow, quick, said):
    runs = [
        run(arm, LEARNED, 0.8, result={"device": on}) for arm, on in zip((SCRATCH, FULL), (slow, quick), strict=True)
    ]
    found = judge(experiment(SCRATCH, FULL), runs, target=0.8)
    own = found.comparisons[FULL]
    assert (own.time_to_target.speedup, own.cost.seconds.ratio, own.test_accuracy.arm) == (None, None, 0.8)
    assert f"trained on different devices ({said}), so times can't be compared" in own.text and "busy" not in own.text
    card = next(measure for measure in findings.measures(found, FULL) if measure.label == "Time to 80 %")
    assert (card.value, card.note) == ("not comparable", "different devices")


def test_runs_that_only_had_other_numbers_of_threads_are_compared():
    on = ("CPU, 1 thread, A", "CPU, 2 threads, A")
    runs = [run(arm, LEARNED, 0.8, result={"device": each}) for arm, each in zip((SCRATCH, FULL), on, strict=True)]
    assert judge(experiment(SCRATCH, FULL), runs).comparisons[FULL].time_to_target.comparable


def test_one_threads_time_counts_without_its_waiting():
    record = with_threads(busy(run(FULL, LEARNED, 0.8), [12.0, 15.0, 14.0], [0.3] * 3), [1.0] * 3)
    waited = replace(record, metrics=record.metrics.assign(waited_seconds=pd.array([2.0, 5.0, 4.0], dtype="Float64")))
    found = undisturbed([waited])
    assert (found.disturbed, found.comparable, found.runs[0].elapsed_seconds) == (3, True, 30.0)
    one = busy(waited, [12.0, 15.0, 13.0], [0.3, 0.3, 0.19])
    assert undisturbed([one]).runs[0].elapsed_seconds == 29.0, "like is added to like: the third hardly waited less"
    short = replace(waited, metrics=waited.metrics.assign(**{name: waited.metrics[name] / 100 for name in TIMES}))
    assert undisturbed([short]).runs[0].elapsed_seconds == pytest.approx(0.3), "however short the epochs are"
    assert not undisturbed([record]).comparable, "the system does not tell"
    assert not undisturbed([with_threads(waited, [1.4] * 3)]).comparable, "the waiting of two threads can't be added"


def with_threads(record: RunRecord, threads: list[float]) -> RunRecord:
    return replace(record, metrics=record.metrics.assign(threads=pd.array(threads, dtype="Float64")))


def test_an_epoch_with_more_threads_than_usual_counts_with_the_usual_time():
    first = with_threads(busy(run(FULL, LEARNED, 0.8, seed=0), [10.0] * 3, [0.0] * 3), [1.0] * 3)
    last = with_threads(busy(run(FULL, LEARNED, 0.8, seed=1), [10.0, 8.0, 6.0], [0.0] * 3), [1.0, 1.6, 2.0])
    assert usual_threads([first, last]) == 1
    found = undisturbed([first, last], threads=1)
    assert found.disturbed == 0 and found.comparable
    assert [each.elapsed_seconds for each in found.runs] == [30.0, 30.0]
    assert undisturbed([first, last]).runs[1].elapsed_seconds == 24.0


def test_threads_that_made_room_for_others_are_not_the_usual_number():
    record = with_threads(busy(run(FULL, LEARNED, 0.8), [10.0, 30.0, 30.0], [0.0, 0.5, 0.5]), [2.0, 1.0, 1.0])
    assert usual_threads([record]) == 2
    assert usual_threads([busy(run(FULL, LEARNED, 0.8), [10.0] * 3, [0.0] * 3)]) is None
