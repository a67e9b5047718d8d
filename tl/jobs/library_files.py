"""Weights of the library as one file for another machine, and back: safetensors with the model card in its header.

Nothing in such a file is believed. It is no pickle and holds finite numbers only, its card is of the known shape and in
plain text, and a process that knows torch finds every tensor of the network it names; then all of it is rewritten.
"""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

import msgspec

from tl.backbones import BACKBONES, unknown
from tl.config import Refused, refusal
from tl.config.training import MAX_RESOLUTION, MIN_RESOLUTION
from tl.jobs import own_weights
from tl.jobs.keep_in_library import COUNTER
from tl.jobs.library import LOCK
from tl.languages import later
from tl.sources import own
from tl.sources.card import CARD_BYTES, Card, of_stranger, without_class_names
from tl.sources.cards import of_library
from tl.sources.source import Source
from tl.store import weights_copy, weights_file
from tl.store.files import for_the_user, locked, write_pieces
from tl.store.home import Home
from tl.store.seal import SEAL, header_of_intact
from tl.store.weights_file import Tensor

ABOUT = "tl_lab_card"  # under which the card stands in the header
EXTRA = 1.1, 2**20  # numbers beyond those of the network that a file may hold: counts, running means, a larger head
LOOKING = "library_import.lock"  # one at a time: who looks through a file needs memory


def file_name(name: str) -> str:
    return f"{name}.safetensors"


def export(home: Home, name: str, file: Path) -> int:
    """Write weights of the library, with their card, as `file`; its size in bytes. Raises Refused for an unknown name."""
    folder, entry = own.folder_of(home, name), of_library(home, name)
    if entry is None or entry.card is None:
        raise refusal("The weights {name!r} of the library are damaged; delete them.", name=name)
    about = entry.card | {"name": name, "input": asdict(entry.input)}
    text = json.dumps(about, ensure_ascii=False)
    if len(text) > CARD_BYTES:
        text = json.dumps(without_class_names(about), ensure_ascii=False)
    with weights_file.opened(folder / own.WEIGHTS) as weights:
        tensors = weights_file.check(weights)
        with for_the_user():
            write_pieces(file, weights_copy.sealed(weights, tensors, {ABOUT: home.policy.without_places(text)}))
    return file.stat().st_size


def bring_in(home: Home, file: Path, name: str | None = None, shown: str | None = None) -> Source:
    """Put what another machine has exported into the library, as `name` or as it was called there.

    Raises Refused, with one sentence, for anything else. `shown`: the file's name in sentences.
    """
    shown = shown or file.name
    with weights_file.opened(file) as opened:
        try:
            card, tensors = _looked_through(home, opened, shown)
        except Refused as problem:
            raise Refused(str(problem).replace(str(opened.name), shown)) from None
        name = name or card.name
        own.check_new_name(home, card.backbone, name)
        home.policy.check_disk(sum(tensor.stop - tensor.start for tensor in tensors.values()))
        with locked(home.locks_dir / LOOKING):
            own_weights.look_through(file, shown, card.backbone, _side(card))
        with locked(home.locks_dir / LOCK):
            own.check_new_name(home, card.backbone, name)
            return own.add(home, name, card, weights_copy.pieces(opened, tensors, {}))


def _looked_through(home: Home, file: BinaryIO, shown: str) -> tuple[Card, dict[str, Tensor]]:
    """The card, and the tensors that are no head. Raises Refused."""
    tensors = weights_file.read_header(file)
    text = weights_copy.metadata_of(file).get(ABOUT)
    if text is None:
        raise refusal(
            "{file} has no TL Lab model card in it; export it from a library, or give plain weights to a comparison "
            "(--weights-file).",
            file=shown,
        )
    if SEAL in weights_copy.metadata_of(file) and header_of_intact(file) is None:
        raise refusal("{file} was damaged on its way here; copy it again, or export it again.", file=shown)
    card = of_stranger(text, shown)
    _check_network(home, card, tensors, shown)
    weights_file.check(file)
    heads = tuple(f"{head}." for head in BACKBONES[card.backbone].heads)
    kept = {name: each for name, each in tensors.items() if not name.startswith(heads) and not name.endswith(COUNTER)}
    # Without what only this home can know.
    return msgspec.structs.replace(card, run_id="", experiment_id="", command=""), kept


def _check_network(home: Home, card: Card, tensors: dict[str, Tensor], shown: str) -> None:
    if card.backbone not in BACKBONES:
        raise refusal("{file}: {problem}", file=shown, problem=unknown(card.backbone))
    if card.backbone.startswith("timm:") and not home.policy.offers_timm:
        text = later("{file} is for {backbone}, which is not offered in this demo; it needs a TL Lab of your own.")
        raise refusal(text, file=shown, backbone=card.backbone)
    table, side = BACKBONES[card.backbone], _side(card)
    if not table.takes(side):
        raise refusal("{file}: {problem}", file=shown, problem=table.why_not(card.backbone, side))
    known = card.input is not None and 16 <= card.input.size <= 1024 and len(card.input.interpolation) <= 20
    if card.input is None or not known or not all(map(math.isfinite, card.input.mean)):
        raise refusal("{file} doesn't say what its network expects of a picture; export it again.", file=shown)
    numbers = sum(math.prod(tensor.shape) for tensor in tensors.values())
    if numbers > EXTRA[0] * table.parameters + EXTRA[1]:
        text = later("{file} holds {numbers:,} numbers, many more than {backbone} has; it belongs to another network.")
        raise refusal(text, file=shown, numbers=numbers, backbone=card.backbone)


def _side(card: Card) -> int:
    """Of the pictures for which the network is built to be compared; one that it was trained on, where that can be."""
    table = BACKBONES[card.backbone]
    wanted = card.resolution or (card.input.size if card.input else MAX_RESOLUTION)
    if table.sides and wanted not in table.sides:
        return table.sides[-1]
    return max(MIN_RESOLUTION, min(wanted, MAX_RESOLUTION))
