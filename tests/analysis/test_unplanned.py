"""What did not go as planned with the runs of an arm, as pages and the terminal tell it."""

from types import SimpleNamespace

from tl.analysis.unplanned import notes, notes_of
from tl.config import ArmConfig


def run(seed: int, *told: str, arm: str = "scratch"):
    return SimpleNamespace(seed=seed, notes=told, arm=arm)


def test_a_sentence_of_several_runs_is_told_once_with_their_seeds():
    assert notes_of([run(0, "No rate was found.")]) == ["No rate was found."]
    assert notes_of([run(0, "No rate was found."), run(1), run(4, "Resumed.", "No rate was found.")]) == [
        "Seeds 0, 4: No rate was found.",
        "Seed 4: Resumed.",
    ]
    assert notes_of([run(0), run(1)]) == []


def test_terminal_and_report_tell_them_arm_by_arm():
    arms = tuple(ArmConfig(name=name, strategy="scratch") for name in ("scratch", "mine"))
    told = [run(0, "Resumed.", arm="mine"), run(0, "No rate was found."), run(1, arm="mine")]
    assert notes(arms, told) == ["From scratch: No rate was found.", "mine, seed 0: Resumed."]
