"""What strangers may do with a hosted TL Lab: the policy of every home where TL_HOSTED is 1 (see tl.policy).

Refusals are one sentence, where things happen: of runs in the transaction that queues them, so that two tabs can't get
past together.
"""

import shutil
import sqlite3
from dataclasses import dataclass, fields

from tl import timm_networks
from tl.config import Experiment, Refused, Training
from tl.hosted import redaction
from tl.hosted.limits import Limits, hosted, limits
from tl.hosted.quota import answers_bytes, missing_bytes, run_bytes
from tl.operations import run_operations
from tl.policy import Policy, TooMuch
from tl.store.database import read_runs
from tl.store.everybody import load
from tl.store.files import used_bytes
from tl.store.home import Home
from tl.strategies import STRATEGIES, TARGET

SHARED = {entry.name for entry in fields(Policy)} & {entry.name for entry in fields(Limits)}
DELETE_SOME = "delete some on the Runs page"


@dataclass(frozen=True, kw_only=True)
class Demo(Policy):
    """That of `home`, a visitor's workspace or the root; its methods are described in Policy."""

    home: Home
    limits: Limits
    page_bytes: float = 300e6  # what the page takes while visitors use it, and what decodes their pictures
    refresh_seconds: float = 5.0  # each is computing, and many watch at once

    devices: int = 1  # the others are other visitors'

    offers_timm: bool = False  # any visitor could have gigabytes downloaded
    opens_tensorboard: bool = False  # whoever reaches this machine could read everybody's runs
    shows_commands: bool = False
    shows_paths: bool = False
    shows_machines: bool = False
    takes_folders: bool = False  # each of its files would be an upload
    reads_beside_zips: bool = False  # other visitors' things lie there
    reads_uploads_in_turn: bool = True  # strangers share the machine's memory
    trains_behind_pages: bool = True  # somebody waits for a page, nobody for a step
    takes_pictures_home: bool = False  # the zip may be passed on

    def check_settings(self, experiment: Experiment, training_pictures: int, target_pictures: int = 0) -> None:
        from tl.jobs.memory import estimated_bytes  # for a process that only stores, more than it needs

        bounds = self.limits
        for backbone in {experiment.of(arm).backbone for arm in experiment.arms}:
            if timm_networks.known(backbone):
                raise Refused(f"{backbone} is not offered in this demo; it needs a TL Lab of your own.")
        samples = training_pictures if experiment.samples is None else experiment.samples
        _check("samples", samples, bounds.samples)
        largest = max(experiment.of(arm).resolution for arm in experiment.arms)
        _check("resolution", largest, bounds.resolution, "px")
        _check("epochs", max(experiment.epochs_of(arm) for arm in experiment.arms), bounds.epochs)
        learned = {
            arm: (target_pictures or samples) if STRATEGIES[arm.strategy].learns_from == TARGET else samples
            for arm in experiment.arms
        }
        most = max(run_operations(experiment, arm, pictures) for arm, pictures in learned.items()) / 1e12
        if most > bounds.run_operations:
            raise TooMuch(
                f"A run would take about {most:,.0f} trillion operations; this demo takes at most "
                f"{bounds.run_operations:,}: choose a lower resolution, fewer pictures or epochs, or a strategy that trains "
                "less of the network."
            )
        _check("devices", experiment.devices, self.devices)
        _check("arms x seeds", len(experiment.arms) * len(experiment.seeds), bounds.runs_together, "runs")
        if (need := estimated_bytes(experiment)) > bounds.run_megabytes * 10**6:
            raise TooMuch(
                f"A run would need about {need / 10**6:,.0f} MB of memory; this demo allows {bounds.run_megabytes:,} MB: "
                "choose a smaller network, resolution or batch size."
            )

    def check_disk(self, more_bytes: int = 0, everybodys_bytes: int = 0) -> None:  # what all visitors' runs will take
        home, most, least_free = self.home, self.limits.disk_megabytes, self.limits.free_megabytes
        if home.owner is None:
            return
        used = used_bytes(home.path)
        if used + more_bytes > most * 10**6:
            raise TooMuch(
                f"Your pictures and runs take {used / 10**6:,.0f} MB of the disk and this needs about "
                f"{more_bytes / 10**6:,.0f} MB more; this demo keeps at most {most:,} MB of a visitor: delete some runs on "
                "the Runs page, or a data set below its pictures, first."
            )
        free = shutil.disk_usage(next(folder for folder in (home.root, *home.root.parents) if folder.exists())).free
        taken = max(more_bytes, everybodys_bytes)
        if free - taken < least_free * 10**6:
            raise TooMuch(
                f"The disk of this demo has {free / 10**6:,.0f} MB left, this and what others have started may take "
                f"{taken / 10**6:,.0f} MB, and {least_free:,} MB must stay free: try again later."
            )

    def check_pictures(self, wanted: Training) -> None:
        if self.home.owner is not None:
            self.check_disk(missing_bytes(self.home, [wanted]))

    def check_kept(self, more: int) -> None:
        _check_runs("yours in all", len(read_runs(self.home)) + more, self.limits.runs_kept, DELETE_SOME)

    def admit(self, connection: sqlite3.Connection) -> None:
        home, bounds, now = self.home, self.limits, load(self.home, connection)
        _check_runs("yours that train or wait", len(now.training), bounds.runs_active, "wait or stop some")
        _check_runs("all visitors that train or wait", len(now.everybody), bounds.runs_everybody, "try again later")
        _check_runs("yours in all", now.kept, bounds.runs_kept, DELETE_SOME)
        if home.owner is not None:
            own, pictures = run_bytes(each.backbone for each in now.training), missing_bytes(home, now.training)
            own += answers_bytes(home, now.training)
            self.check_disk(own + pictures, run_bytes(now.everybody) + pictures)

    def without_places(self, text: str) -> str:
        return redaction.without_places(text)

    def remove_expired(self) -> None:
        from tl.hosted import expiry  # processes: what only the supervisor and the server need

        expiry.remove_expired(self.home)

    def begin_page(self) -> None:
        from tl.hosted import whose_page  # Streamlit, as below

        whose_page.settle()

    def owner(self) -> str | None:
        from tl.hosted import whose_page

        return whose_page.home().owner

    def tell(self) -> None:
        from tl.hosted import notices

        notices.tell(self.home)


def _check(name: str, value: int, most: int, unit: str = "") -> None:
    if value > most:
        raise TooMuch(f"{name} is {value:,}; this demo takes at most {most:,} {unit}".rstrip() + ".")


def _check_runs(whose: str, number: int, most: int, advice: str) -> None:
    if number > most:
        raise TooMuch(f"With this there would be {number:,} runs of {whose}; this demo allows {most:,}: {advice}.")


def demo(home: Home) -> Demo:
    """That of a home. Raises Refused where the environment sets what can be no limit, or TL_HOSTED says neither yes nor
    no."""
    hosted()  # refuses a value that it can't have
    bounds = limits()
    return Demo(home=home, limits=bounds, **{name: getattr(bounds, name) for name in SHARED})
