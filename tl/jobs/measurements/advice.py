"""Advice for one training, from what this machine knows of it: the pictures, the weights, earlier hints, the memory."""

from dataclasses import asdict
from typing import Any

from tl import datasets, sources
from tl.analysis.forecasts import advice, advice_record, hints
from tl.config import Experiment, Refused, Training
from tl.jobs.memory import trainer_bytes, trainers_that_fit
from tl.store.home import Home


def advise(home: Home, training: Training, fits: bool | None = None) -> dict[str, Any]:
    """As tl.analysis.forecasts.advice.advise, and what it is about. Raises Refused for what can't be trained.

    `fits`: whether training everything fits into the memory (see `fits_memory`); None: not asked.
    """
    info = datasets.source_of(home, training.dataset)
    samples = info.train if training.samples is None else training.samples
    source = sources.source(home, training.backbone, training.weights)
    looked_at = min(samples, max(hints.SAMPLE, len(info.classes)))
    asked = hints.question(home, info.name, looked_at, training.resolution, [training.backbone])
    facts = advice.Facts(
        samples=samples,
        epochs=_epochs_from_scratch(training),
        drawn=info.origin == "drawn",
        source_data=source.source_data,
        fits=fits,
        stronger_than_random=hints.strength(home, asked, source.key),
    )
    about: dict[str, Any] = {"dataset": info.name, "backbone": training.backbone, "weights": source.key}
    about |= {"resolution": training.resolution, "facts": asdict(facts)}
    return about | advice.advise(facts)


def _epochs_from_scratch(training: Training) -> int:
    """How long an arm from scratch may train; of a training without such an arm, what arms may by default."""
    arms = training.arms if isinstance(training, Experiment) else ()
    own = [arm.epochs or training.epochs for arm in arms if arm.strategy == advice_record.SCRATCH]
    return max(own, default=training.epochs)


def fits_memory(home: Home, training: Training) -> bool:
    """Whether a trainer of everything fits into the memory that is free now; may take a second where there is a GPU."""
    return trainers_that_fit(trainer_bytes(home, training, [])) >= 1


def predict(home: Home, experiment_id: str, experiment: Experiment) -> None:
    """Write down what is to be expected of an experiment that was just queued; it starts without it if need be.

    Of one that is tested on another data set nothing is: the advice is about pictures like those it learns from.
    """
    if experiment.target_dataset:
        return
    try:
        advice_record.remember(home, experiment_id, experiment, advise(home, experiment))
    except (OSError, Refused):  # a full disk, weights that vanished: the training itself will say so
        return
