"""A final model: the recipe of a finished run, trained once more on all pictures, with none left to test it."""

from dataclasses import fields, replace

from tl.config import ArmConfig, Experiment, Final, RunConfig, Training, refusal
from tl.jobs.queue import enqueue
from tl.store.documents import Result, read_config, read_result
from tl.store.home import Home
from tl.store.queue import database


def submit_final(home: Home, run_id: str) -> str:
    """Queue the final model of a finished run; id of its experiment. Asked twice it is the same one, while that is here.

    Raises Refused for an unknown id and where it can't be trained here.
    """
    key = f"final model of {run_id}"  # not shown
    row = database.read_run(home, run_id)
    if earlier := database.experiment_with_key(home, key):
        return earlier
    return enqueue(home, [_experiment(home, run_id, row.status)], key)


def _experiment(home: Home, run_id: str, status: str) -> Experiment:
    from tl import datasets  # numpy and Pillow: not for listing and stopping

    files = home.run(run_id)
    config, result = read_config(files), read_result(files)
    if status != "finished" or not isinstance(config, RunConfig) or result is None or not result.best_epoch:
        raise refusal("Run {run} has not finished; a final model repeats a finished run.", run=run_id)
    if files.imported.exists():
        raise refusal("Run {run} was trained elsewhere; run its comparison here first.", run=run_id)
    if config.final:
        raise refusal("Run {run} is a final model already.", run=run_id)
    if config.target_dataset:
        raise refusal("This run had two data sets; a final model is trained on all pictures of one.")
    info = datasets.describe(home, config.dataset)
    if info.origin == "drawn":
        raise refusal(
            "{dataset} can make as many pictures as you want; a final model needs pictures of your own.",
            dataset=info.title,
        )
    everything = info.train + info.validation + info.test
    shared = {entry.name: getattr(config, entry.name) for entry in fields(Training)}
    shared |= {"samples": everything, "resplit": False, "find_rate": False, "patience": 0}
    experiment = Experiment(**shared, arms=(_arm(config, result),), seeds=(config.seed,), final=_recipe(run_id, result))
    home.policy.check_settings(experiment, everything)
    return experiment


def _arm(config: RunConfig, result: Result) -> ArmConfig:
    """The arm as it was trained: a rate that a range test found is given now."""
    rate = result.learning_rate if config.finds_rate_of(config.arm) else config.arm.learning_rate
    return replace(config.arm.with_the_shared(), learning_rate=rate)


def _recipe(run_id: str, result: Result) -> Final:
    assert result.best_epoch is not None
    starts = tuple(start for start in result.phase_starts or (1,) if start <= result.best_epoch)
    return Final(of=run_id, epochs=result.best_epoch, phase_starts=starts or (1,))
