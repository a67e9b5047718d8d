"""Compare again without some pictures, or with other labels: a corrected data set, and the same experiment on it."""

from dataclasses import replace
from typing import TYPE_CHECKING

from tl.config import Refused
from tl.jobs.pictures import delete_dataset
from tl.jobs.queue import submit
from tl.store.home import Home
from tl.store.queue import database
from tl.store.queue.rows import refuse_final, refuse_two_sets

if TYPE_CHECKING:
    from tl.datasets import Corrections


def compare_again(home: Home, experiment_id: str, correct: "Corrections") -> str:
    """Id of the new experiment: the same arms and seeds on a new data set in which `correct` is done.

    It is computed as the one before was. Raises Refused for a final model, and where the pictures can't be corrected so, or the experiment
    can't be queued; then there is no new data set either.
    """
    from tl import datasets  # pandas
    from tl.analysis.inspection.second_look import samples_of

    before = database.read_experiment(home, experiment_id)["experiment"]
    refuse_final(experiment_id, before)
    refuse_two_sets(before)
    info = datasets.derive(home, before.dataset, None, correct=correct)
    again = replace(before, dataset=info.name, samples=samples_of(before, info), looks=())
    try:
        return submit(home, again, key=f"again {experiment_id} {info.name}", keep_of=experiment_id)  # not shown
    except Refused:
        delete_dataset(home, info.name)
        raise
