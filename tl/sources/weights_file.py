"""A file of weights of one's own: what its model card in the library says. The file itself is `tl.train.own_weights`'."""

import datetime
from pathlib import Path
from typing import Any

from tl.networks import PICTURES_OF_A_FILE
from tl.sources.licences import STATED, UNKNOWN


def card_of(
    name: str, backbone: str, file: Path, digest: str, licence: str | None, expects: dict[str, Any]
) -> dict[str, Any]:
    """The card of a file with the SHA-256 `digest`; `expects`: the input it is taken to want, as `Input` has it."""
    return {
        "name": name,
        "backbone": backbone,
        "source_data": PICTURES_OF_A_FILE.format(file=file.name),
        "input": expects,
        "sha256": digest,
        "size_bytes": file.stat().st_size,
        "licence": STATED.format(licence=licence) if licence else UNKNOWN,
        "date": datetime.date.today().isoformat(),
        "file": file.name,
    }
