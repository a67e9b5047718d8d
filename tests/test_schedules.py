"""The learning rate's way through a run's budget."""

import pytest

from tl.schedules import SCHEDULES


@pytest.mark.parametrize(
    ("schedule", "epochs_done", "factor"),
    [
        ("constant", 7.5, 1.0),
        ("step", 2.9, 1.0),
        ("step", 3.0, 0.1),
        ("step", 6.2, 0.01),
        ("cosine", 0, 1.0),
        ("cosine", 5, 0.5),
        ("cosine", 10, 0.0),
        ("one_cycle", 0, 1 / 25),
        ("one_cycle", 2.5, 1.0),
        ("one_cycle", 10, 1e-5),
    ],
)
def test_the_factor_at_an_epoch_of_ten(schedule, epochs_done, factor):
    assert SCHEDULES[schedule].factor(epochs_done, 10, 3, 0.1) == pytest.approx(factor)
