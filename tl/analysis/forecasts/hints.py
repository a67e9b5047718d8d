"""What will transfer well: scores of pretrained networks on a sample of the pictures, ranked.

Reads and writes scores only; features are made by `python -m tl.train.features`, see tl.jobs.measurements.hints.
"""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from tl import datasets, sources
from tl.analysis.forecasts.hint_record import record
from tl.backbones import BACKBONES, unknown
from tl.config import Refused, refusal
from tl.config.training import check_side
from tl.languages import later, read_sentence, say, store_sentence
from tl.store.documents import Finite, of_type
from tl.store.features import RANDOM, FeatureKey, fingerprint, read_features
from tl.store.files import locked, read_json, write_json
from tl.store.home import Home

SAMPLE = 1_000  # pictures; more change the scores little and cost seconds each
RANDOM_HASH = "0"  # of random weights: their seed
# LogME is a log evidence per picture, so a difference times the number of pictures is the log of a Bayes factor; below
# 3 (a factor of 20) it is not yet "strong" (Kass and Raftery 1995, doi 10.1080/01621459.1995.10476572).
STRONG_EVIDENCE = 3.0

Entry = dict[str, Any]  # of JSON


@dataclass(frozen=True, kw_only=True)
class HintQuestion:
    """Which networks are to be scored on what."""

    dataset: str
    samples: int  # training pictures looked at
    resolution: int  # pixels
    backbones: tuple[str, ...]  # keys of BACKBONES


def question(
    home: Home, dataset: str, samples: int | None, resolution: int, backbones: Iterable[str] | None = None
) -> HintQuestion:
    """A question that can be answered; `samples` None: SAMPLE or all. Raises Refused for what can't be."""
    info = datasets.source_of(home, dataset)
    samples = min(max(SAMPLE, len(info.classes)), info.train) if samples is None else samples
    if samples > info.train:
        more = later("{data} has only {there:,} training pictures; choose at most that many, not {samples:,}.")
        raise refusal(more, samples=samples, data=info.called, there=info.train)
    if samples < len(info.classes):
        fewer = later(
            "{data} has {classes} classes, and each needs a picture; {samples} training pictures are too few."
        )
        raise refusal(fewer, samples=samples, data=info.called, classes=len(info.classes))
    check_side(resolution)
    names = tuple(backbones) if backbones else tuple(sources.networks_here(home))
    for name in names:
        if name not in BACKBONES:
            raise Refused(unknown(name))
        if backbones and not BACKBONES[name].takes(resolution):
            raise Refused(BACKBONES[name].why_not(name, resolution))
    return HintQuestion(dataset=dataset, samples=samples, resolution=resolution, backbones=names)


def candidates(home: Home, asked: HintQuestion) -> list[FeatureKey]:
    """What can be scored: weights that are on this machine, and for each such network random ones to compare with."""
    stamp = fingerprint(datasets.home_of(home, asked.dataset), asked.dataset)
    found = []
    for backbone in _fitting(asked):
        here = {entry.key: entry.sha256 for entry in sources.available(home, backbone) if entry.file}
        for weights, digest in (here | {RANDOM: RANDOM_HASH} if here else {}).items():
            key = FeatureKey(
                dataset=asked.dataset,
                fingerprint=stamp,
                samples=asked.samples,
                resolution=asked.resolution,
                backbone=backbone,
                weights=weights,
                weights_hash=digest or "unknown",
            )
            found.append(key)
    return found


def _fitting(asked: HintQuestion) -> list[str]:
    return [name for name in asked.backbones if BACKBONES[name].takes(asked.resolution)]


class _Asked(Struct, frozen=True, kw_only=True):
    dataset: str
    fingerprint: str
    backbone: str
    weights: str
    samples: Finite
    resolution: Finite
    leep: Finite | None = None


class _Scored(_Asked, frozen=True, kw_only=True):
    logme: Finite
    h_score: Finite


class _Failed(_Asked, frozen=True, kw_only=True):
    error: str


def known(home: Home) -> dict[str, Entry]:
    """Every entry ever scored, by the digest of its FeatureKey; what a damaged file has instead is scored again."""
    document = read_json(home.hints_path)
    entries = document.items() if isinstance(document, dict) else ()
    return {
        digest: entry
        for digest, entry in entries
        if isinstance(entry, dict)
        and (of_type(entry, _Failed) if "error" in entry else of_type(entry, _Scored)) is not None
    }


def keep(home: Home, key: FeatureKey) -> Entry:
    """Score the features that lie in the cache under `key` and keep the scores; `{"error"}` where they can't be."""
    from tl.analysis.transferability import h_score, leep, logme

    found = read_features(home, key)
    if found is None:
        return remember(home, key, {"error": say("The features could not be read back; the disk may be full.")})
    head = found.source_probabilities
    try:
        entry: Entry = {
            "logme": logme(found.features, found.labels),
            "h_score": h_score(found.features, found.labels),
            "leep": None if head is None else leep(head, found.labels),
        }
    except ValueError as problem:
        said = {"backbone": key.backbone, "weights": key.weights, "problem": str(problem)}
        entry = {"error": say("{backbone} with {weights} gave no score: {problem}.", **said)}
    return remember(home, key, entry)


def remember(home: Home, key: FeatureKey, entry: Entry) -> Entry:
    """Write one entry down, with what it is about; why there are no scores, in words, can be read in every language."""
    about: Entry = {"dataset": key.dataset, "fingerprint": key.fingerprint, "samples": key.samples}
    about |= {"resolution": key.resolution, "backbone": key.backbone, "weights": key.weights, "time": time.time()}
    entry = about | entry | ({"error": store_sentence(entry["error"])} if "error" in entry else {})
    with locked(home.locks_dir / "hints.lock"):
        write_json(home.hints_path, known(home) | {key.digest: entry})
    return entry


def answer(home: Home, asked: HintQuestion) -> Entry:
    """What is known: `{"dataset", "samples", "resolution", "candidates", "missing", "failed", "downloads", "record"}`.

    Candidates are ranked by LogME, the best first, and the cheaper first where the evidence can't tell them apart:
    `rank, backbone, weights, title, logme, h_score, leep` (None without a source head), `above_random` (LogME less that of random weights in the same network) and `strong` (whether that
    is more than chance: see STRONG_EVIDENCE). `missing` counts what is not scored yet, `failed` has sentences,
    `downloads` titles of networks whose weights aren't here.
    """
    scored = known(home)
    entries = {key: scored.get(key.digest) for key in candidates(home, asked)}
    logmes = {(key.backbone, key.weights): entry["logme"] for key, entry in entries.items() if entry and _scored(entry)}
    ranked = _ranked(entries, scored)  # each once, also where a network was named twice
    rows = [_row(home, key, entry, logmes.get((key.backbone, RANDOM))) for key, entry in ranked]
    return {
        "dataset": asked.dataset,
        "samples": asked.samples,
        "resolution": asked.resolution,
        "candidates": [{"rank": place} | row for place, row in enumerate(rows, 1)],
        "missing": sum(entry is None for entry in entries.values()),
        "failed": [read_sentence(entry["error"]) for entry in entries.values() if entry and "error" in entry],
        "downloads": downloads(home, asked),
        "record": record(home, scored),
    }


def downloads(home: Home, asked: HintQuestion) -> list[str]:
    """Titles of the networks that can't be scored since all their published weights are a download away."""
    states = {name: {entry.state for entry in sources.available(home, name)} for name in _fitting(asked)}
    return [BACKBONES[name].title for name, found in states.items() if found == {"download"}]


def downloads_in_words(titles: list[str]) -> str:
    """A sentence on them; "" where there are none."""
    if not titles:
        return ""
    return say(
        "Not looked at, since their weights would have to be downloaded: {networks}.", networks=", ".join(titles)
    )


def ranking(home: Home, asked: HintQuestion) -> list[tuple[str, str]]:
    """(network, weights) of the candidates that are scored, the best first: the order of `answer`."""
    return [(key.backbone, key.weights) for key, _ in _ranked(candidates(home, asked), known(home))]


def _ranked(keys: Iterable[FeatureKey], scored: dict[str, Entry]) -> list[tuple[FeatureKey, Entry]]:
    """Pretrained ones with their scores, the best first; of those that are no strong evidence apart from the best left, the one
    that computes least."""
    entries = ((key, scored.get(key.digest, {})) for key in keys if key.weights != RANDOM)
    left, ordered = sorted((each for each in entries if _scored(each[1])), key=lambda each: -each[1]["logme"]), []
    while left:
        best = left[0][1]["logme"]
        alike = [(key, own) for key, own in left if (best - own["logme"]) * key.samples <= STRONG_EVIDENCE]
        ordered += sorted(alike, key=lambda each: BACKBONES[each[0].backbone].gflops or math.inf)
        left = left[len(alike) :]
    return ordered


def _scored(entry: Entry) -> bool:
    return "logme" in entry


def _row(home: Home, key: FeatureKey, entry: Entry, random: float | None) -> Entry:
    above = None if random is None else entry["logme"] - random
    source = sources.source(home, key.backbone, key.weights)
    return {
        "backbone": key.backbone,
        "weights": key.weights,
        "title": say("{network}, {weights}", network=BACKBONES[key.backbone].title, weights=source.title),
        "logme": entry["logme"],
        "h_score": entry["h_score"],
        "leep": entry.get("leep"),
        "above_random": above,
        "strong": None if above is None else above * key.samples > STRONG_EVIDENCE,
    }


def strength(home: Home, asked: HintQuestion, weights: str) -> bool | None:
    """Whether the weights say more about the labels than random ones: `strong` of `answer`; None: not looked at yet."""
    (backbone,) = asked.backbones
    scored = known(home)
    # Looked at with more or fewer pictures is looked at: the sample that comes closest counts.
    stamp = fingerprint(datasets.home_of(home, asked.dataset), asked.dataset)
    about = {"dataset": asked.dataset, "fingerprint": stamp, "resolution": asked.resolution, "backbone": backbone}
    alike = [entry for entry in scored.values() if _scored(entry) and about.items() <= entry.items()]
    for samples in sorted({entry["samples"] for entry in alike}, key=lambda number: abs(number - asked.samples)):
        of_size = {entry["weights"]: entry["logme"] for entry in alike if entry["samples"] == samples}
        if weights in of_size and RANDOM in of_size:
            return bool((of_size[weights] - of_size[RANDOM]) * samples > STRONG_EVIDENCE)
    return None
