"""Where things lie: $TL_HOME (default `.tl` in the working folder), a visitor's workspace in it, the folder of one run."""

import hashlib
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from tl.config import ID_PATTERN, NAME_PATTERN, refusal
from tl.policy import HOSTED, UNLIMITED, Policy

VISITORS = "visitors"  # folder of their workspaces, where strangers use this TL Lab
_DIGITS = "0123456789abcdefghijklmnopqrstuv"  # those of ID_PATTERN


class _Place:
    """A path below a home's folder or, `shared` by all its visitors, below its root."""

    def __init__(self, below: str, *, shared: bool = False):
        self._below, self._shared = below, shared

    def __get__(self, home: "Home", kind: object) -> Path:
        return (home.root if self._shared else home.path) / self._below


class Home:
    """The folder that holds data sets, runs, own models and the queue. Paths only; nothing is created by asking.

    Each visitor of a demo has one of their own, `<root>/visitors/<owner>`; the queue, locks, downloads and measured
    speeds are the root's and shared. Everywhere else `root` is the folder itself and `owner` None.
    """

    database_path = _Place("tl.sqlite", shared=True)  # of everybody's experiments and runs
    locks_dir = _Place("locks", shared=True)  # supervisor, device
    downloads_dir = _Place("downloads", shared=True)  # what torchvision downloads
    probes_path = _Place("probes.json", shared=True)  # measured speeds: what cost estimates rest on
    machines_path = _Place("machines.json", shared=True)  # where runs are carried out, and what runs where
    identity_path = _Place("identity", shared=True)  # text by which another machine sees whether it looks at this home
    datasets_dir = _Place("datasets")  # a folder per data set
    library_dir = _Place("library")  # a folder per own pretrained model
    runs_dir = _Place("runs")  # a folder per run
    trash_dir = _Place("trash")  # what was deleted and is being removed
    hints_path = _Place("hints.json")  # transferability scores
    # A JSON file each of what was said beforehand, and what came of it: of an experiment; of how many more pictures it
    # takes; of accuracy on a second data set without labels.
    advice_dir = _Place("advice")
    forecasts_dir = _Place("forecasts")
    estimates_dir = _Place("estimates")
    # Caches, which may be deleted at any time: features of pictures; weights taken out of the packages that carry them;
    # what networks answered on single pictures and where they looked; learning curves, and what probes that never saw a
    # picture take it for, measured from features.
    features_dir = _Place("cache/features")
    weights_dir = _Place("cache/weights", shared=True)
    saliency_dir = _Place("cache/looks")
    probe_curves_dir = _Place("cache/curves")
    out_of_fold_dir = _Place("cache/out_of_fold")

    def __init__(self, path: str | os.PathLike[str] | None = None):
        self.path = Path(path or os.environ.get("TL_HOME") or ".tl").absolute()
        visitor = self.path.parent.name == VISITORS and ID_PATTERN.fullmatch(self.path.name)
        self.root = self.path.parent.parent if visitor else self.path
        self.owner = self.path.name if visitor else None

    @cached_property
    def policy(self) -> Policy:
        """What whoever uses this home may do, by the environment as it was when first asked. The one door to tl.hosted,
        which nothing else here imports; as every home has it, no process can forget it."""
        if os.environ.get(HOSTED, "") in ("", "0"):
            return UNLIMITED
        from tl.hosted.demo import demo

        return demo(self)

    def of(self, owner: str | None) -> "Home":
        """The workspace of `owner` (a row's, or from `owner_of`) under the same root; None: the root itself."""
        if owner is not None and not ID_PATTERN.fullmatch(owner):
            raise refusal("{owner!r} can't be the owner of a workspace.", owner=owner)
        return Home(self.root if owner is None else self.root / VISITORS / owner)

    def own_id(self, ident: str) -> str:
        """The id under which this home keeps what came from elsewhere as `ident`: always the same. A visitor's is nobody
        else's, since several may bring the same."""
        return ident if self.owner is None else _id_from(f"TL Lab import {self.owner} {ident}")  # not shown

    def visitors(self) -> Iterator["Home"]:
        """Every visitor's workspace that is on the disk."""
        for folder in sorted((self.root / VISITORS).glob("*")):
            if ID_PATTERN.fullmatch(folder.name):
                yield self.of(folder.name)

    def dataset_dir(self, name: str) -> Path:
        """Folder of one data set; Refused for a text that can't be a data set's name."""
        if not NAME_PATTERN.fullmatch(name):
            raise refusal(
                "{name!r} can't be a data set's name; use up to 40 characters: a-z, 0-9, '-' and '_'.", name=name
            )
        return self.datasets_dir / name

    def run(self, run_id: str) -> "Run":
        """Files of one run; Refused for a text that can't be an id."""
        if not ID_PATTERN.fullmatch(run_id):
            raise refusal("There is no run {id!r}; `python -m tl runs` lists them.", id=run_id)
        return Run(self.runs_dir / run_id)


class Run:
    """The files of one run (a contract: extend it, don't rename)."""

    def __init__(self, folder: str | os.PathLike[str]):
        self.folder = Path(folder)
        self.config = self.folder / "config.json"
        self.metrics = self.folder / "metrics.parquet"
        self.resources = self.folder / "resources.parquet"
        self.rate_test = self.folder / "rate_test.parquet"
        self.predictions = self.folder / "predictions.parquet"
        self.shifted = self.folder / "shifted.parquet"  # what it answered on the test pictures blurred, darkened, ...
        self.both_sets = self.folder / "both_sets.json"  # both data sets as its network sees them, before and after
        self.progress = self.folder / "progress.json"
        self.result = self.folder / "result.json"
        self.memory_kills = self.folder / "memory_kills.json"  # of one that the system has ended for lack of memory
        self.imported = self.folder / "imported.json"  # of a run that was trained elsewhere: what it learned from
        self.log = self.folder / "log.txt"
        self.tensorboard = self.folder / "tensorboard"
        self.checkpoints = self.folder / "checkpoints"
        self.export = self.folder / "export"  # its model as a zip, once somebody has asked for it on the page
        self.best = self.checkpoints / "best.safetensors"  # the network of the best epoch

    @property
    def home(self) -> Home:
        """The home a run lies in: RUN_DIR is `<home>/runs/<run_id>`."""
        return Home(self.folder.absolute().parent.parent)


def owner_of(secret: str) -> str:
    """The owner a visitor's secret stands for: it can be stored and shown, the secret can't be found from it."""
    return _id_from(f"TL Lab workspace {secret}")  # not shown


def _id_from(text: str) -> str:
    number = int.from_bytes(hashlib.sha256(text.encode()).digest())
    return "".join(_DIGITS[number >> shift & 31] for shift in range(0, 130, 5))
