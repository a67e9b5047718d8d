"""A trained model as one zip that works elsewhere: models, labels, predict.py with the code that reads pictures, a card."""

import json
import os
import zipfile
from pathlib import Path
from typing import Any

from tl.config import NAME_PATTERN
from tl.report.card_facts import CardFacts
from tl.report.model_card import card
from tl.store.files import for_the_user
from tl.store.home import Home

PACKAGE = Path(__file__).resolve().parents[1]
# What predict.py imports of TL Lab, unchanged: how pictures are opened, what is printed and written.
CODE = (
    *("__init__.py", "answering.py", "output.py", "decoding/__init__.py"),
    *(f"decoding/{name}.py" for name in ("deep", "heads", "opening", "pixels", "tiff")),
)
STORED = (".onnx", ".safetensors", ".jpg", ".png")  # can't be made smaller


def write_zip(home: Home, own: CardFacts, measured: dict[str, Any], folder: Path, out: Path) -> None:
    """Write the zip of the models that lie in `folder`, whole or not at all."""
    name = f"{own.info.name if NAME_PATTERN.fullmatch(own.info.name) else 'pictures'}-model"
    temporary = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with for_the_user(), zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            for place, data in _texts(home, own, measured).items():
                archive.writestr(f"{name}/{place}", data)
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    packed = zipfile.ZIP_STORED if path.suffix in STORED else zipfile.ZIP_DEFLATED
                    archive.write(path, f"{name}/{path.relative_to(folder).as_posix()}", packed)
        os.replace(temporary, out)
    finally:
        temporary.unlink(missing_ok=True)


def _texts(home: Home, own: CardFacts, measured: dict[str, Any]) -> dict[str, str]:
    """Name in the zip -> content of what is written here."""
    found = {
        "README.md": card(home, own, measured),
        "labels.txt": "".join(f"{label}\n" for label in own.info.classes),
        "check/answers.json": json.dumps(measured["check"], indent=1),
    }
    if "splits" not in measured:
        return found
    found["predict.py"] = Path(__file__).with_name("predict.py").read_text(encoding="utf-8")
    return found | {f"tl/{place}": (PACKAGE / place).read_text(encoding="utf-8") for place in CODE}
