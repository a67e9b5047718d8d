"""What the card of an exported model says of the run that it comes from; every number is the run's."""

from dataclasses import dataclass, replace

from tl import sources
from tl.analysis.experiment import load_records
from tl.analysis.gains import accuracy_of, judging_of
from tl.analysis.inspection.calibration import Calibration, calibration
from tl.analysis.results import Interval
from tl.config import Experiment, Refused, RunConfig, refusal
from tl.datasets import DatasetInfo, describe, describe_after
from tl.languages import say
from tl.networks import pictures_in_words
from tl.sources.licences import in_words
from tl.store.documents import Result, read_config, read_result
from tl.store.home import Home
from tl.store.predictions import read_predictions
from tl.store.queue import database
from tl.store.queue.rows import RunRow
from tl.words import status_name


@dataclass(frozen=True, kw_only=True)
class CardFacts:
    """What is known of a finished run."""

    run_id: str
    experiment: Experiment  # with its arm and its seed only
    config: RunConfig
    result: Result
    info: DatasetInfo  # of what it learned; of two data sets the source's name and the target's test pictures
    source: DatasetInfo  # the data set that it learned from, by itself
    target: DatasetInfo | None  # the data set that it was to work on, where it learned from another
    accuracy: Interval | None  # on the test pictures; None: it has not been tested
    tested: int | None  # on how many; None: not known
    calibration: Calibration | None
    licence: str  # of the weights it began from, in words; "": random ones
    weights: str  # what they are


def card_facts(home: Home, run_id: str) -> CardFacts:
    """All that the card says of a run but what its export measured. Raises Refused for one that has not finished."""
    row = database.read_run(home, run_id)
    config, result = read_config(home.run(run_id)), read_result(home.run(run_id))
    if row.status != "finished" or not isinstance(config, RunConfig) or result is None:
        status = status_name(row.status)
        raise refusal("Run {run} is {status}; only a finished run has a model card.", run=run_id, status=status)
    alone = replace(row.experiment, arms=(config.arm,), seeds=(config.seed,), looks=())
    found = {split: read_predictions(home.run(run_id).predictions, split) for split in ("validation", "test")}
    weights, licence = _weights(home, config)
    info = describe_after(home, config)
    accuracy, tested = _accuracy(home, row, alone, info)
    return CardFacts(
        run_id=run_id,
        experiment=alone,
        config=config,
        result=result,
        info=info,
        source=describe(home, config.dataset),
        target=describe(home, config.target_dataset) if config.target_dataset else None,
        accuracy=accuracy,
        tested=tested,
        calibration=calibration(found["test"], found["validation"]) if found["test"] else None,
        licence=licence,
        weights=weights,
    )


def _accuracy(home: Home, row: RunRow, alone: Experiment, info: DatasetInfo) -> tuple[Interval | None, int | None]:
    """On how many test pictures as well; of a target without labels on those that somebody has labelled since."""
    how = judging_of(alone, alone.judge_by, info.train, info.test)
    records = load_records(home, [row])
    tested = next((len(record.answers.label) for record in records if record.answers is not None), None)
    return accuracy_of(how, records), tested


def _weights(home: Home, config: RunConfig) -> tuple[str, str]:
    """What it began from, and under which licence that is."""
    if not config.arm.pretrained:
        return say("random weights"), ""
    try:
        found = sources.source(home, config.backbone, config.weights)
    except Refused:  # deleted since
        weights = say("pretrained weights “{weights}”", weights=config.weights)
        return weights, say("not known any more; ask whoever made the model")
    pictures = pictures_in_words(found.source_data)
    return say("{weights}, trained on {pictures}", weights=say(found.title), pictures=pictures), in_words(found.licence)
