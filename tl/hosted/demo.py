"""What strangers may do with a hosted TL Lab: the policy of every home where TL_HOSTED is 1 (see tl.policy).

Refusals are one sentence, where things happen: of runs in the transaction that queues them, so that two tabs can't get
past together.
"""

import shutil
import sqlite3
from dataclasses import dataclass, fields

from tl import timm_networks
from tl.config import Experiment, Training, refusal
from tl.hosted import redaction
from tl.hosted.limits import DemoLimits, hosted, limits
from tl.hosted.quota import answers_bytes, missing_bytes, run_bytes
from tl.languages import later, say
from tl.operations import run_operations
from tl.policy import Policy, QuotaExceeded
from tl.store.files import used_bytes
from tl.store.home import Home
from tl.store.queue.database import read_runs
from tl.store.queue.everybody import load
from tl.strategies import STRATEGIES, TARGET

SHARED = {entry.name for entry in fields(Policy)} & {entry.name for entry in fields(DemoLimits)}
KEPT = later(
    "With this, you would have {number:,} runs in all; this demo allows {most:,}: delete some on the Runs page."
)
ACTIVE = later(
    "With this, you would have {number:,} runs training or waiting; this demo allows {most:,}: wait or stop some."
)
EVERYBODY = later(
    "With this, all visitors together would have {number:,} runs training or waiting; this demo allows {most:,}: try "
    "again later."
)


@dataclass(frozen=True, kw_only=True)
class Demo(Policy):
    """That of `home`, a visitor's workspace or the root; its methods are described in Policy."""

    home: Home
    limits: DemoLimits
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
                raise refusal("{network} is not offered in this demo; it needs a TL Lab of your own.", network=backbone)
        samples = training_pictures if experiment.samples is None else experiment.samples
        _check(later("This demo takes at most {most:,} training pictures, not {value:,}."), samples, bounds.samples)
        largest = max(experiment.of(arm).resolution for arm in experiment.arms)
        _check(
            later("This demo takes at most {most:,} px, not {value:,}; choose a lower resolution."),
            largest,
            bounds.resolution,
        )
        longest = max(experiment.epochs_of(arm) for arm in experiment.arms)
        _check(later("This demo takes at most {most:,} epochs, not {value:,}."), longest, bounds.epochs)
        learned = {
            arm: (target_pictures or samples) if STRATEGIES[arm.strategy].learns_from == TARGET else samples
            for arm in experiment.arms
        }
        most = max(run_operations(experiment, arm, pictures) for arm, pictures in learned.items()) / 1e12
        text = later(
            "A run would take about {number:,.0f} trillion operations; this demo takes at most {most:,}: choose a "
            "lower resolution, fewer pictures or epochs, or a strategy that trains less of the network."
        )
        _check_number(text, most, bounds.run_operations)
        _check(
            later("This demo limits the number of devices to {most:,}; {value:,} are too many."),
            experiment.devices,
            self.devices,
        )
        together = len(experiment.arms) * len(experiment.seeds)
        _check(
            later("This demo takes at most {most:,} runs (arms x seeds), not {value:,}."),
            together,
            bounds.runs_together,
        )
        if (need := estimated_bytes(experiment)) > bounds.run_megabytes * 10**6:
            raise QuotaExceeded(
                say(
                    "A run would need about {need:,.0f} MB of memory; this demo allows {most:,} MB: choose a smaller "
                    "network, resolution or batch size.",
                    need=need / 10**6,
                    most=bounds.run_megabytes,
                )
            )

    def check_disk(self, more_bytes: int = 0, everybodys_bytes: int = 0) -> None:  # what all visitors' runs will take
        home, most, least_free = self.home, self.limits.disk_megabytes, self.limits.free_megabytes
        if home.owner is None:
            return
        used = used_bytes(home.path)
        if used + more_bytes > most * 10**6:
            raise QuotaExceeded(
                say(
                    "Your pictures and runs take {used:,.0f} MB of the disk and this needs about {more:,.0f} MB more; "
                    "this demo keeps at most {most:,} MB per visitor: first delete some runs on the Runs page, or a "
                    "data set below its pictures.",
                    used=used / 10**6,
                    more=more_bytes / 10**6,
                    most=most,
                )
            )
        free = shutil.disk_usage(next(folder for folder in (home.root, *home.root.parents) if folder.exists())).free
        taken = max(more_bytes, everybodys_bytes)
        if free - taken < least_free * 10**6:
            raise QuotaExceeded(
                say(
                    "The disk of this demo has {free:,.0f} MB left, this and what others have started may take "
                    "{taken:,.0f} MB, and {least:,} MB must stay free: try again later.",
                    free=free / 10**6,
                    taken=taken / 10**6,
                    least=least_free,
                )
            )

    def check_pictures(self, wanted: Training) -> None:
        if self.home.owner is not None:
            self.check_disk(missing_bytes(self.home, [wanted]))

    def check_kept(self, more: int) -> None:
        _check_number(KEPT, len(read_runs(self.home)) + more, self.limits.runs_kept)

    def admit(self, connection: sqlite3.Connection) -> None:
        home, bounds, now = self.home, self.limits, load(self.home, connection)
        _check_number(ACTIVE, len(now.training), bounds.runs_active)
        _check_number(EVERYBODY, len(now.everybody), bounds.runs_everybody)
        _check_number(KEPT, now.kept, bounds.runs_kept)
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
        from tl.hosted import page_owner  # Streamlit, as below

        page_owner.enforce_safe_settings()

    def owner(self) -> str | None:
        from tl.hosted import page_owner

        return page_owner.home().owner

    def tell(self) -> None:
        from tl.hosted import notices

        notices.show_notices(self.home)


def _check(text: str, value: int, most: int) -> None:
    if value > most:
        raise QuotaExceeded(say(text, value=value, most=most))


def _check_number(text: str, number: float, most: int) -> None:
    if number > most:
        raise QuotaExceeded(say(text, number=number, most=most))


def demo(home: Home) -> Demo:
    """That of a home. Raises Refused where the environment sets what can be no limit, or TL_HOSTED says neither yes nor
    no."""
    hosted()  # refuses a value that it can't have
    bounds = limits()
    return Demo(home=home, limits=bounds, **{name: getattr(bounds, name) for name in SHARED})
