"""The folder that TensorBoard watches: links with readable names, one per run, instead of the run folders with their ids."""

import re
from pathlib import Path

from tl.store.home import Home
from tl.store.queue.database import read_runs
from tl.store.titles import title_of
from tl.words import data_name

_PLAIN = re.compile(r"[^\w .,()+-]+")


def links_folder(home: Home) -> Path:
    return home.path / "tensorboard" / "runs"


def link_runs(home: Home) -> None:
    """Make the folder TensorBoard watches hold exactly one link per run that has event files."""
    folder = links_folder(home)
    wanted = {folder / name: target for name, target in names(home).items()}
    present = {path for path in folder.glob("*/*") if path.is_symlink()}
    for path in present - {path for path in wanted if path.is_symlink() and path.readlink() == wanted[path]}:
        path.unlink(missing_ok=True)
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
    for path, target in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_symlink():
            path.symlink_to(target)
    folder.mkdir(parents=True, exist_ok=True)


def names(home: Home) -> dict[str, Path]:
    """Name in TensorBoard -> event folder: `data set, pictures, backbone, end of the experiment's id / arm seed`."""
    found: dict[str, Path] = {}
    for row in read_runs(home):
        target = home.run(row.run_id).tensorboard
        if not target.is_dir():
            continue
        spec = row.experiment.of(row.arm_config)
        pictures = " ".join(
            str(part)
            for part in (*(data_name(title_of(home, name)) for name in spec.sets), spec.samples)
            if part is not None
        )
        experiment = f"{pictures} {spec.backbone} {spec.resolution} px {row.experiment_id[-4:]}"  # not shown
        name = f"{experiment}/{_PLAIN.sub('_', row.arm)} seed {row.seed}"  # not shown
        found[f"{name} {row.run_id[-4:]}" if name in found else name] = target
    return found
