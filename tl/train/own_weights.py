"""Take over a file of weights that somebody brings: look through it, compare it with the network, put it into the library.

`python -m tl.train.own_weights FILE --backbone NAME --resolution PX [--home DIR]`: one JSON document, `{"key", "told"}`; exit
status 2 with one sentence where the file is no safetensors, damaged, or of another network. Without a home it is only
looked through.
"""

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tl.backbones import BACKBONES
from tl.config import Refused, refusal
from tl.languages import for_stderr, later, listed, say
from tl.networks import PICTURES_OF_A_FILE
from tl.output import spell_out
from tl.sources import AUTO, input_of
from tl.sources.card import Card
from tl.sources.licences import STATED, UNKNOWN
from tl.sources.own import add
from tl.store.download import sha256_of
from tl.store.home import Home
from tl.store.seal import PIECE_BYTES
from tl.train.network import build_network, expected_tensors, fitted, misfits
from tl.train.weights import read_safetensors

NAMED = 3  # tensors that a sentence names


def adopt(home: Home, file: Path, backbone: str, resolution: int, licence: str | None) -> tuple[str, str]:
    """The key under which the weights in `file` can be used from now on, and what was found in it, in words.

    The same file has the same key. Raises Refused, with one sentence, for a file that does not fit `backbone`.
    """
    words = look_through(file, backbone, resolution)
    digest = sha256_of(file)
    stem = re.sub("[^a-z0-9_-]", "-", file.stem.lower()).strip("-_")[:31]
    card = Card(
        backbone=backbone,
        source_data=PICTURES_OF_A_FILE.format(file=file.name),
        input=input_of(home, backbone, AUTO),  # what it is taken to want
        licence=STATED.format(licence=licence) if licence else UNKNOWN,
        file=file.name,
    )
    return add(home, f"{stem or 'file'}-{digest[:8]}", card, _unchanged(file, digest)).key, words


def _unchanged(file: Path, digest: str) -> Iterator[bytes]:
    """The bytes of a file whose SHA-256 was `digest`; Refused where it is another one now."""
    found = hashlib.sha256()
    with open(file, "rb") as opened:
        while piece := opened.read(PIECE_BYTES):
            found.update(piece)
            yield piece
    if found.hexdigest() != digest:
        raise refusal("{file} changed while it was copied; try again.", file=file)


def look_through(file: Path, backbone: str, resolution: int) -> str:
    """What of the file fits `backbone` and what does not, in words. Raises Refused where a part of the network is missing."""
    given = read_safetensors(file)
    network = build_network(backbone, 2, resolution)
    own, state = expected_tensors(network, backbone), fitted(network, backbone, given)
    if wrong := misfits(own, state):
        missing = [name for name in wrong if name not in state]
        other = [name for name in wrong if name in state]
        parts = [(later("{number} of its {all} tensors are missing ({names})"), missing)]
        parts += [(later("{number} of its {all} tensors have another shape ({names})"), other)]
        why = listed(say(text, number=len(names), all=len(own), names=_some(names)) for text, names in parts if names)
        raise refusal("{file} does not fit {backbone}: {why}.", file=file, backbone=backbone, why=why)
    heads = tuple(f"{head}." for head in BACKBONES[backbone].heads)
    head = [name for name in given if name.startswith(heads)]
    others = [name for name in given if name not in network.state_dict() and name not in head]
    renamed = state is not given and misfits(own, given)
    unused = [] if renamed else others
    text = {
        (True, True): later(
            "{file}: {fit} tensors fit {backbone}, the head ({head}) is left out, {number} more are not used ({names})."
        ),
        (True, False): later("{file}: {fit} tensors fit {backbone}, the head ({head}) is left out."),
        (False, True): later(
            "{file}: {fit} tensors fit {backbone}, there is no head, {number} more are not used ({names})."
        ),
        (False, False): later("{file}: {fit} tensors fit {backbone}, there is no head."),
    }[bool(head), bool(unused)]
    about = {"file": file, "fit": len(own), "backbone": backbone, "head": _some(head)}
    return say(text, **about, number=len(unused), names=_some(unused))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (" ..." if len(names) > NAMED else "")


def main(argv: list[str]) -> int:
    """Exit status 0: the weights can be used; 2: refused."""
    parser = argparse.ArgumentParser(prog="python -m tl.train.own_weights")
    parser.add_argument("file", type=Path)
    parser.add_argument("--backbone", required=True)
    parser.add_argument("--resolution", type=int, required=True)
    parser.add_argument("--licence")
    parser.add_argument("--home", type=Path)
    options = parser.parse_args(argv)
    about = (options.file, options.backbone, options.resolution)
    try:
        if options.home is None:
            key, words = "", look_through(*about)
        else:
            key, words = adopt(Home(options.home), *about, options.licence)
    except Refused as problem:
        print(for_stderr(problem), file=sys.stderr)
        return 2
    print(json.dumps({"key": key, "told": for_stderr(words)}))
    return 0


if __name__ == "__main__":
    spell_out()
    sys.exit(main(sys.argv[1:]))
