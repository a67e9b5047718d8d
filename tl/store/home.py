"""Where things lie: $TL_HOME (default `.tl` in the working folder), a visitor's workspace in it, the folder of one run."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from tl.config import ID_PATTERN, NAME_PATTERN, refusal
from tl.policy import HOSTED, UNLIMITED, Policy

VISITORS = "visitors"  # folder of their workspaces, where strangers use this TL Lab
_DIGITS = "0123456789abcdefghijklmnopqrstuv"  # those of ID_PATTERN


class Home:
    """The folder that holds data sets, runs, own models and the queue. Paths only; nothing is created by asking.

    Each visitor of a demo has one of their own, `<root>/visitors/<owner>`; the queue, locks, downloads and measured
    speeds are the root's and shared. Everywhere else `root` is the folder itself and `owner` None.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None):
        self.path = Path(path or os.environ.get("TL_HOME") or ".tl").absolute()
        visitor = self.path.parent.name == VISITORS and ID_PATTERN.fullmatch(self.path.name)
        self.root = self.path.parent.parent if visitor else self.path
        self.owner = self.path.name if visitor else None

    @property
    def policy(self) -> Policy:
        """What whoever uses this home may do. The one door to tl.hosted, which nothing else here imports; as every home
        has it, no process can forget it."""
        if os.environ.get(HOSTED, "") in ("", "0"):
            return UNLIMITED
        from tl.hosted.demo import demo

        return demo(self)

    def of(self, owner: str | None) -> "Home":
        """The workspace of `owner` (a row's, or from `owner_of`) under the same root; None: the root itself."""
        if owner is not None and not ID_PATTERN.fullmatch(owner):
            raise refusal("{owner!r} can't be the owner of a workspace.", owner=owner)
        return Home(self.root if owner is None else self.root / VISITORS / owner)

    def visitors(self) -> Iterator["Home"]:
        """Every visitor's workspace that is on the disk."""
        for folder in sorted((self.root / VISITORS).glob("*")):
            if ID_PATTERN.fullmatch(folder.name):
                yield self.of(folder.name)

    @property
    def database_path(self) -> Path:
        """SQLite file of everybody's experiments and runs."""
        return self.root / "tl.sqlite"

    @property
    def datasets_dir(self) -> Path:
        """One folder per data set."""
        return self.path / "datasets"

    @property
    def library_dir(self) -> Path:
        """One folder per own pretrained model."""
        return self.path / "library"

    @property
    def locks_dir(self) -> Path:
        """Lock files: supervisor, device turns."""
        return self.root / "locks"

    @property
    def downloads_dir(self) -> Path:
        """What torchvision downloads."""
        return self.root / "downloads"

    @property
    def probes_path(self) -> Path:
        """JSON of measured speeds: what cost estimates rest on."""
        return self.root / "probes.json"

    @property
    def machines_path(self) -> Path:
        """JSON of where runs are carried out, and what runs where."""
        return self.root / "machines.json"

    @property
    def identity_path(self) -> Path:
        """Text that no other home has: by it another machine sees whether it looks at this one."""
        return self.root / "identity"

    @property
    def features_dir(self) -> Path:
        """Features of pictures: a cache, may be deleted at any time."""
        return self.path / "cache" / "features"

    @property
    def weights_dir(self) -> Path:
        """Weights taken out of the packages that carry them: a cache, may be deleted at any time."""
        return self.root / "cache" / "weights"

    @property
    def looks_dir(self) -> Path:
        """What networks answered on single pictures and where they looked: a cache, may be deleted at any time."""
        return self.path / "cache" / "looks"

    @property
    def hints_path(self) -> Path:
        """JSON of transferability scores."""
        return self.path / "hints.json"

    @property
    def advice_dir(self) -> Path:
        """JSON per experiment: what was predicted before it, what came of it."""
        return self.path / "advice"

    @property
    def forecasts_dir(self) -> Path:
        """JSON per forecast of how many more pictures it takes, and what came of it."""
        return self.path / "forecasts"

    @property
    def estimates_dir(self) -> Path:
        """JSON per comparison of two data sets: accuracy as estimated without labels, beside the measured one."""
        return self.path / "estimates"

    @property
    def probe_curves_dir(self) -> Path:
        """JSON of learning curves measured from features: a cache, may be deleted at any time."""
        return self.path / "cache" / "curves"

    @property
    def out_of_fold_dir(self) -> Path:
        """What probes that never saw a picture take it for, measured from features: a cache, may be deleted at any time."""
        return self.path / "cache" / "out_of_fold"

    @property
    def runs_dir(self) -> Path:
        """One folder per run."""
        return self.path / "runs"

    @property
    def trash_dir(self) -> Path:
        """What was deleted and is being removed."""
        return self.path / "trash"

    def dataset_dir(self, name: str) -> Path:
        """Folder of one data set; Refused for a text that can't be a data set's name."""
        if not NAME_PATTERN.fullmatch(name):
            raise refusal("{name!r} can't be a data set's name; use up to 40 of a-z, 0-9, '-' and '_'.", name=name)
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
        self.imported = self.folder / "imported.json"  # of a run that was trained elsewhere: what it learnt from
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


def own_id(owner: str, ident: str) -> str:
    """The id under which `owner` keeps what came from elsewhere as `ident`: always the same, and nobody else's."""
    return _id_from(f"TL Lab import {owner} {ident}")  # not shown


def _id_from(text: str) -> str:
    number = int.from_bytes(hashlib.sha256(text.encode()).digest())
    return "".join(_DIGITS[number >> shift & 31] for shift in range(0, 130, 5))
