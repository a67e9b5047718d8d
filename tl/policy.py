"""What whoever uses a home may do: on one's own computer everything, without limit. Every home carries its policy (see
tl.store.home); that of a demo for strangers is tl.hosted's.

Code that trains or draws asks it for a number, for whether something is offered, or to refuse what is too much; who
uses the home, it doesn't ask.
"""

import sqlite3
from dataclasses import dataclass

from tl.config import Experiment, Refused, Training

HOSTED = "TL_HOSTED"  # the variable of the environment that says whether strangers use this TL Lab


class QuotaExceeded(Refused):
    """More than whoever uses the home may have of something; less of it would do."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """At most so much, None: no limit; what is offered; what refuses, in one sentence. MB are 10^6 bytes."""

    upload_megabytes: int | None = None  # of one upload
    upload_minutes: int | None = None  # in which the pictures of one upload must be read
    pictures: int | None = None  # files of one uploaded data set
    classes: int | None = None  # of one uploaded data set
    samples: int | None = None  # training pictures of a run
    resolution: int | None = None  # px a side of the pictures a network sees
    epochs: int | None = None  # of a run
    devices: int | None = None  # that a run may compute on
    runs_together: int | None = None  # of one comparison: arms x seeds
    runs_active: int | None = None  # that train or wait
    run_minutes: int | None = None  # of training, in all attempts of a run
    disk_megabytes: int | None = None  # that the home may take of the disk
    free_megabytes: int = 0  # that must stay free on the disk
    page_bytes: float = 0.0  # of memory that training leaves to pages, and to what decodes pictures for them
    refresh_seconds: float = 0.0  # between two refreshes of a page, at least

    offers_timm: bool = True  # timm's networks beside those of the table
    opens_tensorboard: bool = True  # for all runs, to whoever reaches this machine
    shows_commands: bool = True  # for a terminal: who sees the page has one of this machine
    shows_paths: bool = True  # of this machine
    shows_machines: bool = True  # where runs are carried out, and whose runs they are
    takes_folders: bool = True  # as an upload, file by file
    reads_beside_zips: bool = True  # a table in the folder that the zip lies in
    reads_uploads_in_turn: bool = False  # one at a time
    trains_behind_pages: bool = False  # a page that somebody waits for comes before a trainer
    takes_pictures_home: bool = True  # some of the test pictures into the zip of a model, unless told otherwise

    def at_most(self, name: str, usual: int) -> int:
        """The smaller of `usual` and the limit of this name, where there is one."""
        limit: int | None = getattr(self, name)
        return usual if limit is None else min(usual, limit)

    def check_settings(self, experiment: Experiment, training_pictures: int, target_pictures: int = 0) -> None:
        """Refuse an experiment that takes too much time or memory; `training_pictures` of the whole data set, and of the
        target where there is one (0: as many as of that)."""

    def check_disk(self, more_bytes: int = 0) -> None:
        """Refuse where the home with `more_bytes` besides takes too much of the disk."""

    def check_pictures(self, wanted: Training) -> None:
        """Refuse where the disk can't take the pictures of `wanted` at its resolution, as far as they are not there."""

    def check_kept(self, more: int) -> None:
        """Refuse `more` runs where these would be too many; asked before they are read, `admit` asks for good."""

    def admit(self, connection: sqlite3.Connection) -> None:
        """Refuse runs that were just put into the queue where there are too many now, or the disk can't take them."""

    def remove_expired(self) -> None:
        """Remove homes under the same root whose time is over."""

    def without_places(self, text: str) -> str:
        """`text` with nothing in it of where things lie, where that is nobody's business."""
        return text

    def begin_page(self) -> None:
        """Before anything of a page is drawn: end it here where it may not be shown."""

    def owner(self) -> str | None:
        """Whose home this page shows, see Home.of; None: the root itself. Ends the page where that isn't known."""
        return None

    def tell(self) -> None:
        """Say on the page what may be used, and what of theirs was removed."""


UNLIMITED = Policy()
