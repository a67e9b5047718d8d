"""The pictures of a training: of its one data set or, where it is to work on another, of both under common classes.

The source is what it learns from, the target what it is to work on (tl.datasets.matching). Which of both a strategy trains
on is said in tl.strategies; every run of a target is tested on the target's test pictures.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tl.config import RunConfig, Training, refusal
from tl.config.training import LEAVE_OUT
from tl.datasets.catalogue import BUILT_IN, describe, home_of
from tl.datasets.giving_way import Progress
from tl.datasets.info import DatasetInfo
from tl.datasets.matching import Matching, check_source, matched
from tl.datasets.preparing import prepare
from tl.languages import joined, later, say
from tl.store.home import Home
from tl.store.pictures import PictureStore
from tl.store.two_sets import HIDDEN, MOST_LOOKED_AT, TARGET_VALIDATION, Pictures, SplitPart, TwoSetStore
from tl.strategies import SOURCE, SOURCE_AND_FEW, SOURCE_AND_TARGET, SOURCE_THEN_TARGET, STRATEGIES, TARGET

FEW_STREAM = 2**31 + 3  # begins the random numbers of which pictures are labelled; no seed is so large


def describe_for(home: Home, training: Training) -> DatasetInfo:
    """What is known of its pictures; of two data sets in the source's name: the common classes, the target's test pictures.

    Raises Refused for a data set that is unknown or damaged, for a source without labels and for two that don't match.
    """
    source = describe(home, training.dataset)
    check_source(source)
    if training.target_dataset is None:
        return source
    target = describe(home, training.target_dataset)
    return _together(source, target, matched(source, target, training.unmatched == LEAVE_OUT))


def describe_after(home: Home, config: RunConfig) -> DatasetInfo:
    """`describe_for` of a run that has finished, for what is made of its network. Raises Refused; of a data set that was
    deleted since with what is missing therefore."""
    for name in config.sets:
        if name not in BUILT_IN and not home_of(home, name).dataset_dir(name).is_dir():
            raise refusal(
                "The data set {name!r} was deleted, and with it the names of its classes and how its pictures were read: "
                "the network of this run can no longer be exported or asked about pictures. It can still be kept as a "
                "starting point (`python -m tl library --keep {run} --name NAME`).",
                name=name,
                run=config.run_id,
            )
    return describe_for(home, config)


def check_for(home: Home, training: Training, strategies: set[str]) -> None:
    """Refuse strategies (keys of STRATEGIES) that need labels which the target does not have."""
    if training.target_dataset is None:
        return
    target = describe(home, training.target_dataset)
    for key in sorted(strategies):
        if not target.labelled and STRATEGIES[key].learns_from in (SOURCE_AND_FEW, TARGET):
            text = later("{strategy} learns from the target's labels, and {target} has none; leave that arm out.")
            raise refusal(text, strategy=key, target=target.called)


def prepare_for(home: Home, config: RunConfig, progress: Progress | None = None) -> Pictures:
    """The pictures of a run, ready as `prepare` makes them. Raises Refused."""
    if config.target_dataset is not None:
        return _Pair(home, config, progress).store()
    about = (config.dataset, config.resolution, config.samples)
    return prepare(home, *about, progress, config.seed, bool(config.resplit), config.final is not None)


def _together(source: DatasetInfo, target: DatasetInfo, found: Matching) -> DatasetInfo:
    """The two as one; how many pictures there are of each class where both say so."""
    learned, tested = _counts(source, found.source_numbers), _counts(target, found.target_numbers)
    sizes = {"train": source.train, "validation": source.validation, "test": target.test}
    counts: dict[str, dict[str, int]] = {}
    for place, name in enumerate(found.classes if learned else ()):
        counts[name] = {split: learned[place].get(split, 0) for split in ("train", "validation")}
        counts[name] |= {"test": tested[place].get("test", 0)} if tested else {}
    if not found.whole:
        for info, table, splits in ((source, learned, ("train", "validation")), (target, tested, ("test",))):
            if not table and info.labelled:
                text = later("{name} has classes that are to be left out and is not here yet; compare it alone first.")
                raise refusal(text, name=info.called)
            sizes |= {split: sum(of_class.get(split, 0) for of_class in table) for split in splits if table}
    return replace(
        source,
        title=say("{source} → {target}", source=source.title, target=target.title),
        classes=found.classes,
        train=sizes["train"],
        validation=sizes["validation"],
        test=sizes["test"],
        counts=counts,
        groups=0,
        grouped=0,
        crowded={},
        note=joined(dict.fromkeys((source.note, target.note))),
    )


def _counts(info: DatasetInfo, numbers: tuple[int, ...]) -> list[dict[str, int]]:
    """Split -> pictures, of each of these classes; [] where that is not known of all."""
    names = [info.classes[number] for number in numbers]
    return [info.counts[name] for name in names] if all(name in info.counts for name in names) else []


def _some(part: SplitPart) -> SplitPart:
    """As many of its pictures as are looked at in each epoch, from all over it: their order may be that of the classes."""
    if len(part) <= MOST_LOOKED_AT:
        return part
    rows = np.arange(MOST_LOOKED_AT) * len(part) // MOST_LOOKED_AT
    return replace(part, labels=part.labels[rows], rows=rows if part.rows is None else part.rows[rows])


class _Pair:
    """Two data sets as one run takes them."""

    def __init__(self, home: Home, config: RunConfig, progress: Progress | None):
        self._home, self._config, self._progress = home, config, progress
        self._source, self._target = (describe(home, name) for name in config.sets)
        self._found = matched(self._source, self._target, config.unmatched == LEAVE_OUT)
        self._learns_from = STRATEGIES[config.arm.strategy].learns_from

    def store(self) -> TwoSetStore:
        """All of it."""
        parts: dict[str, SplitPart] = {}
        beside: SplitPart | None = None
        train, validation, test = self._of_target()
        if self._learns_from == TARGET:
            parts |= {"train": train, "validation": validation}
        else:
            parts |= dict(zip(("train", "validation"), self._of_source(), strict=True))
            parts[TARGET_VALIDATION] = _some(validation)
        if self._learns_from in (SOURCE_AND_TARGET, SOURCE_THEN_TARGET):
            beside = replace(train, labels=np.full(len(train), HIDDEN))
        elif self._learns_from == SOURCE_AND_FEW:
            beside = self._few(train)
        if beside is not None and len(beside) < 2:  # BatchNorm can't train on a single picture
            text = later("{name} has too few training pictures for this arm, which learns from them, too.")
            raise refusal(text, name=self._target.called)
        return TwoSetStore(self._found.classes, parts | {"test": test}, beside)

    def _of_source(self) -> tuple[SplitPart, SplitPart]:
        """Training pictures, as many as the run's samples, and validation pictures."""
        samples, found = self._config.samples, self._found
        store = self._reaching(self._config.dataset, found.of_source if found.only_source else None, samples)
        validation = self._part(store, "validation", found.of_source(store.labels_of("validation")))
        return self._part(store, "train", found.of_source(store.labels_of("train")), samples), validation

    def _of_target(self) -> tuple[SplitPart, SplitPart, SplitPart]:
        """Training, validation and test pictures of the target, under the run's classes."""
        found, drawn = self._found, self._target.origin == "drawn"
        # All of them are used: those that are not labelled cost nothing. Of what is drawn there are as many as one wants.
        most = self._config.samples if drawn else None
        trains = self._learns_from != SOURCE
        store = self._reaching(self._target.name, found.of_target if found.only_target else None, most if trains else 0)
        labels = {split: found.of_target(store.labels_of(split)) for split in ("train", "validation", "test")}
        known = self._target.labelled
        train = self._part(store, "train", labels["train"], (most if trains else 0), known)
        validation = self._part(store, "validation", labels["validation"], None, known)
        return train, validation, self._part(store, "test", labels["test"], None, known)

    def _reaching(
        self, name: str, renumbered: Callable[..., NDArray[np.int64]] | None, samples: int | None
    ) -> PictureStore:
        """With its first `samples` training pictures of the common classes ready; `renumbered` gives these, where others are
        left out: how far they reach is known by the labels."""
        if renumbered and samples:
            rows = np.flatnonzero(renumbered(self._prepare(name, 0).labels_of("train")) >= 0)[:samples]
            samples = int(rows.max(initial=-1)) + 1
        return self._prepare(name, samples)

    def _prepare(self, name: str, samples: int | None) -> PictureStore:
        config = self._config
        # The target keeps its splits: its test pictures are those of every seed.
        resplit = bool(config.resplit) and name == config.dataset
        return prepare(self._home, name, config.resolution, samples, self._progress, config.seed, resplit)

    @staticmethod
    def _part(
        store: PictureStore, split: str, labels: NDArray[np.int64], most: int | None = None, labelled: bool = True
    ) -> SplitPart:
        """The first `most` pictures of a split (None: all) that are of a common class; of an unlabelled set of any."""
        rows = np.flatnonzero(labels >= 0)[:most] if labelled else np.arange(len(labels))[:most]
        in_a_row = len(rows) == 0 or int(rows[-1]) == len(rows) - 1
        return SplitPart(store, split, labels[rows], None if in_a_row else rows)

    def _few(self, train: SplitPart) -> SplitPart:
        """So many of each class as the arm says, drawn for the run's seed: those for a smaller number are among them."""
        chosen = []
        for number in range(len(self._found.classes)):
            mine = np.flatnonzero(train.labels == number)
            order = np.random.default_rng([FEW_STREAM, self._config.seed, number]).permutation(mine)
            chosen.append(order[: self._config.arm.labelled_per_class])
        rows = np.sort(np.concatenate(chosen))
        within = rows if train.rows is None else train.rows[rows]
        return SplitPart(train.store, train.split, train.labels[rows], within)
