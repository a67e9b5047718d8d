"""Do the tests notice? Single changes to the code, each against the tests that should see it.

A change is a comparison, `and`, a sum or a product turned, a constant off by one, a branch negated. The tests that should
see it are the nearest of those that import the module, in a copy of the project, without the browser's; then, if they pass,
the nearest of those that import what imports it, and so on. What none of them sees is listed.
"""

import ast
import json
import os
import queue
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path

from tests.benchmarks.pictures import ROOT
from tests.benchmarks.row import Row
from tests.benchmarks.scale import Scale
from tl.store.home import Home

PLACES = (
    *("tl/analysis", "tl/jobs", "tl/store", "tl/datasets/split.py", "tl/datasets/class_names.py"),
    *("tl/train/checkpoints/history.py", "tl/train/checkpoints/checkpoint.py"),
)
NOTICED = 90  # per cent of the changes that are to be noticed
LIMIT_SECONDS = 600.0  # for the tests of a module; what never ends is noticed, too
NEAREST, FURTHER = 12, 36  # files of tests, at most: half the tests import the home's paths
OTHER: dict[type[ast.AST], type[ast.AST]] = {
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq},
    **{ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In},
    **{ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult},
}


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change: bytes `start` to `end` of a file become `after`."""

    start: int
    end: int
    line: int
    before: str
    after: str

    def of(self, source: bytes) -> bytes:
        """The file's text with it."""
        return source[: self.start] + self.after.encode() + source[self.end :]


class Laboratory:
    """A copy of the project with a process that runs its tests."""

    def __init__(self, folder: Path):
        self.root = folder
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".git", ".venv", ".tl", ".*_cache", "__pycache__"))
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("warm_pytest.py")],
            cwd=folder,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def passes(self, tests: list[str]) -> bool:
        """Whether all these files of tests pass; none pass, too."""
        if not tests:
            return True
        arguments = ["-x", "-q", "-p", "no:cacheprovider", "-m", "not browser", f"--basetemp={self.root}.tests"]
        arguments += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # libraries are there already
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"arguments": [*arguments, *tests], "limit": LIMIT_SECONDS}) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip() == "0"

    def end(self) -> None:
        """End its process."""
        self.process.kill()
        self.process.wait()


def mutants(home: Home, scale: Scale) -> list[Row]:
    """How many single changes of the code the tests notice, and which they don't (modules as further names, else by chance)."""
    modules = [ROOT / f"{name.replace('.', '/')}.py" for name in scale.mutated] or _modules()
    at_once = min(len(os.sched_getaffinity(0)), len(modules))
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(at_once) as threads:
        free: queue.SimpleQueue[Laboratory] = queue.SimpleQueue()
        laboratories = [Laboratory(Path(folder) / f"project-{number}") for number in range(at_once)]
        for laboratory in laboratories:
            free.put(laboratory)
        found = list(threads.map(lambda path: _tried(free, path.relative_to(ROOT), scale.mutants), modules))
        for laboratory in laboratories:
            laboratory.end()
    noticed, tried = (sum(each) for each in zip(*(counts for counts, _ in found), strict=True))
    total = Row(what="all", measured=_share(noticed, tried), unit="% noticed", at_least=NOTICED, note=f"of {tried}")
    return [*(row for _, row in found), total]


def _modules() -> list[Path]:
    places = [ROOT / place for place in PLACES]
    files = [path for place in places for path in (sorted(place.rglob("*.py")) if place.is_dir() else [place])]
    return [path for path in files if changes(path.read_bytes())]


def _share(noticed: int, tried: int) -> float | None:
    return 100 * noticed / tried if tried else None


def _tried(free: queue.SimpleQueue[Laboratory], module: Path, most: int) -> tuple[tuple[int, int], Row]:
    """(noticed, tried), and the row that lists what was not."""
    laboratory = free.get()
    try:
        return _tried_in(laboratory, module, most)
    finally:
        free.put(laboratory)


def _tried_in(laboratory: Laboratory, module: Path, most: int) -> tuple[tuple[int, int], Row]:
    path, name = laboratory.root / module, ".".join(module.with_suffix("").parts)
    source, (near, further) = path.read_bytes(), tests_of(laboratory.root, name)
    known = changes(source)
    chosen = random.Random(name).sample(known, min(most, len(known)))
    if not (near or further) or not laboratory.passes(near):
        why = "its tests fail as it is" if near or further else "no test imports it"
        return (0, len(chosen)), Row(what=name, measured=None, unit="% noticed", note=why)

    missed = _unnoticed(laboratory, path, chosen, near)
    if missed and laboratory.passes(further):
        missed = _unnoticed(laboratory, path, missed, further)
    noticed = len(chosen) - len(missed)
    listed = "; ".join(f"{module}:{mutant.line}: {mutant.before} -> {mutant.after}" for mutant in missed)
    row = Row(what=name, measured=_share(noticed, len(chosen)), unit="% noticed", note=listed)
    print(f"{name}: {noticed} of {len(chosen)} noticed. {row.note}", file=sys.stderr, flush=True)
    return (noticed, len(chosen)), row


def _unnoticed(laboratory: Laboratory, path: Path, chosen: list[Mutant], tests: list[str]) -> list[Mutant]:
    """Those with which all these tests pass."""
    source, missed = path.read_bytes(), []
    for mutant in chosen:
        path.write_bytes(mutant.of(source))
        if laboratory.passes(tests):
            missed.append(mutant)
        path.write_bytes(source)
    return missed


def tests_of(root: Path, module: str) -> tuple[list[str], list[str]]:
    """Files of tests that import it, or another module of the tests that does; and those that import what leads to it."""
    near, known, importing = _importing(root, {module}), {module}, {module}
    found, further = _nearest(root, near, module, known), list[str]()
    while len(further) < FURTHER and importing:
        importing = {_named(root, path) for path in _files(root, "tl") if importing & imports(path)} - known
        known |= importing
        seen = {*found, *further}
        more = [path for path in _importing(root, importing) if str(path.relative_to(root)) not in seen]
        further += _nearest(root, more, module, importing, FURTHER)
    return found, further[:FURTHER]


def _importing(root: Path, modules: set[str]) -> list[Path]:
    helpers = {_named(root, path) for path in (root / "tests").glob("*_lab.py") if modules & imports(path)}
    return [
        path for path in _files(root, "tests") if path.name.startswith("test_") and (modules | helpers) & imports(path)
    ]


@cache
def _files(root: Path, folder: str) -> list[Path]:
    return sorted((root / folder).rglob("*.py"))


def _nearest(root: Path, tests: list[Path], module: str, above: set[str], most: int = NEAREST) -> list[str]:
    """The first ones that should see a change: named as the module, or as what imports it; then those of its rooms."""
    rooms = module.split(".")[1:-1]
    names = [{f"test_{name.rpartition('.')[2]}" for name in modules} for modules in ({module}, above)]

    def distance(path: Path) -> tuple[bool, bool, int]:
        own, importing = (path.stem not in each for each in names)
        pairs = zip(path.relative_to(root / "tests").parent.parts, rooms, strict=False)
        return own, importing, -len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))

    return [str(path.relative_to(root)) for path in sorted(tests, key=distance)[:most]]


def _named(root: Path, path: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts)


@cache
def imports(path: Path) -> set[str]:
    """Modules that a file imports, and what it takes from packages, as if that were modules, too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def changes(source: bytes) -> list[Mutant]:
    """All that can be changed in a module, in the order of its text; docstrings and types are no code."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for node, after in _changed(ast.parse(source)):
        start, end = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
        before = source[start:end].decode()
        found.append(Mutant(start=start, end=end, line=node.lineno, before=before, after=f"({ast.unparse(after)})"))
    return sorted(found, key=lambda mutant: (mutant.start, mutant.end))


def _changed(tree: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """(expression, what it becomes)"""
    for node in _code(tree):
        match node:
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                yield node, ast.Compare(left=left, ops=[OTHER[type(operator)]()], comparators=[right])
            case ast.BoolOp(op=operator, values=values):
                yield node, ast.BoolOp(op=OTHER[type(operator)](), values=values)
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() as operator, right=right):
                yield node, ast.BinOp(left=left, op=OTHER[type(operator)](), right=right)
            case ast.Constant(value=bool(value)):
                yield node, ast.Constant(value=not value)
            case ast.Constant(value=int(value)):
                yield node, ast.Constant(value=value + 1)
            case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
                yield test, ast.UnaryOp(op=ast.Not(), operand=test)


def _code(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node of a module but what types say, decorators, what only a checker of types reads, and zip's `strict`, an
    assertion."""
    yield tree
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
                continue
            if isinstance(child, ast.keyword) and child.arg == "strict":
                continue
            if isinstance(child, ast.AST) and not isinstance(child, ast.JoinedStr):
                yield from _code(child)
