"""What can be transferred: bundled weights, ImageNet weights, models pretrained here. No torch.

Where the files lie and what is known about them, one file a kind; `catalogue` lists them. `tl.store.download` and
`hub` fetch, the trainer loads. A new kind is a file here that gives `Source`s, and a line in `catalogue.available`.
"""

from tl.config.training import AUTO, IMAGENET
from tl.sources.catalogue import available, input_of, networks_here, none_published, resolve, source, used
from tl.sources.source import Source

__all__ = [
    "AUTO",
    "IMAGENET",
    "Source",
    "available",
    "input_of",
    "networks_here",
    "none_published",
    "resolve",
    "source",
    "used",
]
