"""When early stopping counts an epoch: evidence that going on does not help, not the noise of a few pictures."""

from dataclasses import asdict

import pytest

from tl.config import ArmConfig, Experiment, new_id
from tl.train.checkpoints.history import History

STEPS = 4  # of an epoch


def stopped_after(losses, error=0.0, strategy="full_finetuning", **settings) -> int | None:
    """The epoch after which a run with these validation losses stops early; None: it doesn't."""
    defaults = {"dataset": "none", "epochs": 100, "patience": 2, "patience_start": 0, "patience_steps": 0}
    arm = ArmConfig(name=strategy, strategy=strategy)
    (config,) = Experiment(arms=(arm,), **defaults | settings).runs(new_id())
    history = History()
    for epoch, loss in enumerate(losses, 1):
        history.phase(epoch, config.phases)
        history.judge(epoch, loss, error, 0.5, epoch * STEPS, config)
        if history.stopped_early:
            return epoch
    return None


def test_a_plateau_within_the_noise_is_no_end():
    plateau = [0.50] + [0.54] * 20
    assert stopped_after(plateau, error=0.05) is None
    assert stopped_after(plateau, error=0.03) == 3
    assert stopped_after(plateau, error=0.03, patience_errors=2) is None
    assert stopped_after(plateau, error=0.05, patience_errors=0) == 3


def test_an_epoch_within_the_noise_neither_counts_nor_resets():
    losses = [0.50, 0.60, 0.52, 0.51, 0.60]
    assert stopped_after(losses, error=0.05) == 5
    assert stopped_after(losses, error=0.05, patience_errors=0) == 3


def test_only_a_lower_loss_resets():
    assert stopped_after([0.50, 0.60, 0.49, 0.60, 0.60], error=0.05) == 5
    assert stopped_after([0.50, 0.60, 0.50, 0.60], error=0.05) == 4, "an equal one is not lower"
    assert stopped_after([0.50, 0.50, 0.50], patience_errors=0) == 3


def test_without_a_known_error_whatever_is_not_lower_counts():
    assert stopped_after([0.50, 0.51, 0.51], error=float("nan")) == 3


@pytest.mark.parametrize(
    ("strategy", "last"), [("scratch", 12), ("mean_var_init", 12), ("full_finetuning", 3), ("linear_probe", 3)]
)
def test_random_weights_get_their_steps_before_patience_begins(strategy, last):
    losses = [0.50] + [0.60] * 8 + [0.55] + [0.60] * 8  # epoch 10 is the first with all of its 40 steps
    assert stopped_after(losses, strategy=strategy, patience_steps=10 * STEPS) == last


def test_a_history_of_an_older_checkpoint_still_loads():
    """Fields may be added with a default, never taken away: a checkpoint holds what was there when it was written."""
    older = asdict(History())
    names = {"rows", "best_epoch", "best_accuracy", "best_loss", "lowest_loss", "epochs_without_lower_loss", "notes"}
    assert names <= older.keys()
    assert History(**{name: older[name] for name in names}) == History()
