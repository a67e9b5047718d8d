"""What is known of pictures by networks that never trained on them: an arm's own answers, and a probe's out of fold."""

import hashlib
import io
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tl import datasets
from tl.analysis.forecasts.question import ForecastQuestion, feature_keys, question
from tl.analysis.inspection.label_issues import HeldOutPredictions, LabelIssues, find_label_issues, held_out, without
from tl.config import Experiment
from tl.datasets.preparing import index_of
from tl.languages import read_sentence, store_sentence
from tl.store.documents import of_type
from tl.store.files import read_json, write_bytes, write_json
from tl.store.home import Home, Run
from tl.store.pictures import SPLITS
from tl.store.predictions import SPLITS as ANSWERED
from tl.store.predictions import read_predictions

VERSION = "1"  # how they are measured; another number when that changes, so that older ones are not taken for them


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Who judged some of the pictures."""

    arm: str | None  # of the experiment; None: the linear probe of the other folds
    pictures: int
    right: float  # share of them whose label it agrees with: the less, the less its doubts say


@dataclass(frozen=True, kw_only=True)
class Doubts:
    """What is suspicious, and who says so."""

    issues: LabelIssues
    judges: tuple[Judge, ...]


def doubts(arms: Mapping[str, HeldOutPredictions], probe: HeldOutPredictions | None) -> Doubts:
    """What is suspicious of all pictures that somebody can judge.

    Of the arms and, on their pictures, the probe, whoever agrees with most labels judges: with 5 % of the labels of
    flower photos flipped, of an arm that was right about 64 % of them 15 % of the doubts were true, of the probe, right about
    75 % of the same ones, 39 %.
    """
    best = max(arms, key=lambda name: _right(arms[name]), default=None)
    parts: list[tuple[str | None, HeldOutPredictions]] = []
    if best is not None:
        own = arms[best]
        both = None if probe is None else without(probe, np.setdiff1d(probe.picture, own.picture))
        if both is None or len(both.label) < len(own.label) or _right(own) > _right(both):
            parts.append((best, own))
    if probe is not None:
        left = without(probe, parts[0][1].picture) if parts else probe
        parts.append((None, left))
    parts = [(name, part) for name, part in parts if len(part.label)]
    judges = tuple(Judge(arm=name, pictures=len(part.label), right=_right(part)) for name, part in parts)
    return Doubts(issues=find_label_issues(*(part for _, part in parts)), judges=judges)


def suspicious(home: Home, runs: Iterable[tuple[str, str]], asked: ForecastQuestion | None) -> Doubts:
    """What is suspicious by what there is: `runs` are (arm, run id) of those that have kept answers, `asked` says of which
    probe (None: of none)."""
    by_arm: dict[str, list[Run]] = {}
    for arm, run_id in runs:
        by_arm.setdefault(arm, []).append(home.run(run_id))
    arms = {arm: own for arm, files in by_arm.items() if (own := of_runs(files)) is not None}
    return doubts(arms, None if asked is None else out_of_fold(home, asked))


def _right(judged: HeldOutPredictions) -> float:
    return float((judged.probabilities.argmax(1) == judged.label).mean())


class _Problem(Struct, frozen=True):
    problem: str | None = None


def of_runs(runs: Iterable[Run]) -> HeldOutPredictions | None:
    """What an arm's networks took the pictures for that each did not train on; None where none has kept an answer.

    Validation pictures chose the epoch, nothing else was learned of them.
    """
    found = []
    for run in runs:
        for split in ANSWERED:
            answers = read_predictions(run.predictions, split)
            if answers is not None:
                shares = answers.probabilities.astype(float)
                found.append(HeldOutPredictions(picture=answers.picture, label=answers.label, probabilities=shares))
    classes = {part.probabilities.shape[1] for part in found}
    return held_out(found) if len(classes) == 1 else None


def asked_of(home: Home, experiment: Experiment, arm: str) -> ForecastQuestion:
    """Through which network all pictures are looked at: the arm's, or the first one's that transfers, where it began.

    Raises Refused where its features can't be computed here.
    """
    arms = sorted(experiment.arms, key=lambda one: (one.name != arm, experiment.arms.index(one)))
    transfers = next((one for one in arms if one.pretrained), None)
    return question(home, experiment.of(transfers) if transfers else experiment)


def places_of(home: Home, asked: ForecastQuestion) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of the pictures that are looked at, in the order of their features: places in the data set, groups; both (n,)."""
    info = datasets.describe(home, asked.dataset)
    index = index_of(datasets.home_of(home, asked.dataset).dataset_dir(asked.dataset), info)
    keys, first, found = feature_keys(home, asked), 0, []
    for split in SPLITS:
        found.append(np.arange(first, first + keys[split].samples))
        first += getattr(info, split)
    places = np.concatenate(found)
    groups = index["group"].to_numpy(np.int64)[places] if "group" in index else np.full(len(places), -1)
    return places, groups


def path_of(home: Home, asked: ForecastQuestion) -> Path:
    """Where what was measured is kept. Raises Refused where the data set is gone."""
    digests = VERSION + "".join(key.digest for key in feature_keys(home, asked).values())
    return home.out_of_fold_dir / f"{hashlib.sha256(digests.encode()).hexdigest()[:24]}.npz"


def keep(home: Home, asked: ForecastQuestion, found: HeldOutPredictions) -> None:
    """Keep what was measured."""
    buffer = io.BytesIO()
    np.savez(buffer, picture=found.picture, label=found.label, probabilities=found.probabilities.astype(np.float16))
    write_bytes(path_of(home, asked), buffer.getvalue())


def keep_problem(home: Home, asked: ForecastQuestion, problem: str) -> None:
    """Keep, in one sentence, why nothing could be measured."""
    write_json(path_of(home, asked).with_suffix(".json"), {"problem": store_sentence(problem)})


def out_of_fold(home: Home, asked: ForecastQuestion) -> HeldOutPredictions | None:
    """What was measured; None before it was, or where the file is damaged."""
    with suppress(OSError, ValueError, KeyError, EOFError, BadZipFile):
        with np.load(io.BytesIO(path_of(home, asked).read_bytes()), allow_pickle=False) as file:
            shares = file["probabilities"].astype(float)
            found = HeldOutPredictions(picture=file["picture"], label=file["label"], probabilities=shares)
        if shares.ndim == 2 and len(shares) == len(found.label) == len(found.picture):
            return found
    return None


def problem_of(home: Home, asked: ForecastQuestion) -> str | None:
    """Why nothing could be measured; None where it could, or was not tried."""
    document = of_type(read_json(path_of(home, asked).with_suffix(".json")), _Problem)
    return read_sentence(document.problem) if document else None
