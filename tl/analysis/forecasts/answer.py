"""All forecasts for one question: the linear probe's from features, the other arms' from a sweep of the same settings."""

from dataclasses import asdict, dataclass
from typing import Any

from tl import datasets
from tl.analysis.cost_results import fields_as_json
from tl.analysis.forecasts import record as records
from tl.analysis.forecasts.curve import MeasuredCurve
from tl.analysis.forecasts.forecast import Forecast, check_target, forecast
from tl.analysis.forecasts.question import ForecastQuestion, feature_keys, probe_curve
from tl.analysis.forecasts.record import FEATURES, SWEEP, Record
from tl.analysis.forecasts.trainings import FinishedTraining, from_trainings
from tl.analysis.forecasts.wording import notes, record_in_words, wording
from tl.arm_names import TRAINED
from tl.config import Experiment, Training, refusal
from tl.languages import later, say
from tl.store.documents import read_result
from tl.store.home import Home
from tl.store.predictions import read_answers
from tl.store.queue.database import read_runs, read_sweep, read_sweeps
from tl.store.titles import title_of
from tl.strategies import STRATEGIES

PROBE = "linear_probe"
TRAINED_PROBE = (
    f"{STRATEGIES[PROBE].title}, {TRAINED}"  # as `arm_title` words it, where features have told of a probe, too
)


@dataclass(frozen=True, kw_only=True)
class ArmForecast:
    """One arm: what was measured, by what, and what follows."""

    strategy: str  # key of STRATEGIES
    basis: str  # FEATURES or SWEEP
    curve: MeasuredCurve | None
    forecast: Forecast


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What can be said now."""

    question: ForecastQuestion
    target: float  # accuracy, 0..1
    arms: tuple[ArmForecast, ...]  # the probe first, where it is measured
    sweep_id: str | None  # which sweep the others are from; None: there is none with these settings
    measured: bool  # whether the probe's curve is known
    problem: str | None  # why it can't be measured, in one sentence
    record: Record

    @property
    def text(self) -> str:
        """What follows, in words."""
        return wording([arm.forecast for arm in self.arms])

    @property
    def notes(self) -> list[str]:
        """What it rests on, in words."""
        return notes([arm.forecast for arm in self.arms])

    def to_json(self) -> dict[str, Any]:
        """The document that `forecast --json` prints."""
        return {
            **asdict(self.question),
            "target": self.target,
            "sweep_id": self.sweep_id,
            "arms": [fields_as_json(arm, "forecast") | fields_as_json(arm.forecast) for arm in self.arms],
            "record": asdict(self.record),
            "text": self.text,
            "notes": [*self.notes, record_in_words(self.record)],
        }


def answer(home: Home, asked: ForecastQuestion, target: float, sweep_id: str | None = None) -> Answer:
    """Everything that can be forecast from what was measured; what is said is kept for the record.

    `sweep_id` None: the newest sweep with the same pictures, network, weights and resolution. Raises Refused for a
    target that is no accuracy and a sweep that is unknown or of something else.
    """
    check_target(target)
    info = datasets.describe(home, asked.dataset)
    curve, problem = probe_curve(home, asked)
    found = []
    if curve is not None:
        said = forecast(curve, PROBE, target, info.train)
        found.append(ArmForecast(strategy=PROBE, basis=FEATURES, curve=curve, forecast=said))
    sweep = _sweep(home, asked, sweep_id)
    if sweep is not None:
        sweep_id, experiments = sweep
        found += _of_sweep(home, experiments, target, info, probed=bool(found))
    training = Training(**asdict(asked))
    for arm in found:
        if arm.curve is not None:
            subject = records.subject(home, training, arm.strategy, arm.basis, info.classes)
            tests = feature_keys(home, asked)["test"].samples if arm.basis == FEATURES else info.test
            records.remember(home, subject, arm.forecast, arm.curve, tests)
    return Answer(
        question=asked,
        target=target,
        arms=tuple(found),
        sweep_id=sweep_id,
        measured=curve is not None,
        problem=problem,
        record=records.record(home),
    )


def _sweep(home: Home, asked: ForecastQuestion, sweep_id: str | None) -> tuple[str, dict[str, Experiment]] | None:
    """The sweep to read; None where none has these settings."""
    if sweep_id is not None:
        experiments = read_sweep(home, sweep_id)["experiments"]
        first = next(iter(experiments.values()))
        if not _is_of(home, first, asked):
            swept, wanted = _in_words(home, first), _in_words(home, asked)
            words = later("Sweep {sweep} was run with {swept}, but the forecast is for {asked}.")
            raise refusal(words, sweep=sweep_id, swept=swept, asked=wanted)
        return sweep_id, experiments
    for sweep in read_sweeps(home):
        if _is_of(home, next(iter(sweep["experiments"].values())), asked):
            return sweep["sweep_id"], sweep["experiments"]
    return None


def _in_words(home: Home, about: Experiment | ForecastQuestion) -> str:
    return say(
        "{data} with {backbone}, {weights} at {side} px",
        data=title_of(home, about.dataset),
        backbone=about.backbone,
        weights=about.weights,
        side=about.resolution,
    )


def _is_of(home: Home, experiment: Experiment, asked: ForecastQuestion) -> bool:
    same = all(getattr(experiment, name) == getattr(asked, name) for name in ("dataset", "backbone", "resolution"))
    return same and not experiment.target_dataset and records.weights_key(home, experiment) == asked.weights


def _of_sweep(
    home: Home, experiments: dict[str, Experiment], target: float, info: datasets.DatasetInfo, probed: bool
) -> list[ArmForecast]:
    """The forecast of every arm of a sweep, from its finished runs."""
    first = next(iter(experiments.values()))
    trained: dict[str, list[FinishedTraining]] = {arm.name: [] for arm in first.arms}
    for experiment_id, experiment in experiments.items():
        for row in read_runs(home, experiment_id, ("finished",)):
            files = home.run(row.run_id)
            result = read_result(files)
            if result is not None and result.test_accuracy is not None and experiment.samples:
                answers = read_answers(files.predictions, "test")
                one = FinishedTraining(size=experiment.samples, error=1 - result.test_accuracy, answers=answers)
                trained[row.arm].append(one)
    pool = info.train + info.validation + info.test if first.resplit else None
    found = []
    for arm in first.arms:
        if arm.transfers_its_own:
            continue  # the question is about another network, or other weights
        curve = from_trainings(trained[arm.name], info.test, pool) if trained[arm.name] and info.test else None
        name = TRAINED_PROBE if probed and arm.name == PROBE else arm.name
        said = forecast(curve, name, target, info.train)
        found.append(ArmForecast(strategy=arm.strategy, basis=SWEEP, curve=curve, forecast=said))
    return found
