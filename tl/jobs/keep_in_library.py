"""Keep what a run has learned as a starting point for others: into the library, with its history and its licence.

It is the backbone of a finished run's best epoch without its head, as the run's checkpoint has it: whole, and with
low-rank updates added in. No torch.
"""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO

from tl.arm_names import arm_title
from tl.backbones import BACKBONES
from tl.config import AUTO, Newer, Refused, RunConfig, refusal
from tl.config.training import BUNDLED, IMAGENET
from tl.jobs.dead_trainers import record_if_dead
from tl.jobs.library import LOCK
from tl.languages import english, later, say
from tl.phases import HEAD
from tl.sources import own
from tl.sources.card import Card, ancestors, card_of, without_class_names
from tl.sources.catalogue import input_of, source
from tl.sources.licences import YOURS, strictest
from tl.sources.source import Source
from tl.store import weights_copy, weights_file
from tl.store.documents import Result, read_config, read_result
from tl.store.files import locked
from tl.store.home import Home, Run
from tl.store.queue import database
from tl.store.seal import header_of_intact
from tl.store.weights_file import Tensor
from tl.strategies import STRATEGIES
from tl.words import status_name

if TYPE_CHECKING:
    from tl.datasets.info import DatasetInfo

COUNTER = "num_batches_tracked"  # BatchNorm's: no weight
ANY_NETWORKS = (AUTO, BUNDLED, IMAGENET)  # weights whose input is known though they are not here


@dataclass(frozen=True, kw_only=True)
class Keepable:
    """A run whose network can be kept, and what it began with."""

    run: Run
    config: RunConfig
    result: Result
    begun: Source | None  # None: random weights

    @property
    def title(self) -> str:
        return say("{arm}, seed {seed}", arm=arm_title(self.config.arm.name), seed=self.config.seed)


def keep(home: Home, run_id: str, name: str) -> Source:
    """Put what a finished run has learned into the library as `name`.

    Raises Refused, in one sentence, as `keepable` does and for a name that can't be had, or where the home has no
    room for it.
    """
    found = keepable(home, run_id)
    with locked(home.locks_dir / LOCK), weights_file.opened(found.run.best) as file:
        own.check_new_name(home, found.config.backbone, name)
        tensors, classes = _backbone(found, file)
        home.policy.check_disk(sum(tensor.stop - tensor.start for tensor in tensors.values()))
        return own.add(home, name, _card(home, found, classes, tensors), weights_copy.pieces(file, tensors, {}))


def keepable(home: Home, run_id: str) -> Keepable:
    """What keeping this run means. Raises Refused where it has not finished, or its network is not here or is no other
    than the one it began with."""
    row, run = record_if_dead(home, database.read_run(home, run_id)), home.run(run_id)
    if row.status != "finished":
        text = later("Run {run} is {status}; only a finished run can be kept as a starting point.")
        raise refusal(text, run=run_id, status=status_name(row.status))
    if run.imported.exists():
        raise refusal(
            "Run {run} was trained on another machine, and its network is there; keep it on that one.", run=run_id
        )
    if not run.best.is_file():
        raise refusal(
            "The network that run {run} has trained is not here any more; train it again to keep it.", run=run_id
        )
    config, result = read_config(run), read_result(run)
    if isinstance(config, Newer):
        raise config
    if config is None or result is None:
        raise refusal("The files of run {run} are damaged; train it again to keep what it learned.", run=run_id)
    found = Keepable(run=run, config=config, result=result, begun=_began_with(home, config))
    if not _trained(config, result):
        raise refusal(
            "Its backbone is unchanged: only the head was trained up to its best epoch; start from the weights {weights!r} "
            "themselves.",
            weights=config.weights,
        )
    return found


def _began_with(home: Home, config: RunConfig) -> Source | None:
    """The source whose weights a run began with; None for random ones. Raises Refused where it is not here any more."""
    pretrained = config.arm.pretrained
    try:
        found = source(home, config.backbone, config.weights)
    except Refused:
        if not pretrained and config.weights in ANY_NETWORKS:
            return None
        raise refusal(
            "The weights {weights!r} that this run was prepared for are no longer here, so what its network expects of a "
            "picture isn't known; train it again to keep it.",
            weights=config.weights,
        ) from None
    return found if pretrained else None


def _trained(config: RunConfig, result: Result) -> bool:
    """Whether anything but the head trained up to the epoch whose network is kept."""
    if STRATEGIES[config.arm.strategy].fits:
        return False
    starts = result.phase_starts or tuple(phase.start_epoch for phase in config.phases)
    last = result.best_epoch or result.epochs or 0
    begun = [phase for phase, start in zip(config.phases, starts, strict=False) if start <= last]
    return any(set(phase.rates) != {HEAD} for phase in begun)


def _backbone(found: Keepable, file: BinaryIO) -> tuple[dict[str, Tensor], int | None]:
    """The tensors of the checkpoint's backbone, and for how many classes its head is."""
    damaged = refusal(
        "The network that run {run} has trained is damaged; train it again to keep it.", run=found.config.run_id
    )
    if header_of_intact(file) is None:
        raise damaged
    tensors = weights_file.check(file)
    if "rest" in weights_copy.metadata_of(file):  # a part of the network, as while it trained
        raise damaged
    table = BACKBONES[found.config.backbone]
    heads = tuple(f"{head}." for head in table.heads)
    head = tensors.get(f"{table.head}.weight")
    kept = {name: each for name, each in tensors.items() if not name.startswith(heads) and not name.endswith(COUNTER)}
    return kept, head.shape[0] if head and head.shape else None


def _card(home: Home, found: Keepable, classes: int | None, tensors: dict[str, Tensor]) -> Card:
    from tl.analysis.experiment import pictures_of  # pandas

    config, result, begun = found.config, found.result, found.begun
    info = pictures_of(home, config, [config.run_id])
    known = info if info and classes in (None, len(info.classes)) else None  # else it has other classes now
    expects = input_of(home, config.backbone, config.weights)
    licence, whose = _licence(begun, known)
    return Card(
        backbone=config.backbone,
        resolution=config.resolution,
        input=replace(expects, size=config.resolution),
        source_data=english(known.title) if known else config.dataset,
        classes=classes,
        class_names=tuple(known.classes) if known else (),
        images=config.samples,
        test_images=result.test_images,
        epochs=result.best_epoch,
        strategy=config.arm.strategy,
        seed=config.seed,
        run_id=config.run_id,
        experiment_id=config.experiment_id,
        started_from=_as_origin(begun) if begun else None,
        accuracy=result.test_accuracy,
        interval=_interval(found.run),
        loss=result.test_loss,
        seconds=result.elapsed_seconds,
        device=result.device or "",
        licence=licence,
        licence_of=whose,
        parameters=sum(math.prod(tensor.shape) for tensor in tensors.values()),
        precision="float32",
        versions=result.versions or {},
    )


def _as_origin(begun: Source) -> Card | None:
    """The card of what a run began with, as the card of what it became keeps it."""
    told: dict[str, Any] = begun.card or {
        "backbone": begun.backbone,
        "source_data": begun.source_data,
        "accuracy": begun.accuracy,
        "licence": begun.licence,
        "sha256": begun.sha256,
        "size_bytes": begun.size_bytes,
    }
    return card_of(without_class_names(told) | {"name": begun.key})


def _licence(begun: Source | None, info: "DatasetInfo | None") -> tuple[str, str]:
    """The strictest of the licences that a network's history has, and whose it is; "yours" where it has none."""
    pictures = YOURS
    if info is None or info.origin == "torchvision":
        pictures = f"that of the pictures ({info.title})" if info else "not stated"  # not shown as it is: on the card
    stated = [(pictures, "")]
    origin = _as_origin(begun) if begun else None
    if begun and origin:
        own, *earlier = ancestors(origin)
        whose = own.licence_of or (begun.key if begun.state == "library" else _in_short(begun.source_data))
        of_earlier = [
            (card.licence, card.licence_of or _in_short(card.source_data)) for card in earlier if card.licence
        ]
        stated = [(begun.licence, whose), *of_earlier, *stated]
    return strictest(stated)


def _in_short(data: str) -> str:
    """ "Tiny ImageNet, 202 classes at 64 px" -> "Tiny ImageNet"."""
    return data.split(",")[0].split(" (")[0]


def _interval(run: Run) -> tuple[float, float] | None:
    """Of the accuracy on the test pictures, for other pictures of the same kind; None where the answers are not kept."""
    from tl.analysis.certainty import share_interval  # scipy
    from tl.analysis.statistics import CONFIDENCE
    from tl.store.predictions import read_answers

    answers = read_answers(run.predictions, "test")
    if answers is None:
        return None
    found = share_interval([answers.right], confidence=CONFIDENCE, clusters=answers.group)
    return None if found.low is None or found.high is None else (found.low, found.high)
