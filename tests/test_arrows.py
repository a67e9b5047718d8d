"""Imports point one way: pages -> ui -> jobs, charts, analysis -> datasets -> store -> config; only train knows torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TABLES = {"backbones", "failures", "machine", "measures", "networks", "output", "phases", "strategies", "schedules"}
TABLES |= {"arm_names", "parameters", "setting_names", "timm_networks", "words"}
WORDS = {"languages"}  # everything that people read is said by it
BASE = TABLES | WORDS | {"config", "ending", "policy"}
ABOVE = {"effects", "differences", "operations"}  # what follows from a configuration
DISK = BASE | {"store", "sources"}
# package or module of tl -> what of tl it may import besides itself
ALLOWED = {
    "typesetting": set(),
    "languages": {"typesetting"},
    **dict.fromkeys(TABLES, WORDS),
    "timm_networks": WORDS | {"networks"},
    "strategies": WORDS | {"phases"},
    "arm_names": WORDS | {"strategies"},
    "backbones": WORDS | {"networks", "timm_networks"},
    "config": WORDS | TABLES,
    "policy": WORDS | {"config"},
    "ending": WORDS | TABLES | {"config"},
    "store": BASE,
    "effects": BASE,
    "operations": BASE,
    "differences": BASE,
    "arms": BASE | ABOVE,
    "sources": BASE | {"store"},
    "decoding": set(),
    "answering": WORDS | {"decoding"},
    "datasets": DISK | {"decoding"},
    "analysis": DISK | ABOVE | {"datasets"},
    "charts": BASE,
    "jobs": DISK | ABOVE | {"datasets", "analysis"},
    "report": DISK | ABOVE | {"datasets", "decoding", "answering", "analysis", "charts", "arms"},
    "hosted": DISK | ABOVE | {"jobs", "ui"},
    "ui": DISK | ABOVE | {"datasets", "analysis", "charts", "jobs", "report"},
    "cli": DISK | ABOVE | {"datasets", "answering", "analysis", "jobs", "report", "arms"},
    "__main__": DISK | {"cli", "jobs"},
    "train": DISK | {"datasets", "decoding", "answering"},
}
MAY_IMPORT = {  # library -> who may import it
    "torch": {"train"},
    "torchvision": {"train"},
    "timm": {"train"},
    "onnx": {"train"},
    "onnxruntime": {"train", "report"},  # the page's report: predict.py, which goes into the zip of a model
    "streamlit": {"ui", "hosted"},
    "altair": {"charts"},
    "vl_convert": {"charts"},
}
DOOR = ("store/home.py", "tl.hosted.demo")  # the one import of tl.hosted below the top: the policy of a demo
ROOMS = ("parts", "compose", "watch", "inspect", "manage")  # of tl/ui: each may import itself and those before it
FILES = sorted((ROOT / "tl").rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Every module a file imports, at its head or inside a function."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names if node.module == "tl"}
    return names - {"tl"}


def part(path: Path) -> str:
    return path.relative_to(ROOT / "tl").parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_arrows(path):
    own = part(path)
    if own == "__init__":
        assert not path.read_text(encoding="utf-8"), "importing tl must be free"
        return
    for name in imported(path):
        head, *rest = name.split(".")
        if head == "tl" and (str(path.relative_to(ROOT / "tl")), name) != DOOR:
            assert rest[0] in ALLOWED[own] | {own}, f"{own} may not import {name}"
        else:
            assert own in MAY_IMPORT.get(head, {own}), f"{own} may not import {name}"


def test_only_the_policy_knows_that_strangers_may_use_it():
    naming = {
        str(path.relative_to(ROOT / "tl")) for path in FILES if "hosted" in path.read_text(encoding="utf-8").lower()
    }
    assert {name for name in naming if not name.startswith("hosted/")} == {"policy.py", DOOR[0]}


@pytest.mark.parametrize("path", [path for path in FILES if part(path) == "ui"], ids=lambda path: path.name)
def test_rooms_of_the_page_follow_the_order_of_use(path):
    own = path.relative_to(ROOT / "tl" / "ui").parts[0]
    for name in imported(path):
        if name.startswith("tl.ui."):
            assert name.split(".")[2] in ROOMS[: ROOMS.index(own) + 1], f"{own} may not import {name}"


@pytest.mark.parametrize(
    "command", ["import tl.ui.parts.header, tl.ui.compose.form, tl.ui.watch.experiment_page", "import tl.cli.parser"]
)
def test_the_page_and_the_command_line_never_import_torch(command):
    check = f"import sys; {command}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", check], cwd=ROOT).returncode == 0
