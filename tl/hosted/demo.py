"""What strangers may do with a hosted TL Lab: the policy of every home where TL_HOSTED is 1 (see tl.policy)."""

import sqlite3
from dataclasses import dataclass, fields

from tl.config import Experiment, Training
from tl.hosted import quota, redaction
from tl.hosted.limits import Limits, hosted, limits
from tl.policy import Policy
from tl.store.home import Home

SHARED = {entry.name for entry in fields(Policy)} & {entry.name for entry in fields(Limits)}


@dataclass(frozen=True, kw_only=True)
class Demo(Policy):
    """That of `home`, a visitor's workspace or the root. Its limits are tl.hosted.limits, its methods as in Policy."""

    home: Home
    page_bytes: float = 300e6  # what the page takes while visitors use it, and what decodes their pictures
    refresh_seconds: float = 5.0  # each is computing, and many watch at once

    offers_timm: bool = False  # any visitor could have gigabytes downloaded
    opens_tensorboard: bool = False  # whoever reaches this machine could read everybody's runs
    shows_commands: bool = False
    shows_paths: bool = False
    takes_folders: bool = False  # each of its files would be an upload
    reads_beside_zips: bool = False  # other visitors' things lie there
    reads_uploads_in_turn: bool = True  # strangers share the machine's memory
    trains_behind_pages: bool = True  # somebody waits for a page, nobody for a step
    takes_pictures_home: bool = False  # the zip may be passed on

    def check_settings(self, experiment: Experiment, training_pictures: int, target_pictures: int = 0) -> None:
        quota.check_settings(experiment, training_pictures, target_pictures)

    def check_disk(self, more_bytes: int = 0, everybodys_bytes: int = 0) -> None:
        quota.check_disk(self.home, more_bytes, everybodys_bytes)

    def check_pictures(self, wanted: Training) -> None:
        quota.check_pictures(self.home, wanted)

    def check_kept(self, more: int) -> None:
        quota.check_kept(self.home, more)

    def admit(self, connection: sqlite3.Connection) -> None:
        quota.admit(self.home, connection)

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


def demo(home: Home) -> Demo:
    """That of a home. Raises Refused where the environment sets what can be no limit, or TL_HOSTED says neither yes nor
    no."""
    hosted()  # refuses what it can't be
    hosted()  # refuses a value that it can't have
    bounds = limits()
    return Demo(home=home, **{name: getattr(bounds, name) for name in SHARED})
